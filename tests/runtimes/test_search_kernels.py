"""The kernels of a captured search: the loop's arithmetic, by a C compiler here, and accepted by NVIDIA's."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.errors import CompilerError, MissingDependency
from f2p_deploy.runtimes import search_kernels
from f2p_deploy.runtimes.loop import _carried, _step
from f2p_deploy.runtimes.reach import Reach
from f2p_deploy.runtimes.search_kernels import compile_kernels, source

N_C, N, BATCH = 5, 9, 3
SHAPE = (BATCH, N)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    folder = tmp_path_factory.mktemp("kernels")
    (folder / "kernels.c").write_text(source())
    library = folder / "kernels.so"
    line = [compiler, "-O2", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*line, str(folder / "kernels.c")], check=True)
    return ctypes.CDLL(str(library))


def numbers(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 0.6, SHAPE).astype(np.float32)


def address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("reach", [Reach(), Reach(2.0, 0.5), Reach(0.5, 3.0)])
@pytest.mark.parametrize("locks", [False, True])
def test_a_step_is_that_of_the_loop(kernels: ctypes.CDLL, momentum: float, reach: Reach, locks: bool) -> None:
    reached, before, start = (np.clip(numbers(seed), 0, 1) for seed in (1, 2, 3))
    moved, locked = numbers(4), np.zeros(N, bool)
    locked[[0, 6]] = locks

    class Fake:
        schema = Schema(
            "s", tuple(Controller(f"c{i}", "c") for i in range(N_C)), (DiscreteGroup("g", ("a", "b", "c", "d")),)
        )

    given_to_graph: list[np.ndarray] = []

    def run(runtime: object, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given_to_graph.append(inputs["state"])
        return {"next_state": moved, "loss": np.zeros(BATCH, np.float32)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("f2p_deploy.runtimes.loop._run", run)
        state = _carried(reached, before, N_C, momentum)
        after, _ = _step(Fake, state, {}, 1.0, reach)  # type: ignore[arg-type]
    expected = np.where(locked, start, after)

    held, last = reached.copy(), before.copy()
    found_state, given = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.float32)
    sizes = (N_C, N, BATCH * N)
    kernels.carry(
        *map(address, (held, last, found_state, given)), ctypes.c_float(momentum), ctypes.c_float(reach.beta), *sizes
    )
    np.testing.assert_array_equal(found_state, state)
    np.testing.assert_array_equal(given, given_to_graph[0])
    mask = locked.astype(np.uint8)
    arrays = (moved, given, found_state, start, mask, held, last)
    factor, own = ctypes.c_float(reach.beta * reach.rate), int(reach == Reach())
    kernels.arrive(*map(address, arrays), factor, own, *sizes)
    np.testing.assert_array_equal(held, expected.astype(np.float32))
    np.testing.assert_array_equal(last, reached)


def nvrtc() -> None:
    pytest.importorskip("cuda.bindings.nvrtc")
    try:
        compile_kernels("8.9")
    except MissingDependency as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("compute_capability", ["7.5", "8.6", "8.9", "9.0", "12.0"])
def test_nvidias_compiler_takes_them(compute_capability: str) -> None:
    nvrtc()
    code = compile_kernels(compute_capability)
    assert code[:4] == b"\x7fELF" and b"carry" in code and b"arrive" in code


def test_what_it_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    nvrtc()
    monkeypatch.setattr(search_kernels, "source", lambda: "KERNEL nothing(")
    with pytest.raises(CompilerError, match="NVRTC refuses the search's kernels: .*error"):
        compile_kernels("8.9")


def test_the_source_is_part_of_the_package() -> None:
    assert (Path(search_kernels.__file__).parent / search_kernels.SOURCE).read_text() == source()
