from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.model.networks.segmentation import Segmentation  # noqa: E402
from f2p_deploy.model.settings import SimilaritySettings  # noqa: E402
from f2p_deploy.model.similarity import (  # noqa: E402
    Similarity,
    content_loss,
    identity_loss,
    loopback_loss,
    reduce_to,
)
from f2p_deploy.system.errors import InputError  # noqa: E402


def similarity(**settings) -> Similarity:
    torch.manual_seed(0)
    return Similarity(LightCNN(0.1), Segmentation(0.1), SimilaritySettings(**settings), segmentation_size=64).eval()


def test_identity_loss_is_the_cosine_distance_of_eq_5() -> None:
    e = torch.tensor([[3.0, 4.0], [1.0, 0.0], [2.0, 0.0]])
    f = torch.tensor([[6.0, 8.0], [0.0, 5.0], [-1.0, 0.0]])
    torch.testing.assert_close(identity_loss(e, f), torch.tensor([0.0, 1.0, 2.0]))


def test_content_loss_sums_or_averages_each_sample_on_its_own() -> None:
    a, b = torch.zeros(2, 1, 2, 2), torch.stack([torch.ones(1, 2, 2), torch.full((1, 2, 2), 3.0)])
    torch.testing.assert_close(content_loss(a, b, "sum"), torch.tensor([4.0, 12.0]))
    torch.testing.assert_close(content_loss(a, b, "mean"), torch.tensor([1.0, 3.0]))


def test_loopback_loss_is_the_l1_distance_of_eq_7() -> None:
    torch.testing.assert_close(
        loopback_loss(torch.tensor([[0.2, 0.8]]), torch.tensor([[0.5, 0.4]]), "sum"), torch.tensor([0.7])
    )


def test_a_face_against_itself_loses_nothing() -> None:
    model, face = similarity(), torch.rand(2, 3, 128, 128)
    torch.testing.assert_close(model(face, *model.describe(face)), torch.zeros(2), atol=1e-6, rtol=0)


def test_loss_weighs_identity_and_content_as_eq_9() -> None:
    model = similarity(identity_weight=0.5, content_weight=2.0, reduction="sum")
    photo, face = torch.rand(2, 3, 128, 128), torch.rand(2, 3, 128, 128)
    (identity, content), (own_identity, own_content) = model.describe(photo), model.describe(face)
    expected = 0.5 * identity_loss(identity, own_identity) + 2.0 * content_loss(content, own_content, "sum")
    torch.testing.assert_close(model(face, identity, content), expected)


def test_content_is_weighted_by_the_probability_of_the_face_s_classes() -> None:
    model, face = similarity(features="conv_5"), torch.rand(1, 3, 128, 128)
    stages = model.segmentation.features(reduce_to(face, 64))
    weight = stages["logits"].softmax(1)[:, 1:10].sum(1, keepdim=True)
    torch.testing.assert_close(model.content(face), stages["conv_5"] * weight)


@pytest.mark.parametrize("features", ["conv_5", "logits"])
def test_each_class_weights_the_features_on_its_own(features: str) -> None:
    weights = (0.0, 1.0, 0.0, 2.0, *[0.0] * 6, 0.5)
    model = similarity(features=features, weighting="class", class_weights=weights)
    face = torch.rand(2, 3, 128, 128)
    stages = model.segmentation.features(reduce_to(face, 64))
    probabilities = stages["logits"].softmax(1)
    blocks = [weight * probabilities[:, c, None] * stages[features] for c, weight in ((1, 1.0), (3, 2.0), (10, 0.5))]
    torch.testing.assert_close(model.content(face), torch.cat(blocks, dim=1))


def test_one_class_alone_weighs_the_same_either_way() -> None:
    only_nose = tuple(float(c == 6) for c in range(11))
    face = torch.rand(1, 3, 128, 128)
    contents = [similarity(weighting=one, class_weights=only_nose).content(face) for one in ("face", "class")]
    torch.testing.assert_close(contents[0], contents[1])


