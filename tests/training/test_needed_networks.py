"""What a stage learns through is there before anything is drawn, or made before it in the same command."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")

from f2p_deploy.model.import_mark import import_mark  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.needed_networks import networks_needed, require_networks  # noqa: E402
from f2p_deploy.training.presets import LITE, PRESETS, SMALL, Preset  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

NEW = Path("new")


@pytest.mark.parametrize("preset", PRESETS.values(), ids=list(PRESETS))
def test_all_stages_in_order_lack_nothing(preset: Preset) -> None:
    for position, stage in enumerate(preset.stages):
        require_networks(stage, NEW, None, preset, before=preset.stages[:position])


def test_a_new_bundle_lacks_what_was_not_trained() -> None:
    for stage in ("recognition", "segmentation", "imitator"):
        assert networks_needed(stage, "imitator") == ()
    with pytest.raises(InputError, match="the bundle new has no imitator yet: f2p-deploy train imitator --bundle new"):
        require_networks("translator", NEW, None, SMALL)
    with pytest.raises(InputError, match="no recognition yet: .* --front PAIRS --varied VARIED_PAIRS makes it"):
        require_networks("translator", NEW, None, SMALL, before=("imitator",))
    with pytest.raises(InputError, match="train recognition --bundle new --front PAIRS makes it"):  # from the package
        require_networks("surrogate", NEW, None, LITE)
    with pytest.raises(InputError, match="has no surrogate yet"):
        require_networks("translator", NEW, None, LITE, before=("recognition", "segmentation"))


def test_a_start_is_not_enough(small_bundle: "Bundle") -> None:
    require_networks("translator", small_bundle.path, small_bundle, SMALL)
    marked = {**small_bundle.provenance, "segmentation": {"imported": {"file": "resnet.pth", "start": True}}}
    start = replace(small_bundle, provenance=marked)
    assert import_mark(start.provenance, "segmentation").get("start")
    with pytest.raises(InputError, match="the segmentation of .* is only a start: f2p-deploy train segmentation"):
        require_networks("translator", small_bundle.path, start, SMALL)
