"""Several graphs in one Core ML package: the same answers, weights once, the same bytes, and no other function."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")

from f2p_deploy.artifact.artifact import Artifact  # noqa: E402
from f2p_deploy.artifact.coreml_file import contents_of, package_precision  # noqa: E402
from f2p_deploy.export.coreml.coreml_functions import join  # noqa: E402
from f2p_deploy.runtimes.coreml.coreml_runtime import swift_name  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

GRAPHS = ("one_shot", "describe", "step")


@pytest.fixture(scope="module")
def joined(coreml_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(coreml_folder, tmp_path_factory.mktemp("joined"))


def make(source: Path, folder: Path) -> Path:
    packages = {name: shutil.copytree(source / f"{name}.mlpackage", folder / f"{name}.mlpackage") for name in GRAPHS}
    join(packages, folder / "graphs.mlpackage")
    assert [path.name for path in folder.iterdir()] == ["graphs.mlpackage"]
    return folder / "graphs.mlpackage"


def size(*packages: Path) -> int:
    return sum(path.stat().st_size for package in packages for path in package.rglob("*") if path.is_file())


def test_each_function_computes_what_its_package_did(joined: Path, coreml_folder: Path) -> None:
    golden = Artifact(coreml_folder, None).golden()  # type: ignore[arg-type]
    pixels = np.rint(golden["describe.face"][:1] * 255).astype(np.float32)
    step = {"currentState": "state", "before": "before", "identity": "identity", "content": "content"}
    inputs = {name: {"face": pixels} for name in ("one_shot", "describe")}
    inputs["step"] = {ours: golden[f"step.{theirs}"][:1] for ours, theirs in step.items()}
    for name in ("locked", "learning_rate", "momentum", "beta", "discrete_rate"):
        inputs["step"][swift_name(name)] = golden[f"step.{name}"]
    for name, given in inputs.items():
        alone = Program(coreml_folder / f"{name}.mlpackage").compute(given)
        together = Program(joined, function=name).compute(given)
        assert set(alone) == set(together)
        for tensor, value in alone.items():
            np.testing.assert_array_equal(together[tensor], value)


def test_weights_that_are_the_same_are_stored_once(joined: Path, coreml_folder: Path) -> None:
    apart = size(*(coreml_folder / f"{name}.mlpackage" for name in GRAPHS))
    assert size(joined) < 0.8 * apart


def test_the_same_packages_give_the_same_bytes(joined: Path, coreml_folder: Path, tmp_path: Path) -> None:
    again = make(coreml_folder, tmp_path)
    names = sorted(path.relative_to(joined) for path in joined.rglob("*") if path.is_file())
    assert names == sorted(path.relative_to(again) for path in again.rglob("*") if path.is_file())
    assert all((joined / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_metadata_of_the_packages_is_kept(joined: Path) -> None:
    import coremltools

    spec = coremltools.models.utils.load_spec(str(joined))
    about = spec.description.metadata
    assert about.author == "f2p-deploy" and about.shortDescription.startswith("one_shot: face to parameters; describe")
    assert about.userDefined["parameters"].startswith("[")
    (described,) = [one for one in spec.description.functions if one.name == "step"]
    assert described.input[0].shortDescription.endswith("is each discrete group's")
    assert spec.description.functions[0].input[0].type.HasField("imageType")
    assert spec.description.defaultFunctionName == "one_shot" and spec.specificationVersion == 9


def test_functions_are_found_by_their_name(joined: Path, coreml_folder: Path) -> None:
    with pytest.raises(InputError, match="has the functions describe, one_shot, step, but none named 'render'"):
        Program(joined, function="render")
    assert package_precision(joined, "step")[0] == "fp16"
    assert contents_of(joined, "step")["operators"]["conv_transpose"] > 0
    assert "conv_transpose" not in contents_of(joined, "one_shot")["operators"]
    one = coreml_folder / "one_shot.mlpackage"
    assert contents_of(one, "one_shot")["operators"] == contents_of(joined, "one_shot")["operators"]
