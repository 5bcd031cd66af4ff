"""The finder that needs no download: scikit-image's frontal-face cascade, refined by the segmentation network."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.alignment.refinement import FaceSegmenter, refine
from f2p_deploy.system.extras import missing_modules, require

#: Longest edge in pixels at which a photo is searched, one after the other until a face is found.
_SEARCH_EDGES = (256, 512)

#: The cascade's own window is 24 pixels; each next window is a tenth larger.
_WINDOW, _GROWTH = 24, 1.1

#: Windows (photo and mirrored photo together) that must agree on a face. Of 290 photos the true face has 14 or more
#: in nineteen of twenty, what is no face fewer than 10 in nine of ten.
_AGREEING_WINDOWS = 10

#: A face needs at least this part of the windows of the photo's clearest face: 21 to 48 was a badge beside a face,
#: 76 to 119 the second of two people. (Segmentation, where there is one, sorts out the rest.)
_OF_THE_CLEAREST = 0.5

#: Overlap (intersection over union) from which two windows mean the same face.
_SAME_FACE = 0.4

#: Mean place of the five points in a cascade's box, in fractions of its edge, and their standard deviation (2 to 4 %):
#: MediaPipe's points in the boxes found on 147 portraits.
_POINTS_IN_BOX = np.array([(0.32, 0.38), (0.68, 0.38), (0.50, 0.59), (0.31, 0.745), (0.69, 0.745)])


#: A photo whose clearest face has fewer windows than this is searched upside down, too: of 77 portraits that are upside
#: down none had more than 25 windows on what is no face; upright nine in ten reach this.
_CLEAR = 40


@dataclass(frozen=True)
class _Candidate:
    left: float
    top: float
    edge: float
    upside_down: bool

    @property
    def points(self) -> np.ndarray:
        """The five points at their mean places, (5, 2)."""
        places = 1.0 - _POINTS_IN_BOX if self.upside_down else _POINTS_IN_BOX
        return np.array([self.left, self.top]) + places * self.edge


class CascadeFinder:
    """Finds frontal faces with the LBP cascade that scikit-image ships (Liao et al. 2007).

    Without `segmentation` the points stand at their mean places in the box, which is enough for one-shot generation of
    a frontal, upright face; with it they are read off the photo, and boxes without eyes and mouth are dropped.

    Args:
        segmentation: the segmentation network, if there is one.

    Raises:
        MissingDependency: scikit-image is not installed.
    """

    def __init__(self, segmentation: FaceSegmenter | None = None) -> None:
        if "skimage" in missing_modules("faces"):
            require("faces", "finding faces, where no landmarks are given (--landmarks),")
        from skimage.data import lbp_frontal_face_cascade_filename
        from skimage.feature import Cascade

        self._cascade = Cascade(lbp_frontal_face_cascade_filename())
        self._segmentation = segmentation

    def find(self, image: np.ndarray, name: str | None = None, reduction: int = 1) -> list[Landmarks]:
        """Find the frontal faces of an (H, W, 3) uint8 RGB photo, largest first; see `LandmarkFinder`."""
        for edge in _SEARCH_EDGES:
            candidates = self._candidates(image, edge)
            faces = [face for candidate in candidates if (face := self._landmarks(image, candidate)) is not None]
            if faces or max(image.shape[:2]) <= edge:
                return sorted(faces, key=lambda face: face.area, reverse=True)
        return []

    def _candidates(self, image: np.ndarray, edge: int) -> list[_Candidate]:
        """Search a photo shrunk to `edge`, and its mirror image; return boxes in pixels of the photo."""
        grey = Image.fromarray(image).convert("L")
        scale = min(1.0, edge / max(grey.size))
        size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
        small = np.asarray(grey.resize(size, Image.Resampling.BOX) if scale < 1 else grey)
        found, upside_down = _agreeing(self._windows_and_mirrored(small)), False
        if not found or found[0][1] < _CLEAR:
            # Hair and forehead of an upside-down face pass for a chin, but fewer windows agree on it than on the face.
            turned = _agreeing(self._windows_and_mirrored(np.ascontiguousarray(small[::-1, ::-1])))
            if turned and (not found or turned[0][1] > found[0][1]):
                found, upside_down = turned, True
        candidates = []
        for (left, top, side), _ in found:
            if upside_down:
                left, top = small.shape[1] - left - side, small.shape[0] - top - side
            candidates.append(_Candidate(left / scale, top / scale, side / scale, upside_down))
        return candidates

    def _windows_and_mirrored(self, grey: np.ndarray) -> np.ndarray:
        """Return the windows of a picture and of its mirror image, (N, 3), in the picture."""
        mirrored = self._windows(np.ascontiguousarray(grey[:, ::-1]))
        mirrored[:, 0] = grey.shape[1] - mirrored[:, 0] - mirrored[:, 2]
        return np.concatenate([self._windows(grey), mirrored])

    def _windows(self, grey: np.ndarray) -> np.ndarray:
        """Return every window that the cascade takes for a face, (N, 3): left, top, edge."""
        if min(grey.shape) < _WINDOW:
            return np.empty((0, 3))
        found = self._cascade.detect_multi_scale(
            img=grey,
            scale_factor=_GROWTH,
            step_ratio=1,
            min_size=(_WINDOW, _WINDOW),
            max_size=grey.shape,
            min_neighbor_number=1,
            intersection_score_threshold=2.0,  # overlaps reach 1, so nothing is merged: the number of windows counts
        )
        return np.array([(box["c"], box["r"], box["width"]) for box in found], dtype=np.float64).reshape(-1, 3)

    def _landmarks(self, image: np.ndarray, candidate: _Candidate) -> Landmarks | None:
        if self._segmentation is None:
            return Landmarks(five_points(candidate.points), source="cascade", yaw=0.0)
        refined = refine(image, candidate.points, self._segmentation)
        return None if refined is None else Landmarks(five_points(refined), source="cascade+segmentation")


def _agreeing(windows: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Group overlapping windows; return the median window and the size of each group that is large enough."""
    left, top, edge = windows.T
    width = np.minimum.outer(left + edge, left + edge) - np.maximum.outer(left, left)
    height = np.minimum.outer(top + edge, top + edge) - np.maximum.outer(top, top)
    common = np.clip(width, 0, None) * np.clip(height, 0, None)
    area = edge**2
    same = common / (area[:, None] + area[None, :] - common) > _SAME_FACE
    groups: list[tuple[np.ndarray, int]] = []
    free = np.ones(len(windows), dtype=bool)
    while free.any():
        agreeing = (same & free).sum(axis=1) * free
        most = int(agreeing.argmax())
        clearest = groups[0][1] if groups else 0
        if agreeing[most] < max(_AGREEING_WINDOWS, _OF_THE_CLEAREST * clearest):
            break
        members = same[most] & free
        groups.append((np.median(windows[members], axis=0), int(agreeing[most])))
        free &= ~members
    return [
        (window, count)
        for window, count in groups
        if not any(_inside(window, other) for other, others in groups if others > count)
    ]


def _inside(window: np.ndarray, other: np.ndarray) -> bool:
    """Whether a window's middle lies in another one: parts of a face look like faces, faces in faces do not occur."""
    middle = window[:2] + window[2] / 2
    return bool(np.all(middle >= other[:2]) and np.all(middle <= other[:2] + other[2]))
