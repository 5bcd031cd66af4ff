"""A network that learned from others is out of date once one of them changes."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle, copy_bundle, store_network  # noqa: E402
from f2p_deploy.model.networks.table import NETWORKS, build_network  # noqa: E402
from f2p_deploy.model.trained_on import (  # noqa: E402
    KEY,
    TRAINED_ON,
    bases_of,
    changed_bases,
    outdated_by,
    train_again,
)


def with_fresh(bundle: Bundle, name: str) -> Bundle:
    """Return the bundle with another network of a name."""
    torch.manual_seed(9)
    return store_network(bundle, name, build_network(name, bundle.schema, bundle.settings), {})


def test_the_table_names_networks() -> None:
    assert {*TRAINED_ON, *(name for names in TRAINED_ON.values() for name in names)} <= set(NETWORKS)


def test_a_changed_recognition_outdates_what_noted_it(surrogate_bundle, tmp_path) -> None:
    bundle = copy_bundle(surrogate_bundle, tmp_path / "my copy", "copy")
    assert set(bases_of(bundle, "reader")) == {"recognition", "segmentation"}
    bundle = store_network(bundle, "surrogate", bundle.surrogate, {KEY: bases_of(bundle, "surrogate")})
    assert changed_bases(bundle, "surrogate") == ()
    after = with_fresh(bundle, "recognition")
    assert changed_bases(after, "surrogate") == ("recognition",)
    assert changed_bases(after, "translator") == ()  # it was not noted on what that was trained
    assert changed_bases(with_fresh(bundle, "imitator"), "surrogate") == ()
    sentence = train_again(after, "surrogate", ("recognition",))
    assert "another recognition" in sentence and f"--bundle '{bundle.path}' --front PAIRS makes it anew" in sentence


def test_a_training_outdates_what_it_did_not_train_again(surrogate_bundle, tmp_path) -> None:
    before = copy_bundle(surrogate_bundle, tmp_path / "copy", "copy")
    after = with_fresh(with_fresh(before, "recognition"), "translator")
    assert outdated_by(before, after) == {"surrogate": ("recognition",), "reader": ("recognition",)}
    assert outdated_by(before, before) == {}
