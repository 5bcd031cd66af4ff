"""Labels of the shortcut: valid characters, exact descriptions and gradients, files that are used again."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.imitator_search import GenerationLoss  # noqa: E402
from f2p_deploy.training.data.shortcut_labels import (  # noqa: E402
    Targets,
    describe_targets,
    label_gradients,
    label_values,
    sample_characters,
    sampled_states,
    visited_states,
)


@pytest.fixture(scope="module")
def targets(fast_bundle: Bundle) -> Targets:
    faces = np.random.default_rng(0).integers(0, 256, (2, 128, 128, 3), np.uint8)
    return describe_targets(fast_bundle, faces, characters=2, seed=0)


def test_characters_are_parameters_with_hard_and_mixed_options(bundle_with_priors: Bundle) -> None:
    schema = bundle_with_priors.schema
    characters = sample_characters(bundle_with_priors, 200, torch.Generator().manual_seed(0))
    assert characters.shape == (200, schema.n) and characters.min() >= 0.0 and characters.max() <= 1.0
    for part in schema.discrete_slices.values():
        torch.testing.assert_close(characters[:, part].sum(dim=1), torch.ones(200))
        largest = characters[:, part].amax(dim=1)
        assert (largest == 1.0).any() and (largest < 0.6).any()


def test_descriptions_are_those_of_the_imitator_s_pictures(fast_bundle: Bundle, tmp_path: Path) -> None:
    told: list[tuple[str, float, float]] = []
    values = label_values(fast_bundle, 10, 0, tmp_path, lambda *said: told.append(said))
    assert told == [("describing characters", done, 10) for done in (8, 10, 10)]
    with torch.no_grad():
        identity, content = fast_bundle.similarity.describe(fast_bundle.imitator(torch.from_numpy(values.parameters)))
    np.testing.assert_allclose(values.identities, identity.numpy(), rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(values.maps.astype(np.float32), content.numpy(), rtol=2e-3, atol=1e-3)


def test_files_are_used_again_for_the_same_networks_only(
    fast_bundle: Bundle, surrogate_bundle: Bundle, tmp_path: Path
) -> None:
    label_values(fast_bundle, 3, 0, tmp_path)
    (path,) = tmp_path.glob("values-*.npz")
    before = path.stat().st_mtime_ns
    label_values(fast_bundle, 3, 0, tmp_path)
    assert path.stat().st_mtime_ns == before
    label_values(surrogate_bundle, 3, 0, tmp_path)
    assert path.stat().st_mtime_ns > before


def test_gradients_are_those_of_the_exact_loss(fast_bundle: Bundle, targets: Targets, tmp_path: Path) -> None:
    states, positions = sampled_states(fast_bundle, 5, targets, torch.Generator().manual_seed(1))
    told: list[tuple[str, float, float]] = []
    path = tmp_path / "gradients.npz"
    labels = label_gradients(fast_bundle, states, positions, targets, path, "test", lambda *said: told.append(said))
    assert told == [("labelling gradients", 0, 5)]
    loss_of = GenerationLoss(fast_bundle, fast_bundle.settings.iterative.beta).eval()
    leaf = states[2:3].clone().requires_grad_(True)
    loss = loss_of(leaf, targets.identities[positions[2:3]], targets.contents[positions[2:3]])
    (gradient,) = torch.autograd.grad(loss.sum(), leaf)
    np.testing.assert_allclose(labels.losses[2], float(loss), rtol=1e-4)
    np.testing.assert_allclose(labels.gradients[2], gradient[0].numpy(), rtol=1e-2, atol=1e-5)


def test_gradients_towards_other_faces_are_labelled_again(
    fast_bundle: Bundle, targets: Targets, tmp_path: Path
) -> None:
    """As many faces as before, but others: the file of the first ones does not count."""
    states, positions = sampled_states(fast_bundle, 4, targets, torch.Generator().manual_seed(1))
    faces = np.random.default_rng(9).integers(0, 256, (2, 128, 128, 3), np.uint8)
    others = describe_targets(fast_bundle, faces, characters=2, seed=0)
    path = tmp_path / "gradients.npz"
    first, again, other = (
        label_gradients(fast_bundle, states, positions, chosen, path, "test").losses
        for chosen in (targets, targets, others)
    )
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_visited_states_are_on_the_way_of_searches(fast_bundle: Bundle, targets: Targets) -> None:
    loss_of = GenerationLoss(fast_bundle, fast_bundle.settings.iterative.beta).eval()
    states, positions = visited_states(fast_bundle, loss_of, 7, targets, torch.Generator().manual_seed(1))
    n_c = fast_bundle.schema.n_c
    assert states.shape == (7, fast_bundle.schema.n) and positions.shape == (7,)
    assert states[:, :n_c].min() >= 0.0 and states[:, :n_c].max() <= 1.0
    assert int(positions.max()) < len(targets.identities)
