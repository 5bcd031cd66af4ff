"""The shortcut's outputs have the shapes of the bundle's own descriptions, for every choice of features."""

from dataclasses import replace
from typing import Any, get_args

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.settings import Features  # noqa: E402
from f2p_deploy.model.similarity import Similarity  # noqa: E402

#: The features that have a channel for each class already.
BY_CLASS = "probabilities"


@pytest.mark.parametrize(
    "chosen",
    [
        *({"features": features} for features in get_args(Features)),
        *({"features": features, "weighting": "class"} for features in get_args(Features) if features != BY_CLASS),
        {"features": BY_CLASS, "colour_weight": 0.5},
    ],
    ids=lambda chosen: " ".join(map(str, chosen.values())),
)
def test_maps_determine_the_content(small_bundle: Bundle, chosen: dict[str, Any]) -> None:
    similarity_settings = replace(small_bundle.settings.similarity, **chosen)
    settings = replace(small_bundle.settings, similarity=similarity_settings)
    size = settings.architecture.segmentation_size
    networks = small_bundle.recognition, small_bundle.segmentation
    similarity = Similarity(*networks, similarity_settings, segmentation_size=size)
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


def test_a_stage_weighted_by_class_is_drawn_as_class_maps_and_features(small_bundle: Bundle) -> None:
    chosen = replace(small_bundle.settings.similarity, features="conv_4", weighting="class")
    network = build_network("shortcut", small_bundle.schema, replace(small_bundle.settings, similarity=chosen)).eval()
    with torch.no_grad():
        _, maps = network(torch.rand(2, small_bundle.schema.n))
    torch.testing.assert_close(maps[:, :11].sum(dim=1), torch.ones(2, 8, 8))
    assert maps.shape[1] == 11 + 4 * 24 and maps.min() >= 0.0
