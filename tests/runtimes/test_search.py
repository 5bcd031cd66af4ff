"""The search in NumPy takes the same steps as `reference.reference_iterate`, with every runtime."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.character.parameters import average  # noqa: E402
from f2p_deploy.model import reference  # noqa: E402
from f2p_deploy.model.result import Mode  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.runtimes import Runtime, TorchRuntime, load, search  # noqa: E402
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import OnnxRuntime  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Few and small steps, so that rounding does not grow on the way.
GENTLE = IterativeSettings(iterations=4, learning_rate=0.5)


def picture(faces: np.ndarray) -> np.ndarray:
    return (faces[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)


@pytest.mark.parametrize(
    "settings",
    [
        GENTLE,
        replace(GENTLE, momentum=0.9, keep_best=True),
        replace(GENTLE, beta=30.0, discrete_rate=0.5, decay_every=2),
    ],
    ids=["the paper's", "momentum, best state", "another beta and discrete rate"],
)
def test_the_loop_is_iterate(
    runtime: Runtime, small_bundle: "Bundle", faces: np.ndarray, settings: IterativeSettings
) -> None:
    calls: list[tuple[int, float]] = []
    expected = reference.reference_iterate(small_bundle, torch.from_numpy(faces), settings)
    found = search.iterate(runtime, faces, settings, progress=lambda done, loss: calls.append((done, loss)))
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-4)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)
    assert found.losses.shape == (5, 2) and found.parameters.dtype == np.float32
    assert [done for done, _ in calls] == [1, 2, 3, 4]
    np.testing.assert_allclose([loss for _, loss in calls], found.losses[:-1].mean(axis=1), rtol=1e-6)


def test_torch_as_a_runtime_takes_exactly_the_same_way(small_bundle: "Bundle", faces: np.ndarray) -> None:
    expected = reference.reference_iterate(small_bundle, torch.from_numpy(faces), GENTLE)
    found = search.iterate(TorchRuntime(small_bundle, batch=2), faces, GENTLE)
    assert np.array_equal(found.losses, expected.losses)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=1e-6)


def test_openvino_takes_the_same_steps(small_artifact: Path, small_bundle: "Bundle", faces: np.ndarray) -> None:
    pytest.importorskip("openvino")
    expected = reference.reference_iterate(small_bundle, torch.from_numpy(faces[:1]), GENTLE)
    found = search.iterate(load(small_artifact, "openvino", threads=1), faces[:1], GENTLE)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-3)


def test_the_demo_bundles_own_settings(photo: Path) -> None:
    """Two steps of the shipped bundle's search."""
    from f2p_deploy.alignment.sample_faces import ASTRONAUT
    from f2p_deploy.model.bundle import demo_bundle_path, load_bundle
    from f2p_deploy.pipeline import choose_finder_for
    from f2p_deploy.pipeline.faces import aligned_faces

    if not (demo_bundle_path() / "bundle.json").is_file():
        pytest.skip("the demo bundle is not in this checkout")
    landmarks = photo.with_name("landmarks.json")
    landmarks.write_text(json.dumps({photo.name: {name: list(point) for name, point in ASTRONAUT.items()}}))
    bundle = load_bundle()
    face = aligned_faces([photo], bundle, choose_finder_for(landmarks=landmarks)).images
    settings, demo = replace(bundle.settings.iterative, iterations=2), TorchRuntime(bundle)
    expected = reference.reference_iterate(bundle, torch.from_numpy(face), settings)
    found = search.iterate(demo, face, settings)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-5)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=1e-5)


@pytest.mark.parametrize("mode", ["one-shot", "hybrid"])
def test_generate_is_generations(
    runtime: Runtime, small_bundle: "Bundle", faces: np.ndarray, mode: Mode
) -> None:
    keep = average(small_bundle.schema).with_values({"eye.tx": 0.875, "hair": "long"}).lock("eye.tx", "hair")
    expected = reference.reference_generate(small_bundle, picture(faces), mode, keep)
    found = search.generate(runtime, picture(faces), mode, keep)
    assert (found.mode, found.parameters.locked) == (mode, keep.locked)
    assert found.parameters["eye.tx"] == 0.875 and found.parameters.choice("hair") == "long"
    assert len(found.losses) == len(expected.losses)
    np.testing.assert_allclose(found.losses[:1], expected.losses[:1], rtol=1e-4)
    if mode == "one-shot":
        np.testing.assert_allclose(found.probabilities, expected.probabilities, atol=1e-5)


