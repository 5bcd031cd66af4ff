"""Which landmark finder a run uses, and the sentence that says so."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import (
    CascadeFinder,
    LandmarkFinder,
    LandmarksFile,
    MediaPipeFinder,
    Segmentation,
    choose_finder,
    find_landmarker_model,
)
from f2p_deploy.bundle import Bundle
from f2p_deploy.dependencies import missing_modules
from f2p_deploy.errors import InputError


@dataclass(frozen=True)
class ChosenFinder:
    """A landmark finder and what to say about it.

    Args:
        finder: finds the faces.
        sentence: which one it is, and where a better one can be had, how.
    """

    finder: LandmarkFinder
    sentence: str


def choose_finder_for(
    bundle: Bundle,
    landmarker: Path | None = None,
    landmarks: Path | None = None,
    offline: bool = False,
) -> ChosenFinder:
    """Choose a landmark finder for a bundle's photos.

    Args:
        bundle: its segmentation network refines the cascade's points.
        landmarker: MediaPipe's model file, if named.
        landmarks: a file of landmarks, if named.
        offline: take the built-in cascade even where MediaPipe is here.

    Raises:
        InputError: what was named cannot be used, or contradicts `offline`.
        MissingDependency: what was named needs a package that is not installed, or no finder is.
    """
    if offline and (landmarker or landmarks):
        raise InputError("--offline means the built-in finder: leave out --landmarker and --landmarks")
    segmentation = _segmentation_of(bundle)
    finder = CascadeFinder(segmentation) if offline else choose_finder(landmarker, landmarks, segmentation)
    return ChosenFinder(finder, _sentence(finder, landmarks, offline, segmentation is not None))


def class_probabilities(bundle: Bundle) -> Callable[[np.ndarray], np.ndarray]:
    """Return the segmentation network as alignment calls it: (S, S, 3) float32 RGB in [0, 1] to (11, h, w) float32."""

    def probabilities(face: np.ndarray) -> np.ndarray:
        import torch

        from f2p_deploy.similarity import reduce_to

        image = torch.from_numpy(np.ascontiguousarray(face)).permute(2, 0, 1)[None]
        with torch.inference_mode():
            logits = bundle.segmentation(reduce_to(image, bundle.settings.architecture.segmentation_size))
            return logits.softmax(dim=1)[0].numpy()

    return probabilities


def _segmentation_of(bundle: Bundle) -> Segmentation | None:
    if "segmentation" not in bundle.networks:
        return None
    template, size = bundle.settings.alignment.landmarks, bundle.settings.architecture.image_size
    return Segmentation(class_probabilities(bundle), template, size)


def _sentence(finder: LandmarkFinder, landmarks: Path | None, offline: bool, refined: bool) -> str:
    if isinstance(finder, LandmarksFile):
        return f"Landmarks come from {landmarks}."
    if isinstance(finder, MediaPipeFinder):
        return "Landmarks are found with MediaPipe's FaceLandmarker."
    built_in = "Landmarks are found with the built-in cascade"
    built_in += ", refined by the bundle's segmentation network." if refined else "; the bundle has nothing to refine."
    return built_in if offline else f"{built_in} MediaPipe's FaceLandmarker is more exact: {_how_to_get_mediapipe()}."


def _how_to_get_mediapipe() -> str:
    steps = []
    if "mediapipe" in missing_modules("faces"):
        steps.append("pip install 'f2p-deploy[faces]'")
    if find_landmarker_model() is None:
        steps.append("f2p-deploy landmarker (downloads 4 MB)")
    return ", then ".join(steps)
