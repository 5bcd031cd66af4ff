"""The choice of the flavor of TensorRT that builds here, and of the cards that it builds for."""

import re
import tomllib
from pathlib import Path

import pytest

from f2p_deploy.export.tensorrt import tensorrt_flavors
from f2p_deploy.export.tensorrt.tensorrt_flavors import FLAVORS, Builder, choose_flavor, compute_capabilities
from f2p_deploy.system.cuda_devices import CudaDevice
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import EXTRAS, install_line

ROOT = Path(__file__).resolve().parents[3]
TENSORRT, RTX = FLAVORS["tensorrt"], FLAVORS["rtx"]
BUILDER = Builder("1.7.1.116", ("7.5", "8.0", "8.6", "8.9", "12.0", "12.1"))
CARD = CudaDevice("NVIDIA GeForce RTX 3090", "8.6")


class Machine:
    """Simulated modules and cards, which the choice of the flavor looks up."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.versions: dict[str, str] = {}
        self.cards: tuple[CudaDevice, ...] = ()
        monkeypatch.setattr(tensorrt_flavors, "find_spec", lambda module: module in self.versions or None)
        monkeypatch.setattr(tensorrt_flavors, "installed_version", lambda flavor: self.versions[flavor.module])
        monkeypatch.setattr(tensorrt_flavors, "cuda_devices", lambda: self.cards)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_extras_bring_the_modules_in_versions_that_will_do() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for flavor in FLAVORS.values():
        assert flavor.module in EXTRAS[flavor.extra]
        assert f"{flavor.distribution}>={flavor.oldest}" in declared[flavor.extra]


def test_tensorrt_with_its_card_comes_first(machine: Machine) -> None:
    machine.versions = {"tensorrt": "11.4.0", "tensorrt_rtx": "1.7.1"}
    assert choose_flavor() is RTX
    machine.cards = (CARD,)
    assert choose_flavor() is TENSORRT
    assert choose_flavor("rtx") is RTX


def test_nothing_installed_says_both_lines(machine: Machine) -> None:
    with pytest.raises(MissingDependency) as caught:
        choose_flavor()
    assert install_line("rtx") in str(caught.value) and install_line("trt") in str(caught.value)


def test_a_flavor_asked_for_is_never_replaced(machine: Machine) -> None:
    machine.versions = {"tensorrt_rtx": "1.7.1"}
    with pytest.raises(MissingDependency, match=re.escape(f"TensorRT is not installed ({install_line('trt')})")):
        choose_flavor("tensorrt")
    machine.versions["tensorrt"] = "11.4.0"
    with pytest.raises(MissingDependency, match="builds only on the NVIDIA card .* there is none here"):
        choose_flavor("tensorrt")


def test_a_version_too_old(machine: Machine) -> None:
    machine.versions, machine.cards = {"tensorrt": "8.6.1"}, (CARD,)
    with pytest.raises(MissingDependency, match=r"TensorRT 8.6.1 is too old, 10.0 is needed"):
        choose_flavor("tensorrt")
    machine.versions = {"tensorrt": "10.3.0"}  # "10" comes before "8" for whoever compares letters
    assert choose_flavor("tensorrt") is TENSORRT


def test_an_unknown_flavor() -> None:
    with pytest.raises(InputError, match="no flavor of TensorRT named 'tensort'. Did you mean 'tensorrt'?"):
        choose_flavor("tensort")


def test_the_cards_of_rtx() -> None:
    assert compute_capabilities(RTX, BUILDER, ()) == ("8.0", "8.6", "8.9", "12.0", "12.1")
    assert compute_capabilities(RTX, BUILDER, ("8.9",)) == ("8.9",)
    assert compute_capabilities(RTX, BUILDER, ("7.5",)) == ("7.5",)


@pytest.mark.parametrize("wrong", ["9.0", "8", "89", "sm_89", "RTX 4090", "", "8.9 "])
def test_a_card_that_the_builder_does_not_know(wrong: str) -> None:
    with pytest.raises(InputError) as caught:
        compute_capabilities(RTX, BUILDER, ("8.6", wrong))
    assert f"no compute capability {wrong!r}: TensorRT for RTX 1.7.1.116 builds for 7.5, 8.0, " in str(caught.value)


def test_turing_needs_a_separate_engine() -> None:
    with pytest.raises(InputError, match=r"7.5 \(Turing\) runs on no other card, but 8.9 was also asked for: export"):
        compute_capabilities(RTX, BUILDER, ("8.9", "7.5"))


def test_tensorrt_builds_for_the_card_that_is_here(machine: Machine) -> None:
    machine.cards = (CARD,)
    assert compute_capabilities(TENSORRT, BUILDER, ()) == ("8.6",)
    with pytest.raises(InputError, match="builds for the card in this machine .NVIDIA GeForce RTX 3090, .* rtx"):
        compute_capabilities(TENSORRT, BUILDER, ("8.9",))
