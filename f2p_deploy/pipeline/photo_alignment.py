"""One photo to the aligned face that a runtime takes."""

from pathlib import Path

from f2p_deploy.alignment import AlignedFace, LandmarkFinder, align_photo
from f2p_deploy.pipeline.finder import choose_finder_for
from f2p_deploy.runtimes import Runtime


def align_face(photo: str | Path, runtime: Runtime, finder: LandmarkFinder | None = None) -> AlignedFace:
    """Open a photo, find the largest face and warp it onto the average face of a runtime's bundle.

    Args:
        photo: the file.
        runtime: gives the size and the average face.
        finder: finds landmarks; MediaPipe's where it is installed and its model is there, else the built-in networks.

    Returns:
        The face: `image` is (S, S, 3) uint8 RGB, `landmarks.shape` its measured shape where the finder gives a
        mesh, and `warnings` are sentences for people.

    Raises:
        InputError: no photo, or one that cannot be read.
        PhotoError: no face, or one that is too small or turned away too far.
    """
    settings = runtime.settings
    chosen = finder or choose_finder_for().finder
    return align_photo(Path(photo), chosen, settings.alignment.landmarks, settings.architecture.image_size)
