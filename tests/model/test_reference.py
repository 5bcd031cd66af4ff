"""The reference of generation: every mode in PyTorch, its start, its options and its refusals."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import Parameters, average, random_batch  # noqa: E402
from f2p_deploy.model.bundle import load_bundle  # noqa: E402
from f2p_deploy.model.imitator_search import GenerationLoss  # noqa: E402
from f2p_deploy.model.one_shot import OneShot  # noqa: E402
from f2p_deploy.model.reference import (  # noqa: E402
    reference_generate,
    reference_iterate,
    reference_options,
    reference_render,
    reference_start,
    to_tensor,
    with_options_tried_out,
)
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import StateToParameters, average_state, first_state  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


@pytest.fixture(scope="module")
def faces(small_bundle):
    """Two characters rendered by the bundle, so that a solution exists."""
    with torch.no_grad():
        return small_bundle.imitator(torch.from_numpy(random_batch(small_bundle.schema, 2, 5)))


def test_an_iteration_is_a_projected_gradient_step(small_bundle, faces) -> None:
    settings = IterativeSettings(iterations=1, learning_rate=1e4)
    loss_of = GenerationLoss(small_bundle, settings.beta)
    identity, content = small_bundle.similarity.describe(faces)
    state = average_state(small_bundle, 2).requires_grad_(True)
    (gradient,) = torch.autograd.grad(loss_of(state, identity, content).sum(), state)
    expected = (state - 1e4 * gradient).detach()
    n_c = small_bundle.schema.n_c
    assert bool((expected[:, :n_c] > 1).any() | (expected[:, :n_c] < 0).any()), "the step should reach the bounds"
    expected[:, :n_c] = expected[:, :n_c].clamp(0, 1)
    parameters = StateToParameters(small_bundle, settings.beta)(expected)
    found = reference_iterate(small_bundle, faces, settings).parameters
    np.testing.assert_allclose(found, parameters.numpy(), atol=1e-5)


def test_iterating_lowers_the_loss_and_stays_in_range(small_bundle, faces) -> None:
    trajectory = reference_iterate(small_bundle, faces, IterativeSettings(iterations=6, learning_rate=300.0, beta=1.0))
    assert trajectory.losses.shape == (7, 2)
    assert (trajectory.losses[-1] < trajectory.losses[0]).all()
    assert trajectory.parameters.min() >= 0 and trajectory.parameters.max() <= 1


def test_samples_of_a_batch_do_not_influence_each_other(small_bundle, faces) -> None:
    settings = IterativeSettings(iterations=1, learning_rate=50.0)
    both, one = reference_iterate(small_bundle, faces, settings), reference_iterate(small_bundle, faces[1:], settings)
    np.testing.assert_allclose(both.parameters[1], one.parameters[0], atol=1e-4)


def test_priors_keep_the_search_in_their_subspace(bundle_with_priors, faces) -> None:
    settings = IterativeSettings(iterations=3, learning_rate=100.0, use_prior=True)
    found = reference_iterate(bundle_with_priors, faces, settings).parameters[:, : bundle_with_priors.schema.n_c]
    free = reference_iterate(bundle_with_priors, faces, IterativeSettings(iterations=3, learning_rate=100.0)).parameters
    np.testing.assert_allclose(found, bundle_with_priors.priors.constrain(found), atol=2e-3)
    moved_away = free[:, : found.shape[1]] - bundle_with_priors.priors.constrain(free)[:, : found.shape[1]]
    assert np.abs(moved_away).max() > 0.01


def test_the_search_can_begin_at_the_priors_mean(bundle_with_priors, faces) -> None:
    start = reference_start(bundle_with_priors, faces, "iterative", IterativeSettings(from_prior=True)).numpy()
    means = np.concatenate([prior.mean for prior in bundle_with_priors.priors.groups])
    order = np.concatenate([prior.indices for prior in bundle_with_priors.priors.groups])
    np.testing.assert_allclose(start[0, order], means.clip(0, 1), atol=1e-6)
    assert not start[:, bundle_with_priors.schema.n_c :].any()


def test_asking_for_priors_that_are_not_there_says_how_to_make_them(small_bundle, faces) -> None:
    with pytest.raises(InputError, match="f2p-deploy train priors"):
        reference_iterate(small_bundle, faces, IterativeSettings(iterations=1, use_prior=True))


@pytest.mark.parametrize("mode", ["one-shot", "iterative", "hybrid"])
def test_locked_values_survive_every_mode(small_bundle, mode: str) -> None:
    keep = average(small_bundle.schema).with_values({"eye.tx": 0.125, "hair": "long"}).lock("eye.tx", "hair")
    face = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    made = reference_generate(small_bundle, face, mode, keep).parameters
    assert made["eye.tx"] == 0.125 and made.choice("hair") == "long"
    assert made.locked == keep.locked


def test_options_are_chosen_by_what_they_look_like(small_bundle) -> None:
    """The options of a rendered character are recovered from other options; locked groups do not change."""
    truth = random_batch(small_bundle.schema, 1, 3)[0]
    part = next(iter(small_bundle.schema.discrete_slices.values()))
    other = truth.copy()
    other[part] = np.roll(other[part], 1)
    with torch.no_grad():
        face = small_bundle.imitator(torch.from_numpy(truth)[None])
    found = reference_options(small_bundle, face, other, None)
    assert found[part].argmax() == truth[part].argmax()
    np.testing.assert_array_equal(found[: small_bundle.schema.n_c], truth[: small_bundle.schema.n_c])
    locked = np.zeros(len(truth), bool)
    locked[part] = True
    np.testing.assert_array_equal(reference_options(small_bundle, face, other, locked)[part], other[part])


def test_generated_characters_have_one_option_per_group(small_bundle) -> None:
    face = np.full((128, 128, 3), 128, np.uint8)
    made = reference_generate(small_bundle, face, "one-shot")
    for part in small_bundle.schema.discrete_slices.values():
        assert sorted(set(made.parameters.values[part].tolist())) == [0.0, 1.0]
    assert made.losses == ()


def test_hybrid_starts_where_one_shot_ends(small_bundle, faces) -> None:
    face = (faces[0].permute(1, 2, 0) * 255).round().to(torch.uint8).numpy()
    first = reference_generate(small_bundle, face, "hybrid").losses[0]
    tensor = torch.from_numpy(face).permute(2, 0, 1)[None].float() / 255
    parameters = torch.from_numpy(OneShot(small_bundle)(tensor).detach().numpy())
    expected = small_bundle.similarity(small_bundle.imitator(parameters), *small_bundle.similarity.describe(tensor))
    assert first == pytest.approx(float(expected), abs=1e-4)


def test_wrong_faces_modes_and_schemas_are_refused(small_bundle) -> None:
    face = np.zeros((128, 128, 3), np.uint8)
    with pytest.raises(InputError, match=r"\(128, 128, 3\) uint8, found \(64, 64, 3\)"):
        reference_generate(small_bundle, face[:64, :64], "one-shot")
    with pytest.raises(InputError, match="mode must be one of"):
        reference_generate(small_bundle, face, "two-shot")
    from f2p_deploy.character.schema import Schema

    stranger = average(Schema("stranger", small_bundle.schema.controllers))
    with pytest.raises(InputError, match="'stranger'"):
        reference_generate(small_bundle, face, "one-shot", stranger)
    with pytest.raises(InputError, match="'stranger'"):
        reference_render(small_bundle, stranger)


def test_render_draws_what_the_imitator_draws(small_bundle) -> None:
    parameters = Parameters(small_bundle.schema, random_batch(small_bundle.schema, 1, 3)[0])
    picture = reference_render(small_bundle, parameters)
    expected = small_bundle.imitator(torch.from_numpy(parameters.values.copy())[None])[0].permute(1, 2, 0).numpy()
    assert picture.shape == (128, 128, 3)
    assert np.abs(picture / 255.0 - expected).max() < 0.5 / 255 + 1e-6


def test_networks_first_used_without_gradient_can_be_iterated_with_later(small_bundle, faces) -> None:
    fresh = load_bundle(small_bundle.path)
    with torch.inference_mode():
        fresh.imitator, fresh.similarity  # noqa: B018, read in inference mode
    reference_iterate(fresh, faces, IterativeSettings(iterations=1))


def with_settings(bundle, **changes):
    return replace(bundle, settings=replace(bundle.settings, **changes))


def test_momentum_changes_the_second_gradient_and_not_the_first(small_bundle, faces) -> None:
    plain = IterativeSettings(iterations=3, learning_rate=1.0, beta=3.0)
    losses = reference_iterate(small_bundle, faces, plain).losses
    carried = reference_iterate(small_bundle, faces, replace(plain, momentum=0.9)).losses
    assert np.array_equal(carried[0], losses[0]) and not np.array_equal(carried[1], losses[1])


def test_the_state_of_the_smallest_loss_is_kept_for_each_face(small_bundle, faces) -> None:
    jumping = IterativeSettings(iterations=4, learning_rate=1e4, beta=3.0, keep_best=True)
    found = reference_iterate(small_bundle, faces, jumping)
    assert not np.array_equal(found.losses.min(axis=0), found.losses[-1])
    with torch.no_grad():
        drawn = small_bundle.imitator(torch.from_numpy(found.parameters))
        again = small_bundle.similarity(drawn, *small_bundle.similarity.describe(faces))
    np.testing.assert_allclose(again.numpy(), found.losses.min(axis=0), rtol=1e-4)


def test_options_are_tried_out_before_the_search(small_bundle) -> None:
    settings = replace(small_bundle.settings.iterative, iterations=1)
    choosing = with_settings(small_bundle, choose_options=True, iterative=settings)
    face = np.random.default_rng(3).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    seen = to_tensor(choosing, face)
    begun = with_options_tried_out(choosing, seen, first_state(choosing, 1), settings.beta)
    expected = reference_iterate(choosing, seen, settings, begun).losses[0, 0]
    assert reference_generate(choosing, face, "iterative").losses[0] == expected
    start = first_state(small_bundle, 1)
    assert with_options_tried_out(small_bundle, seen, start, settings.beta) is start, "where it is not asked for"


def test_one_shot_keeps_defaults_that_no_option_leads_by_enough(small_bundle) -> None:
    face = np.full((128, 128, 3), 128, np.uint8)
    made = reference_generate(with_settings(small_bundle, default_lead=1.0), face, "one-shot").parameters
    default = average(small_bundle.schema).values
    n_c = small_bundle.schema.n_c
    np.testing.assert_array_equal(made.values[n_c:], default[n_c:])
    probabilities = reference_generate(small_bundle, face, "one-shot").probabilities
    assert any(probabilities[p].argmax() != default[p].argmax() for p in small_bundle.schema.discrete_slices.values())


def test_a_compiled_loss_is_the_same_loop(small_bundle, faces) -> None:
    settings = IterativeSettings(iterations=2, learning_rate=5.0, beta=3.0)
    # The backend `eager` traces as the others do and compiles nothing.
    compiled = torch.compile(GenerationLoss(small_bundle, settings.beta).eval(), backend="eager")
    found = reference_iterate(small_bundle, faces, settings, loss_of=compiled)
    expected = reference_iterate(small_bundle, faces, settings)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-5)