@pytest.mark.parametrize("locked", [[True], np.zeros(7, np.uint8)], ids=["length", "dtype"])
def test_locks_of_another_kind_are_refused(runtime: Runtime, faces: np.ndarray, locked: Any) -> None:
    with pytest.raises(InputError, match=r"locks are \(\d+,\) bool, found \(\d,\)"):
        search.iterate(runtime, faces, GENTLE, locked=locked)


def test_hybrid_starts_where_one_shot_ends(runtime: Runtime, small_bundle: "Bundle", faces: np.ndarray) -> None:
    expected = reference.reference_start(small_bundle, torch.from_numpy(faces), "hybrid", small_bundle.settings.hybrid)
    np.testing.assert_allclose(search.starting_state(runtime, faces, "hybrid"), expected.numpy(), atol=1e-5)


def with_settings(artifact: Artifact, **changes: object) -> Runtime:
    """The artifact with other settings in its manifest."""
    settings = json.loads(json.dumps(artifact.manifest.settings))
    for place, value in changes.items():
        part, name = place.split("__")
        settings[part][name] = value
    return OnnxRuntime(Artifact(artifact.folder, replace(artifact.manifest, settings=settings)), threads=1)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hybrid__use_prior": True}, "searches outside the priors' subspace, these settings inside"),
        ({"hybrid__momentum": 2.0}, r"manifest.json: settings.hybrid: momentum must lie in \[0, 1\), found 2.0"),
    ],
)
def test_settings_that_are_another_graphs(
    small_artifact: Path, faces: np.ndarray, changes: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        search.generate(with_settings(read_artifact(small_artifact), **changes), picture(faces), "hybrid")


def test_an_artifact_without_the_graph(small_artifact: Path, faces: np.ndarray) -> None:
    artifact = read_artifact(small_artifact)
    graphs = {name: entry for name, entry in artifact.manifest.graphs.items() if name != "step"}
    runtime = OnnxRuntime(Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs)), threads=1)
    search.require_mode(runtime, "one-shot")
    with pytest.raises(InputError, match="iterative generation needs the graph 'step', but .* has only one_shot, "):
        search.generate(runtime, picture(faces), "iterative")


def test_a_face_of_another_size(runtime: Runtime) -> None:
    with pytest.raises(InputError, match=r"an aligned face is \(128, 128, 3\) uint8"):
        search.generate(runtime, np.zeros((64, 64, 3), np.uint8), "one-shot")


@pytest.mark.parametrize("name", ["hair", "age"])
def test_locking_what_was_read_does_not_change_the_loss(
    surrogate_bundle: "Bundle", faces: np.ndarray, name: str
) -> None:
    """A locked option or age is not counted as one that differs from the photo's."""
    runtime, face = TorchRuntime(surrogate_bundle), picture(faces)
    free = search.generate(runtime, face, "hybrid")
    locked = replace(free.parameters, locked=frozenset({name}))
    again = search.generate(runtime, face, "hybrid", keep=locked)
    assert again.losses[-1] == pytest.approx(free.losses[-1], rel=0.05)
    expected = reference.reference_generate(surrogate_bundle, face, "hybrid", keep=locked)
    np.testing.assert_allclose(again.losses, expected.losses, rtol=1e-4)


@pytest.mark.parametrize("mode", ["one-shot", "iterative", "hybrid"])
def test_several_faces_search_together_as_each_alone(small_bundle: "Bundle", faces: np.ndarray, mode: Mode) -> None:
    pictures = [picture(faces[:1]), picture(faces[1:]), picture(faces[:1])]
    means: list[float] = []
    settings = small_bundle.settings
    few = {name: replace(getattr(settings, name), iterations=6) for name in ("iterative", "hybrid")}
    bundle = replace(small_bundle, settings=replace(settings, **few))
    runtime = TorchRuntime(bundle, batch=2)
    together = search.generate_many(runtime, pictures, mode, progress=lambda done, loss: means.append(loss))
    alone = [search.generate(TorchRuntime(bundle), face, mode) for face in pictures]
    for own, other in zip(together, alone, strict=True):
        assert len(own.losses) == len(other.losses) <= 7
        np.testing.assert_allclose(own.losses[:2], other.losses[:2], rtol=1e-3)
        if mode == "one-shot":
            np.testing.assert_allclose(own.probabilities, other.probabilities, atol=1e-5)
    if mode != "one-shot":
        assert means[0] == pytest.approx(np.mean([generation.losses[0] for generation in alone]), rel=1e-4)
    assert search.generate_many(runtime, [], mode) == []
