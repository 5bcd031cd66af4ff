"""The table of networks: every entry builds what it names, and nothing else is known."""

import re
from importlib import import_module

import pytest

from f2p_deploy.model.networks.table import NETWORKS, REQUIRED_NETWORKS, build_network
from f2p_deploy.system.errors import InputError


@pytest.mark.parametrize("name", NETWORKS)
def test_every_entry_is_a_function_of_its_module(name: str) -> None:
    pytest.importorskip("torch")
    module, _, function = NETWORKS[name].builder.partition(".")
    assert callable(getattr(import_module(f"f2p_deploy.model.networks.{module}"), function))


def test_a_network_has_fresh_weights_each_time(surrogate_bundle) -> None:  # noqa: ANN001
    schema, settings = surrogate_bundle.schema, surrogate_bundle.settings
    one, other = (build_network("reader", schema, settings).state_dict() for _ in range(2))
    assert one.keys() == other.keys() and any((one[key] != other[key]).any() for key in one)
    assert one.keys() == surrogate_bundle.reader.state_dict().keys()


def test_the_papers_networks_are_required() -> None:
    assert REQUIRED_NETWORKS == ("imitator", "recognition", "segmentation", "translator")


def test_an_unknown_name_is_answered_with_the_nearest(small_bundle) -> None:  # noqa: ANN001
    words = "no network is called 'immitator'"
    with pytest.raises(InputError, match=re.escape(words) + ".*imitator"):
        build_network("immitator", small_bundle.schema, small_bundle.settings)
