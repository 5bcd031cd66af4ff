"""The interpreter of saved packages: results rounded as declared, inputs checked, and damaged packages refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("coremltools")

from f2p_deploy.artifact.coreml_file import MODEL, WEIGHTS  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.system.quiet import quiet  # noqa: E402

KERNEL = np.random.default_rng(0).normal(size=(4, 3, 3, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution in half precision, then a square in float32."""
    with quiet("coremltools"):
        import coremltools
        from coremltools.converters.mil import Builder

        image = Builder.TensorSpec(shape=(1, 3, 8, 8))

        @Builder.program(input_specs=[image], opset_version=coremltools.target.iOS17)
        def chain(x):  # noqa: ANN001, ANN202
            product = Builder.conv(x=x, weight=KERNEL, pad_type="valid", name="product")
            return Builder.mul(x=product, y=product, name="square")

        model = coremltools.convert(
            chain,
            minimum_deployment_target=coremltools.target.iOS17,
            compute_precision=coremltools.transform.FP16ComputePrecision(lambda operation: operation.name != "square"),
            skip_model_load=True,
        )
        path = tmp_path_factory.mktemp("package") / "chain.mlpackage"
        model.save(str(path))
    return path


def test_every_result_is_rounded_as_declared(package: Path) -> None:
    program = Program(package)
    assert program.inputs == ("x",) and program.outputs == ("square",)
    assert program.operators()["conv"] == program.operators()["mul"] == 1
    x = np.random.default_rng(1).normal(size=(1, 3, 8, 8)).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(x[0].astype("e").astype("f"), (3, 3), axis=(1, 2))
    product = np.einsum("cijhw,ochw->oij", windows, KERNEL.astype("e").astype("f"))
    found = program.compute({"x": x})["square"][0]
    np.testing.assert_allclose(found, product**2, rtol=5e-3, atol=1e-4)
    root = np.sqrt(found)
    np.testing.assert_allclose(root, root.astype("e"), rtol=1e-6, err_msg="the convolution is in half precision")
    assert np.abs(found / found.astype("e") - 1).max() > 1e-4, "the square is not"


def test_inputs_are_checked(package: Path) -> None:
    program = Program(package, threads=1)
    with pytest.raises(InputError, match=r"chain.mlpackage takes x of the shape \(1, 3, 8, 8\), found nothing"):
        program.compute({})
    with pytest.raises(InputError, match=r"takes x of the shape \(1, 3, 8, 8\), found \(3, 8, 8\)"):
        program.compute({"x": np.zeros((3, 8, 8), np.float32)})


def test_a_function_that_it_does_not_have_is_ignored_if_it_has_only_one(package: Path) -> None:
    assert Program(package, function="render").outputs == ("square",)


def test_damaged_packages_are_refused(package: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a Core ML package: it has no Manifest.json"):
        Program(tmp_path)
    copy = shutil.copytree(package, tmp_path / "copy.mlpackage")
    shutil.rmtree(copy / WEIGHTS)
    with pytest.raises(InputError, match=r"copy\.mlpackage (cannot be read|is damaged)"):
        Program(copy)
    (copy / MODEL).write_bytes(b"\xff\xff\xff")
    with pytest.raises(InputError, match="copy.mlpackage is damaged: its model cannot be read"):
        Program(copy)


def test_an_unknown_operator_is_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from f2p_deploy.runtimes.coreml.mil.operators import OPERATORS

    monkeypatch.delitem(OPERATORS, "conv")
    with pytest.raises(InputError, match="uses conv, which the reference interpreter does not have"):
        Program(package)


def test_a_model_of_another_kind_is_refused(package: Path, tmp_path: Path) -> None:
    from coremltools.proto import Model_pb2

    copy = shutil.copytree(package, tmp_path / "copy.mlpackage")
    other = Model_pb2.Model(specificationVersion=7)
    other.neuralNetwork.SetInParent()
    (copy / MODEL).write_bytes(other.SerializeToString())
    with pytest.raises(InputError, match="holds a neuralNetwork, not an ML Program"):
        Program(copy)
