"""Our translations in coremltools: masks choose between a number and a tensor, without storing a tensor of it."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch

ct = pytest.importorskip("coremltools")

from f2p_deploy.artifact.coreml_file import WEIGHTS  # noqa: E402
from f2p_deploy.export.coreml.coreml_operators import taught  # noqa: E402
from f2p_deploy.runtimes.coreml.mil.program import Program  # noqa: E402
from f2p_deploy.system.quiet import quiet  # noqa: E402

SHAPE = (1, 8, 16, 16)


class Masked(torch.nn.Module):
    """As ReLU and max pooling on their way back: a number where the mask is set, or where it is not."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, y, 0.0) + torch.where(x <= 1, -2.5, y)


class Wider(torch.nn.Module):
    """A mask of a larger shape than what it chooses: coremltools' own `where` widens that."""

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, y[:, :1, :1, :1], 0.0) * torch.where(x > 1, 1.0, 3.0)


def converted(module: torch.nn.Module, path: Path, ours: bool) -> tuple[Program, int]:
    """Return a package of a module, and the bytes of its weights."""
    inputs = (torch.zeros(SHAPE), torch.zeros(SHAPE))
    with quiet("coremltools"), taught() if ours else nullcontext():
        model = ct.convert(
            torch.jit.trace(module.eval(), inputs),
            inputs=[ct.TensorType(name=name, shape=SHAPE, dtype=np.float32) for name in "xy"],
            outputs=[ct.TensorType(name="z", dtype=np.float32)],
            minimum_deployment_target=ct.target.iOS17,
            compute_precision=ct.precision.FLOAT16,
            skip_model_load=True,
        )
        model.save(str(path))
    return Program(path), sum(file.stat().st_size for file in (path / WEIGHTS).glob("*"))


@pytest.mark.parametrize("module", [Masked(), Wider()], ids=["of the mask's shape", "of a smaller shape"])
def test_the_same_bits_as_by_coremltools_own_translation(module: torch.nn.Module, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    given = {name: random.normal(size=SHAPE).astype(np.float32) for name in "xy"}
    (theirs, _), (ours, _) = (converted(module, tmp_path / f"{own}.mlpackage", own) for own in (False, True))
    found = ours.compute(given)["z"]
    np.testing.assert_array_equal(found, theirs.compute(given)["z"])
    assert found.shape == SHAPE
    right = module(*(torch.from_numpy(given[name].astype(np.float16).astype(np.float32)) for name in "xy"))
    np.testing.assert_allclose(found, right.numpy(), atol=1e-2)


def test_a_number_is_not_stored_as_a_tensor(tmp_path: Path) -> None:
    _, theirs = converted(Masked(), tmp_path / "theirs.mlpackage", False)
    _, ours = converted(Masked(), tmp_path / "ours.mlpackage", True)
    assert ours + 2 * 2 * np.prod(SHAPE) <= theirs


def test_coremltools_has_its_own_translations_again_afterwards() -> None:
    from coremltools.converters.mil.frontend.torch.torch_op_registry import _TORCH_OPS_REGISTRY

    table = _TORCH_OPS_REGISTRY.name_to_func_mapping
    before = dict(table)
    with pytest.raises(KeyError), taught():
        assert table["where"] is not before["where"]
        raise KeyError
    assert dict(table) == before
