"""The samples of the graphs: real faces, their characters, and the first step towards each of them."""

import numpy as np
import pytest

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.export.export_graphs import exportable_graphs
from f2p_deploy.export.samples import RANDOM_CHARACTERS, Samples, sample_graphs
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.system.errors import InputError


def test_samples_of_every_graph(small_bundle: Bundle, small_faces: Faces) -> None:
    faces = Faces(small_faces.images[:3], small_faces.names[:3])
    samples = sample_graphs(small_bundle, exportable_graphs(small_bundle, batch=2), faces)
    assert {name: len(sample.names) for name, sample in samples.items()} == {
        "one_shot": 3,
        "describe": 3,
        "render": 3 + RANDOM_CHARACTERS,
        "step": 3,
        "segment": 3,
    }
    one_shot, step = samples["one_shot"], samples["step"]
    assert np.array_equal(samples["render"].inputs["parameters"][:3], one_shot.reference["parameters"])
    assert np.array_equal(step.inputs["content"], samples["describe"].reference["content"])
    assert step.inputs["learning_rate"].tolist() == [small_bundle.settings.iterative.learning_rate]
    assert step.reference["next_state"].shape == step.inputs["state"].shape
    assert (step.reference["next_state"] != step.inputs["state"]).any(axis=1).all()


def test_a_first_batch_repeats_samples_and_shares_what_is_shared() -> None:
    inputs = {"x": np.array([[1.0], [2.0]]), "by": np.array([3.0])}
    batch = Samples(("a", "b"), inputs, {}, shared=("by",)).first_batch(3)
    assert batch["x"].tolist() == [[1.0], [2.0], [1.0]] and batch["by"].tolist() == [3.0]


def test_faces_of_another_size(small_bundle: Bundle) -> None:
    faces = Faces(np.zeros((1, 3, 64, 64), np.float32), ("small",))
    with pytest.raises(InputError, match="takes faces of 128 pixels, found 64"):
        sample_graphs(small_bundle, (), faces)
