"""Choose the landmark finder of a run, and describe the choice."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from f2p_deploy.alignment import (
    LandmarkFinder,
    LandmarksFile,
    MediaPipeFinder,
    NetworkFinder,
    choose_finder,
    find_landmarker_model,
)
from f2p_deploy.alignment.network_finder import networks_sha256
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.extras import install_line, missing_modules, require
from f2p_deploy.system.files import sha256_of


@dataclass(frozen=True)
class FinderChoice:
    """The arguments with which another process chooses the same finder.

    Args:
        landmarker: MediaPipe's model file, for MediaPipe's finder.
        landmarks: the file of landmarks, for a finder that reads one.
        offline: True for the built-in networks.
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
    landmarker: Path | None = None,
    landmarks: Path | None = None,
    offline: bool = False,
) -> ChosenFinder:
    """Choose the landmark finder of a run and describe it.

    Args:
        landmarker: MediaPipe's model file; None to search for it.
        landmarks: a file of landmarks; None for none.
        offline: use the built-in networks even if MediaPipe is installed.

    Raises:
        InputError: a file cannot be used, or is given together with `offline`.
        MissingDependency: a file needs a package that is not installed, or the built-in networks are damaged.
    """
    if offline and (landmarker or landmarks):
        raise InputError("--offline means the built-in finder: leave out --landmarker and --landmarks")
    finder = NetworkFinder() if offline else choose_finder(landmarker, landmarks)
    if isinstance(finder, NetworkFinder):
        finder.prepare()
    choice, identity = identify_finder(finder, landmarker, landmarks)
    return ChosenFinder(finder, _sentence(finder, landmarks, offline), choice, identity)


def check_finder(landmarker: Path | None = None, landmarks: Path | None = None, offline: bool = False) -> None:
    """Raise what `choose_finder_for` raises, as far as it is known without loading MediaPipe, which takes long."""
    if offline or landmarks:
        choose_finder_for(landmarker, landmarks, offline)
    elif find_landmarker_model(landmarker) and landmarker:
        require("faces", "the MediaPipe landmarker")


def identify_finder(
    finder: LandmarkFinder, landmarker: Path | None, landmarks: Path | None
) -> tuple[FinderChoice, str]:
    """Return the choice and the identity of a finder, see `ChosenFinder`."""
    if isinstance(finder, LandmarksFile) and landmarks is not None:
        return FinderChoice(landmarks=landmarks.absolute()), f"landmarks {sha256_of(landmarks)}"
    model = find_landmarker_model(landmarker) if isinstance(finder, MediaPipeFinder) else None
    if model is not None:
        return FinderChoice(landmarker=model.absolute()), f"mediapipe {version('mediapipe')} {sha256_of(model)}"
    return FinderChoice(offline=True), f"networks {networks_sha256()}"


def _sentence(finder: LandmarkFinder, landmarks: Path | None, offline: bool) -> str:
    if isinstance(finder, LandmarksFile):
        return f"Landmarks come from {landmarks}."
    if isinstance(finder, MediaPipeFinder):
        return "Landmarks are found with MediaPipe's FaceLandmarker."
    built_in = "Landmarks are found with the built-in networks."
    if offline:
        return built_in
    better = "MediaPipe's FaceLandmarker is more exact, and its library reports its use to Google"
    return f"{built_in} {better}: {_how_to_get_mediapipe()}."


def _how_to_get_mediapipe() -> str:
    steps = []
    if "mediapipe" in missing_modules("faces"):
        steps.append(install_line("faces"))
    if find_landmarker_model() is None:
        steps.append("f2p-deploy landmarker (downloads 4 MB)")
    return ", then ".join(steps)
