"""Core ML packages as files: dates and random names are removed, and the precision of weights is read back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")

from f2p_deploy.artifact.coreml_file import MODEL, make_reproducible, package_precision  # noqa: E402
from f2p_deploy.system.quiet import quiet  # noqa: E402


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two convolutions, of which the second one stays float32."""
    with quiet("coremltools"):
        import coremltools
        from coremltools.converters.mil import Builder

        rng = np.random.default_rng(0)
        kernels = [rng.normal(size=(16, 16, 3, 3)).astype(np.float32) for _ in range(2)]

        @Builder.program(
            input_specs=[Builder.TensorSpec(shape=(1, 16, 8, 8))], opset_version=coremltools.target.iOS17
        )
        def chain(x):  # noqa: ANN001, ANN202
            made = Builder.conv(x=x, weight=kernels[0], pad_type="same", name="first")
            return Builder.conv(x=made, weight=kernels[1][:4], pad_type="same", name="second")

        model = coremltools.convert(
            chain,
            minimum_deployment_target=coremltools.target.iOS17,
            compute_precision=coremltools.transform.FP16ComputePrecision(lambda operation: operation.name != "second"),
            skip_model_load=True,
        )
        path = tmp_path_factory.mktemp("package") / "chain.mlpackage"
        model.save(str(path))
    return path


def test_the_precision_is_that_of_most_weights(package: Path) -> None:
    found, others = package_precision(package)
    assert found == "fp16" and len(others) == 1 and "second" in others[0]


def test_names_drawn_at_random_and_dates_go(package: Path, tmp_path: Path) -> None:
    from coremltools.proto import Model_pb2

    contents = []
    for name in ("one", "two"):
        copy = tmp_path / f"{name}.mlpackage"
        shutil.copytree(package, copy)
        manifest = json.loads((copy / "Manifest.json").read_text())
        for number, key in enumerate(list(manifest["itemInfoEntries"])):
            item = manifest["itemInfoEntries"].pop(key)
            manifest["itemInfoEntries"][f"{name}-{number}"] = item
            if key == manifest["rootModelIdentifier"]:
                manifest["rootModelIdentifier"] = f"{name}-{number}"
        (copy / "Manifest.json").write_text(json.dumps(manifest))
        spec = Model_pb2.Model()
        spec.ParseFromString((copy / MODEL).read_bytes())
        spec.description.metadata.userDefined["com.github.apple.coremltools.conversion_date"] = name
        (copy / MODEL).write_bytes(spec.SerializeToString())
        make_reproducible(copy)
        contents.append([(copy / file).read_bytes() for file in ("Manifest.json", MODEL)])
    assert contents[0] == contents[1]
    found = json.loads(contents[0][0])
    assert found["itemInfoEntries"][found["rootModelIdentifier"]]["name"] == "model.mlmodel"
    assert package_precision(tmp_path / "one.mlpackage")[0] == "fp16", "it can still be read"
