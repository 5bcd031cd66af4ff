"""bench/README.md: written from the results that lie beside it, and up to date."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench"


@pytest.fixture(scope="module")
def page() -> ModuleType:
    if not (BENCH / "page.py").is_file():
        pytest.skip("bench/ is not part of this copy")
    spec = importlib.util.spec_from_file_location("bench_page", BENCH / "page.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_its_results_give(page: ModuleType) -> None:
    assert (BENCH / "README.md").read_text(encoding="utf-8") == page.page(), "run: python bench/page.py"


def test_every_script_is_named(page: ModuleType) -> None:
    named = {name for name, _, _ in page.SCRIPTS} | {"page.py", "gpu.py"}
    others = {f"golden/{path.name}" for path in [*BENCH.glob("golden/*.sh"), BENCH / "golden" / "held_out.py"]}
    parts = {"afternoon.py", "schemathesis_hooks.py"}  # of the scripts beside them
    others |= {f"serve/{path.name}" for path in BENCH.glob("serve/*.py") if path.name not in parts}
    assert named == {path.name for path in BENCH.glob("*.py")} | others
