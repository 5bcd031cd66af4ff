"""The choice of a landmark finder: the one that the user named, else the best one installed."""

import logging
from pathlib import Path

from f2p_deploy.alignment.landmarker_model import find_landmarker_model
from f2p_deploy.alignment.landmarks import LandmarkFinder
from f2p_deploy.alignment.landmarks_file import LandmarksFile
from f2p_deploy.alignment.mediapipe import MediaPipeFinder
from f2p_deploy.alignment.network_finder import NetworkFinder
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import missing_modules

logger = logging.getLogger(__name__)


def choose_finder(
    landmarker: str | Path | None = None,
    landmarks: str | Path | None = None,
) -> LandmarkFinder:
    """Return the finder that the user named, else MediaPipe's if its model file exists, else the built-in one.

    The choice is logged.

    Args:
        landmarker: MediaPipe's model file (`--landmarker`).
        landmarks: a file of landmarks (`--landmarks`).

    Raises:
        InputError: both files were named, or the named file cannot be used.
        MissingDependency: the finder needs a package that is not installed.
    """
    if landmarker and landmarks:
        raise InputError("give either --landmarks or --landmarker, not both")
    if landmarks:
        return LandmarksFile(landmarks)
    model = find_landmarker_model(landmarker)
    if model and (landmarker or "mediapipe" not in missing_modules("faces")):
        logger.info("landmarks: MediaPipe, %s", model)
        return MediaPipeFinder(model)
    reason = "mediapipe is not installed" if model else "MediaPipe's model file was not found"
    logger.info("landmarks: the built-in networks, since %s", reason)
    return NetworkFinder()
