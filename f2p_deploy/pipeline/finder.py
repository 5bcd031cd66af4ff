"""Choose the landmark finder of a run, and describe the choice."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import (
    CascadeFinder,
    FaceSegmenter,
    LandmarkFinder,
    LandmarksFile,
    MediaPipeFinder,
    choose_finder,
    find_landmarker_model,
)
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.settings import shown_by_content
from f2p_deploy.pipeline.run_source import runtime_of
from f2p_deploy.runtimes import Runtime, graph_calls
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import install_line, missing_modules
from f2p_deploy.system.files import sha256_of


@dataclass(frozen=True)
class FinderChoice:
    """The arguments with which another process chooses the same finder.

    Args:
        landmarker: MediaPipe's model file, for MediaPipe's finder.
        landmarks: the file of landmarks, for a finder that reads one.
        offline: True for the built-in cascade.
    """

    landmarker: Path | None = None
    landmarks: Path | None = None
    offline: bool = False


@dataclass(frozen=True)
class ChosenFinder:
    """A landmark finder with its description.

    Args:
        finder: finds the faces.
        sentence: names the finder, and says how to get a better one if there is one.
        choice: the arguments to choose it in another process; None for a finder that they cannot describe.
        identity: a key of its kind, version and file: finders with different keys may find different points.
    """

    finder: LandmarkFinder
    sentence: str
    choice: FinderChoice | None = None
    identity: str = ""


def choose_finder_for(
    source: Bundle | Runtime,
    landmarker: Path | None = None,
    landmarks: Path | None = None,
    offline: bool = False,
) -> ChosenFinder:
    """Choose a landmark finder for the photos of a bundle, or of an artifact in a runtime.

    Args:
        source: its segmentation network refines the cascade's points.
        landmarker: MediaPipe's model file; None to search for it.
        landmarks: a file of landmarks; None for none.
        offline: use the built-in cascade even if MediaPipe is installed.

    Raises:
        InputError: a file cannot be used, or is given together with `offline`.
        MissingDependency: a file needs a package that is not installed, or no finder is installed.
    """
    if offline and (landmarker or landmarks):
        raise InputError("--offline means the built-in finder: leave out --landmarker and --landmarks")
    segmentation = _segmentation_of(runtime_of(source))
    finder = CascadeFinder(segmentation) if offline else choose_finder(landmarker, landmarks, segmentation)
    choice, identity = identify_finder(finder, landmarker, landmarks)
    return ChosenFinder(finder, _sentence(finder, landmarks, offline, segmentation is not None), choice, identity)


def finder_for(runtime: Runtime, chosen: ChosenFinder) -> ChosenFinder:
    """Return a finder of the same kind for another runtime: the cascade is refined by the runtime's own network."""
    if chosen.choice is None or not chosen.choice.offline:
        return chosen
    return choose_finder_for(runtime, offline=True)


def class_probabilities(runtime: Runtime) -> Callable[[np.ndarray], np.ndarray] | None:
    """Return the segmentation network as a function for alignment; None if the runtime has none.

    The function takes (S, S, 3) float32 RGB in [0, 1] and returns (11, h, w) float32 class probabilities. They come
    from the graph `segment`, or without it from the content of `describe`, which holds the probabilities times the
    class weights; the probabilities of classes with weight 0 are 0 then.
    """
    if "segment" in runtime.graphs:
        return lambda face: graph_calls.segment(runtime, _planes(face))[0]
    if not shown_by_content(runtime.settings) or "describe" not in runtime.graphs:
        return None
    weights = np.array(runtime.settings.similarity.class_weights, np.float32)
    scale = np.divide(1.0, weights, out=np.zeros_like(weights), where=weights > 0)[:, None, None]
    return lambda face: graph_calls.describe(runtime, _planes(face))["content"][0, : len(weights)] * scale


def _planes(face: np.ndarray) -> np.ndarray:
    """Return an image (S, S, 3) in the layout of the networks, (1, 3, S, S) float32."""
    return np.ascontiguousarray(face.transpose(2, 0, 1)[None], np.float32)


def _segmentation_of(runtime: Runtime) -> FaceSegmenter | None:
    template, size = runtime.settings.alignment.landmarks, runtime.settings.architecture.image_size
    probabilities = class_probabilities(runtime)
    return None if probabilities is None else FaceSegmenter(probabilities, template, size)


def identify_finder(
    finder: LandmarkFinder, landmarker: Path | None, landmarks: Path | None
) -> tuple[FinderChoice, str]:
    """Return the choice and the identity of a finder, see `ChosenFinder`."""
    if isinstance(finder, LandmarksFile) and landmarks is not None:
        return FinderChoice(landmarks=landmarks.absolute()), f"landmarks {sha256_of(landmarks)}"
    model = find_landmarker_model(landmarker) if isinstance(finder, MediaPipeFinder) else None
    if model is not None:
        return FinderChoice(landmarker=model.absolute()), f"mediapipe {version('mediapipe')} {sha256_of(model)}"
    return FinderChoice(offline=True), f"cascade of scikit-image {version('scikit-image')}"


def _sentence(finder: LandmarkFinder, landmarks: Path | None, offline: bool, refined: bool) -> str:
    if isinstance(finder, LandmarksFile):
        return f"Landmarks come from {landmarks}."
    if isinstance(finder, MediaPipeFinder):
        return "Landmarks are found with MediaPipe's FaceLandmarker."
    how = "refined by the bundle's segmentation network" if refined else "not refined by a segmentation network"
    built_in = f"Landmarks are found with the built-in cascade, {how}."
    return built_in if offline else f"{built_in} MediaPipe's FaceLandmarker is more exact: {_how_to_get_mediapipe()}."


def _how_to_get_mediapipe() -> str:
    steps = []
    if "mediapipe" in missing_modules("faces"):
        steps.append(install_line("faces"))
    if find_landmarker_model() is None:
        steps.append("f2p-deploy landmarker (downloads 4 MB)")
    return ", then ".join(steps)