def test_the_loss_by_class_sees_a_class_that_turns_into_another() -> None:
    """Equal features and an equal sum of probabilities: by the face nothing is lost, by class something is."""
    features, photo, drawn = torch.ones(1, 4, 2, 2), torch.zeros(1, 11, 2, 2), torch.zeros(1, 11, 2, 2)
    photo[:, 4], drawn[:, 7] = 1.0, 1.0
    losses = {}
    for one in ("face", "class"):
        model = similarity(weighting=one)
        losses[one] = float(content_loss(model._weighted(features, photo), model._weighted(features, drawn), "sum"))
    assert losses == {"face": 0.0, "class": 2.0 * 4 * 4}


def test_weighting_by_class_is_refused_where_it_means_nothing() -> None:
    with pytest.raises(InputError, match="'probabilities' have a channel for each class already"):
        SimilaritySettings(features="probabilities", weighting="class")
    with pytest.raises(InputError, match="needs a class weight that is not 0"):
        SimilaritySettings(weighting="class", class_weights=(0.0,) * 11)
    with pytest.raises(InputError, match="weighting must be one of face, class, found 'both'"):
        SimilaritySettings(weighting="both")  # type: ignore[arg-type]


def test_probabilities_as_features_carry_each_class_weight_once() -> None:
    weights = tuple(float(i) for i in range(11))
    model, face = similarity(features="probabilities", class_weights=weights), torch.rand(1, 3, 128, 128)
    probabilities = model.segmentation(reduce_to(face, 64)).softmax(1)
    torch.testing.assert_close(model.content(face), probabilities * torch.arange(11.0).view(1, 11, 1, 1))


def test_colours_follow_the_class_maps_region_by_region() -> None:
    model, face = similarity(features="probabilities", colour_weight=2.0), torch.rand(1, 3, 128, 128)
    content, probabilities = model.content(face), model.segmentation(reduce_to(face, 64)).softmax(1)
    colours = 2.0 * reduce_to(face, 8)
    assert content.shape == (1, 11 + 15, 8, 8)
    torch.testing.assert_close(content[:, 11:14], colours * (probabilities[:, 1] + probabilities[:, 6])[:, None])
    torch.testing.assert_close(content[:, 23:], colours * probabilities[:, 10:])


def test_colours_are_refused_beside_features_that_have_no_region_of_their_own() -> None:
    with pytest.raises(InputError, match="colour_weight needs the features 'probabilities', found 'conv_5'"):
        SimilaritySettings(colour_weight=1.0)


def test_the_search_weighs_identity_by_a_factor_of_its_own() -> None:
    face, photo = torch.rand(2, 1, 3, 128, 128)
    losses = {}
    for factor in (0.0, 0.5, 1.0):
        model = similarity(identity_weight=2.0, search_identity=factor)
        losses[factor] = float(model(face, *model.describe(photo)).detach())
        apart = float(identity_loss(model.identity(photo), model.identity(face)).detach())
        assert losses[factor] - losses[0.0] == pytest.approx(2.0 * factor * apart, abs=1e-5)


def test_features_of_a_finer_stage_are_weighted_too() -> None:
    torch.manual_seed(0)
    settings = SimilaritySettings(features="conv_2")
    networks = LightCNN(0.1), Segmentation(0.1, strided_stage=5)
    model = Similarity(*networks, settings, segmentation_size=64).eval()
    assert model.content(torch.rand(1, 3, 128, 128)).shape[-1] == 16
    by_class = Similarity(*networks, replace(settings, weighting="class"), segmentation_size=64).eval()
    assert by_class.content(torch.rand(1, 3, 128, 128)).shape == (1, 9 * 32, 16, 16)


def test_reduction_is_the_exact_mean_of_whole_blocks() -> None:
    face = torch.arange(64.0).view(1, 1, 8, 8)
    torch.testing.assert_close(reduce_to(face, 4)[0, 0, 0, 0], torch.tensor((0 + 1 + 8 + 9) / 4))
    assert reduce_to(face, 8) is face


def test_gradient_reaches_the_face() -> None:
    model, face = similarity(), torch.rand(1, 3, 128, 128, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(face, *model.describe(torch.rand(1, 3, 128, 128))).sum(), face)
    assert float(gradient.abs().max()) > 0
