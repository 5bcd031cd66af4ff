"""A shortcut belongs to the networks and settings that it was trained for, and is refused beside others."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import copy_bundle, store_network  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.shortcut_owner import (  # noqa: E402
    described_by,
    outdated_networks,
    require_own_shortcut,
    why_other_shortcut,
)
from f2p_deploy.model.trained_on import KEY, bases_of  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def test_it_is_taken_beside_its_own_networks(fast_bundle) -> None:
    require_own_shortcut(fast_bundle)
    assert why_other_shortcut(fast_bundle) == ""


@pytest.mark.parametrize("name", ["imitator", "recognition", "segmentation"])
def test_another_network_that_describes_makes_it_another_s(fast_bundle, tmp_path, name: str) -> None:
    copied = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    torch.manual_seed(9)
    changed = store_network(copied, name, build_network(name, copied.schema, copied.settings), {})
    with pytest.raises(InputError, match="was trained for other networks .*train shortcut --bundle .* makes it anew"):
        require_own_shortcut(changed)


def test_the_translator_has_no_say(fast_bundle, tmp_path) -> None:
    copied = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    network = build_network("translator", copied.schema, copied.settings)
    assert not why_other_shortcut(store_network(copied, "translator", network, {}))


def test_the_network_that_changed_is_named_where_it_was_noted(fast_bundle, tmp_path) -> None:
    bundle = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    facts = {"described_by": described_by(bundle), KEY: bases_of(bundle, "shortcut")}
    bundle = store_network(bundle, "shortcut", bundle.shortcut, facts)
    assert outdated_networks(bundle) == {}
    fresh = build_network("imitator", bundle.schema, bundle.settings)
    assert "was trained for another imitator: f2p" in outdated_networks(store_network(bundle, "imitator", fresh, {}))[
        "shortcut"
    ]
    similarity = replace(bundle.settings.similarity, features="logits")
    changed = replace(bundle, settings=replace(bundle.settings, similarity=similarity))
    assert "for other settings of the similarity" in why_other_shortcut(changed)


def test_settings_of_the_description_count(fast_bundle) -> None:
    similarity = replace(fast_bundle.settings.similarity, features="logits")
    changed = replace(fast_bundle, settings=replace(fast_bundle.settings, similarity=similarity))
    assert described_by(changed) != described_by(fast_bundle)


def test_a_shortcut_by_class_is_another_one_whatever_the_weights_of_classes(fast_bundle) -> None:
    def described(**changes: object) -> str:
        similarity = replace(fast_bundle.settings.similarity, **changes)
        return described_by(replace(fast_bundle, settings=replace(fast_bundle.settings, similarity=similarity)))

    assert described(weighting="face") == described_by(fast_bundle)
    by_class = described(weighting="class")
    assert by_class != described_by(fast_bundle)
    assert described(weighting="class", class_weights=(1.0,) * 11) == by_class
