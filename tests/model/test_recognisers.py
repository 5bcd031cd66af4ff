"""The table of recognition networks agrees with the networks."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.face import LANDMARKS  # noqa: E402
from f2p_deploy.character.schema import Controller, Schema  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.recognisers import RECOGNISERS  # noqa: E402
from f2p_deploy.model.settings import Architecture, BundleSettings  # noqa: E402


@pytest.mark.parametrize("name", RECOGNISERS)
def test_every_network_takes_and_gives_what_the_table_says(name: str) -> None:
    recogniser = RECOGNISERS[name]
    sizes = Architecture(recognition=name, recognition_size=recogniser.size, recognition_width=0.1)
    network = build_network("recognition", Schema("one", (Controller("a", "a"),)), BundleSettings(sizes)).eval()
    with torch.no_grad():
        descriptors = network(torch.rand(2, 3 if recogniser.colour else 1, recogniser.size, recogniser.size))
    assert descriptors.shape == (2, recogniser.length)


def test_a_crop_is_given_by_all_landmarks_or_none() -> None:
    for name, recogniser in RECOGNISERS.items():
        assert recogniser.name == name
        assert set(recogniser.points) in (set(), set(LANDMARKS))
        assert all(0.0 < x < 1.0 and 0.0 < y < 1.0 for x, y in recogniser.points.values())
