"""The shortcut's outputs have the shapes of the bundle's own descriptions, for every choice of features."""

from dataclasses import replace
from typing import get_args

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.settings import Features  # noqa: E402
from f2p_deploy.model.similarity import Similarity  # noqa: E402


@pytest.mark.parametrize("colour_weight", [0.0, 0.5])
@pytest.mark.parametrize("features", get_args(Features))
def test_maps_determine_the_content(small_bundle: Bundle, features: str, colour_weight: float) -> None:
    if colour_weight and features != "probabilities":
        pytest.skip("only class maps are compared with colours")
    chosen = replace(small_bundle.settings.similarity, features=features, colour_weight=colour_weight)
    settings = replace(small_bundle.settings, similarity=chosen)
    size = settings.architecture.segmentation_size
    similarity = Similarity(small_bundle.recognition, small_bundle.segmentation, chosen, segmentation_size=size)
    shortcut = build_network("shortcut", small_bundle.schema, settings).eval()
    faces = torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        maps, content = similarity.maps(faces), similarity.content(faces)
        torch.testing.assert_close(similarity.content_of_maps(maps), content)
        identity, drawn = shortcut(torch.rand(2, small_bundle.schema.n))
    assert drawn.shape == maps.shape and identity.shape == similarity.identity(faces).shape
    assert similarity.content_of_maps(drawn).shape == content.shape


def test_class_maps_are_probabilities_and_colours_lie_between_0_and_1(small_bundle: Bundle) -> None:
    chosen = replace(small_bundle.settings.similarity, features="probabilities", colour_weight=1.0)
    network = build_network("shortcut", small_bundle.schema, replace(small_bundle.settings, similarity=chosen)).eval()
    with torch.no_grad():
        _, maps = network(torch.rand(3, small_bundle.schema.n))
    torch.testing.assert_close(maps[:, :11].sum(dim=1), torch.ones(3, 8, 8))
    assert maps.min() >= 0.0 and maps.max() <= 1.0
