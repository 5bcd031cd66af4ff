"""Whole searches of single steps: PyTorch's equals `generation.iterate`, and an exported step follows it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.export.export_graphs import ExportGraph, exportable_graphs
from f2p_deploy.export.samples import Samples, sample_graphs
from f2p_deploy.export.trajectory import ITERATIONS, Reference, ends, follow, reference_runs, with_iterations
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.reference import reference_iterate, with_options_tried_out
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.state import first_state
from f2p_deploy.runtimes import load


@pytest.fixture(scope="module")
def bundle(small_bundle: Bundle) -> Bundle:
    """The small bundle with the paper's search of 50 steps."""
    return replace(small_bundle, settings=replace(small_bundle.settings, iterative=IterativeSettings()))


@pytest.fixture(scope="module")
def step(bundle: Bundle) -> ExportGraph:
    return exportable_graphs(bundle)[3]


@pytest.fixture(scope="module")
def sample(bundle: Bundle, small_faces: Faces) -> Samples:
    faces = Faces(small_faces.images[:2], small_faces.names[:2])
    return sample_graphs(bundle, exportable_graphs(bundle), faces)["step"]


@pytest.fixture(scope="module")
def run(bundle: Bundle, small_faces: Faces, step: ExportGraph, sample: Samples) -> Reference:
    return reference_runs(bundle, step, sample, small_faces.images, 1)[0]


def test_a_reference_run_is_iterate(bundle: Bundle, small_faces: Faces, run: Reference) -> None:
    expected = reference_iterate(bundle, torch.from_numpy(small_faces.images[:1]))
    found = ends(bundle, [run.exact])
    assert np.array_equal(found.parameters, expected.parameters)
    assert np.array_equal(found.losses, expected.losses.T)


def test_the_run_beside_it_starts_one_rounding_away(bundle: Bundle, run: Reference) -> None:
    n_c = bundle.schema.n_c
    difference = np.abs(run.exact.states[0] - run.rounded.states[0])[:n_c]
    assert (difference > 0).all() and difference.max() < 2e-7
    assert np.abs(run.exact.states[-1] - run.rounded.states[-1]).max() > difference.max()


def test_a_run_begins_with_options_tried_out(
    bundle: Bundle, small_faces: Faces, step: ExportGraph, sample: Samples
) -> None:
    settings = bundle.settings
    search = replace(settings.iterative, iterations=1)
    choosing = replace(bundle, settings=replace(settings, choose_options=True, iterative=search))
    begun = reference_runs(choosing, step, sample, small_faces.images, 1)[0].exact.states[:1]
    beta = bundle.settings.iterative.beta
    expected = with_options_tried_out(
        choosing, torch.from_numpy(small_faces.images[:1]), first_state(choosing, 1), beta
    )
    assert np.array_equal(begun, expected.numpy())
    assert not np.array_equal(begun, first_state(choosing, 1).numpy())


def test_single_steps_from_states_of_the_run(sample: Samples, step: ExportGraph, run: Reference) -> None:
    more = with_iterations(sample, step, (run,))
    assert len(more.names) == len(sample.names) + len(ITERATIONS)
    assert more.names[-1] == "astronaut after 40 steps"
    assert np.array_equal(more.inputs["state"][-1], run.exact.states[40])
    assert np.array_equal(more.inputs["identity"][-1:], run.identity)
    assert np.array_equal(more.inputs["before"][-1], run.exact.states[39])
    assert not np.array_equal(more.reference["lookahead"][-1], run.exact.states[40]), "it looks ahead by its momentum"
    assert more.reference["loss"][-1] == pytest.approx(run.exact.losses[40], rel=1e-2)
    assert with_iterations(sample, step, ()) is sample


def test_an_exported_step_goes_the_same_way(
    bundle: Bundle, small_artifact: Path, step: ExportGraph, run: Reference
) -> None:
    runtime = load(small_artifact, threads=1)
    found = follow(
        lambda inputs: runtime.compute("step", inputs),
        1,
        bundle,
        run.exact.states[:1],
        run.identity,
        run.content,
    )
    assert np.allclose(found.losses, run.exact.losses, rtol=1e-2)
