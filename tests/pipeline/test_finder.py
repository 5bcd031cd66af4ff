"""The choice of a run's finder, its description, and the segmentation network as a function for alignment."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

pytest.importorskip("torch")
pytest.importorskip("skimage")


def test_offline_is_the_cascade_with_the_bundles_network(small_bundle: "Bundle") -> None:
    from f2p_deploy.alignment import CascadeFinder
    from f2p_deploy.pipeline import choose_finder_for

    chosen = choose_finder_for(small_bundle, offline=True)
    assert isinstance(chosen.finder, CascadeFinder)
    assert chosen.sentence == (
        "Landmarks are found with the built-in cascade, refined by the bundle's segmentation network."
    )


def test_without_the_model_the_sentence_says_how_to_get_it(
    small_bundle: "Bundle", monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from f2p_deploy.pipeline import choose_finder_for

    monkeypatch.delenv("F2P_FACE_LANDMARKER", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert "f2p-deploy landmarker" in choose_finder_for(small_bundle).sentence


def test_mediapipe_where_its_model_is(small_bundle: "Bundle", landmarker: Path) -> None:
    pytest.importorskip("mediapipe")
    from f2p_deploy.alignment import MediaPipeFinder
    from f2p_deploy.pipeline import choose_finder_for

    assert isinstance(choose_finder_for(small_bundle, landmarker=landmarker).finder, MediaPipeFinder)


def test_offline_contradicts_a_model(small_bundle: "Bundle", tmp_path: Path) -> None:
    from f2p_deploy.pipeline import choose_finder_for

    with pytest.raises(InputError, match="--offline means the built-in finder"):
        choose_finder_for(small_bundle, landmarker=tmp_path / "x.task", offline=True)


def segmented(bundle: "Bundle", face: np.ndarray) -> np.ndarray:
    """The (11, h, w) class probabilities of the segmentation network."""
    import torch

    from f2p_deploy.model.similarity import Segment

    segment = Segment(bundle.segmentation, bundle.settings.architecture.segmentation_size)
    with torch.inference_mode():
        return segment(torch.from_numpy(face.transpose(2, 0, 1).copy())[None])[0].numpy()


def test_class_probabilities_are_the_networks(small_bundle: "Bundle", astronaut: np.ndarray) -> None:
    import torch

    from f2p_deploy.model.similarity import reduce_to
    from f2p_deploy.pipeline.finder import class_probabilities
    from f2p_deploy.runtimes import TorchRuntime

    face = astronaut[:128, 160:288].astype(np.float32) / 255.0
    found = class_probabilities(TorchRuntime(small_bundle))(face)
    assert found.shape == (11, 8, 8) and found.dtype == np.float32
    assert np.allclose(found.sum(axis=0), 1.0, atol=1e-5)
    with torch.no_grad():
        image = reduce_to(torch.from_numpy(face.transpose(2, 0, 1).copy())[None], 64)
        expected = small_bundle.segmentation(image).softmax(dim=1)[0].numpy()
    assert np.allclose(found, expected, atol=1e-6)


def test_an_artifact_refines_as_its_bundle_does(
    small_bundle: "Bundle", surrogate_bundle: "Bundle", astronaut: np.ndarray
) -> None:
    from f2p_deploy.pipeline import choose_finder_for
    from f2p_deploy.pipeline.finder import class_probabilities
    from f2p_deploy.runtimes import TorchRuntime

    face = astronaut[:128, 160:288].astype(np.float32) / 255.0
    for bundle in (small_bundle, surrogate_bundle):
        runtime = TorchRuntime(bundle, batch=2)
        assert "segment" in runtime.graphs
        np.testing.assert_allclose(class_probabilities(runtime)(face), segmented(bundle, face), atol=1e-6)
        sentence = choose_finder_for(runtime, offline=True).sentence
        assert sentence.endswith("cascade, refined by the bundle's segmentation network.")


def test_an_artifact_without_segment_shows_class_probabilities_in_its_content(
    small_bundle: "Bundle", astronaut: np.ndarray, tmp_path: Path
) -> None:
    from dataclasses import replace

    from f2p_deploy.model.bundle import copy_bundle, replace_settings
    from f2p_deploy.pipeline.finder import class_probabilities
    from f2p_deploy.runtimes import TorchRuntime

    settings = replace(small_bundle.settings.similarity, features="probabilities", colour_weight=1.0)
    settings = replace(settings, class_weights=(0.0, *(1.0 + i for i in range(10))))
    copy = copy_bundle(small_bundle, tmp_path / "copy", "copy")
    copy = replace_settings(copy, replace(copy.settings, similarity=settings))
    face = astronaut[:128, 160:288].astype(np.float32) / 255.0
    runtime = TorchRuntime(copy, batch=2)
    assert "segment" not in runtime.graphs
    expected = segmented(copy, face)
    expected[0] = 0.0
    np.testing.assert_allclose(class_probabilities(runtime)(face), expected, atol=1e-6)
    blind = replace(settings, class_weights=(0.0, *(1.0 if i != 5 else 0.0 for i in range(10))))
    without_nose = replace_settings(copy, replace(copy.settings, similarity=blind))
    assert "segment" in TorchRuntime(without_nose).graphs


def test_an_artifact_from_before_segment_leaves_the_cascade_unrefined(surrogate_bundle: "Bundle") -> None:
    from f2p_deploy.pipeline import choose_finder_for
    from f2p_deploy.runtimes import TorchRuntime

    class Older(TorchRuntime):
        """An older artifact without this graph; its content is a state, not a class map."""

        @property
        def graphs(self) -> tuple[str, ...]:
            """All but one."""
            return tuple(name for name in super().graphs if name != "segment")

    sentence = choose_finder_for(Older(surrogate_bundle), offline=True).sentence
    assert sentence.endswith("the built-in cascade, not refined by a segmentation network.")
