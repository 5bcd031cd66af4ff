"""One-shot generation: translator and recognition network in one pass, and a reader if there is one."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.model.held import read_controllers  # noqa: E402
from f2p_deploy.model.one_shot import OneShot, one_shot  # noqa: E402


@pytest.fixture(scope="module")
def faces(small_bundle):
    """Two characters rendered by the bundle."""
    with torch.no_grad():
        return small_bundle.imitator(torch.from_numpy(random_batch(small_bundle.schema, 2, 5)))


def test_one_shot_is_the_translator_after_the_recognition_network(small_bundle, faces) -> None:
    expected = small_bundle.translator(small_bundle.similarity.identity(faces))
    np.testing.assert_allclose(one_shot(small_bundle, faces), expected.detach().numpy(), atol=1e-6)


def test_a_reader_gives_the_options_and_the_sliders_of_age_and_sex(surrogate_bundle) -> None:
    bundle, face = surrogate_bundle, torch.rand(2, 3, 128, 128, generator=torch.Generator().manual_seed(0))
    regions = bundle.similarity.regions(face, bundle.settings.architecture.reader_stage)
    with torch.no_grad():
        scores, sliders = bundle.reader(bundle.reader.features(bundle.similarity.identity(face), regions))
    parameters = torch.from_numpy(one_shot(bundle, face))
    torch.testing.assert_close(parameters[:, list(read_controllers(bundle.schema))], sliders)
    (hair, *_), n_c = bundle.schema.discrete_slices.values(), bundle.schema.n_c
    expected = scores[:, : hair.stop - hair.start].softmax(dim=1)
    torch.testing.assert_close(parameters[:, n_c : n_c + expected.shape[1]], expected)


def test_asymmetric_controllers_keep_their_default_where_faces_are_mirrored(surrogate_bundle) -> None:
    parameters = one_shot(surrogate_bundle, torch.rand(3, 3, 128, 128))
    position = surrogate_bundle.schema.controller_index["uneven"]
    np.testing.assert_allclose(parameters[:, position], surrogate_bundle.schema.controllers[position].default)


def test_scores_have_the_probabilities_of_one_shot_as_their_softmax(small_bundle) -> None:
    face = torch.rand(2, 3, 128, 128)
    module = OneShot(small_bundle).eval()
    with torch.no_grad():
        controllers, scores = module.parts(face, small_bundle.similarity.identity(face))
        parameters = module(face)
    n_c, (first, *_) = small_bundle.schema.n_c, small_bundle.schema.discrete_slices.values()
    torch.testing.assert_close(controllers, parameters[:, :n_c])
    torch.testing.assert_close(scores[:, : first.stop - n_c].softmax(dim=1), parameters[:, first], atol=1e-3, rtol=0)
