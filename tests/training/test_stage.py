"""The base of a stage: its device is that of its networks, and half precision is used where it is faster."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.training.stage import Stage, half_precision  # noqa: E402


def test_the_device_is_that_of_the_networks() -> None:
    stage = Stage()
    stage.modules = {"bare": torch.nn.Identity(), "line": torch.nn.Linear(2, 1)}
    assert stage.device == torch.device("cpu") and stage.frozen == {}
    stage.modules["line"].to("meta")
    assert stage.device == torch.device("meta")


def test_half_precision_is_used_where_the_processor_computes_it() -> None:
    line, x = torch.nn.Linear(2, 1), torch.ones(3, 2)
    with half_precision(torch.device("cpu")):
        found = line(x)
    able = bool(getattr(torch.cpu, "_is_avx512_bf16_supported", bool)())
    assert found.dtype == (torch.bfloat16 if able else torch.float32)
