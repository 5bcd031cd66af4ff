"""A landmark finder without a download: scikit-image's frontal-face cascade, refined by the segmentation network."""

import math
from dataclasses import dataclass

import numpy as np
from PIL import Image

from f2p_deploy.alignment.landmarks import Landmarks, five_points
from f2p_deploy.alignment.refinement import FaceSegmenter, refine
from f2p_deploy.system.extras import missing_modules, require

#: Longest edges in pixels to which a photo is shrunk for the search; the second is tried if the first finds no face.
_SEARCH_EDGES = (256, 512)

#: The cascade's smallest window in pixels, and the ratio of each window to the one before.
_WINDOW, _GROWTH = 24, 1.1

#: The step of the first look at a photo, in steps of the cascade. Around the windows that it accepts, every window is
#: then looked at, of sizes up to `_AROUND` times smaller and larger, in an area wider by `_MARGIN` of the window. On
#: 194 portraits and paintings this took a quarter of the time; 169 had the same boxes within 5 % of their edge, two had
#: none until all windows were looked at, and most others differed by one of the cascade's sizes.
_FIRST_STEP, _AROUND, _MARGIN = 3.0, 1.35, 0.3

#: Smallest number of windows (photo and mirrored photo together) that must agree on a face. In 290 photos, 95 % of the
#: true faces have 14 or more, and 90 % of the false ones fewer than 10.
_AGREEING_WINDOWS = 10

#: Smallest number of a face's windows / those of the photo's clearest face. Measured: 21 / 48 for a badge beside a
#: face, 76 / 119 for the second of two people. (A segmentation network rejects the remaining false faces.)
_OF_THE_CLEAREST = 0.5

#: Smallest intersection over union of two windows on the same face.
_SAME_FACE = 0.4

#: Mean positions of the five points in a cascade's box, in fractions of its edge: MediaPipe's points in the boxes of
#: 147 portraits. The standard deviations are 2 to 4 %.
_POINTS_IN_BOX = np.array([(0.32, 0.38), (0.68, 0.38), (0.50, 0.59), (0.31, 0.745), (0.69, 0.745)])


#: A photo is also searched upside down if its clearest face has fewer windows than this. In 77 upside-down portraits no
#: false face had more than 25 windows; of upright portraits, 90 % reach this number.
_CLEAR = 40


_NO_WINDOWS = np.empty((0, 3))


@dataclass(frozen=True)
class _Candidate:
    left: float
    top: float
    edge: float
    upside_down: bool

    @property
    def points(self) -> np.ndarray:
        """(5, 2) mean positions of the five points."""
        places = 1.0 - _POINTS_IN_BOX if self.upside_down else _POINTS_IN_BOX
        return np.array([self.left, self.top]) + places * self.edge


class CascadeFinder:
    """A finder of frontal faces by the LBP cascade that scikit-image ships (Liao et al. 2007).

    Without `segmentation` the points are at their mean positions in the box. This is enough for one-shot generation
    from a frontal, upright face. With it they are measured in the photo, and boxes without eyes and mouth are dropped.

    Args:
        segmentation: the segmentation network, or None.

    Raises:
        MissingDependency: scikit-image is not installed.
    """

    def __init__(self, segmentation: FaceSegmenter | None = None) -> None:
        if "skimage" in missing_modules("faces"):
            require("faces", "finding faces without a landmarks file (--landmarks)")
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
        """Search a photo, shrunk to `edge`, and its mirror image; return candidates in pixels of the photo."""
        grey = Image.fromarray(image).convert("L")
        scale = min(1.0, edge / max(grey.size))
        size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
        small = np.asarray(grey.resize(size, Image.Resampling.BOX) if scale < 1 else grey)
        groups, upside_down = _agreeing(self._windows_and_mirrored(small)), False
        if not groups or groups[0][1] < _CLEAR:
            # The cascade may detect an upside-down face, with hair and forehead as its chin, but with fewer windows.
            turned = _agreeing(self._windows_and_mirrored(small[::-1, ::-1], again=not groups))
            if turned and (not groups or turned[0][1] > groups[0][1]):
                groups, upside_down = turned, True
        candidates = []
        for (left, top, side), _ in groups:
            if upside_down:
                left, top = small.shape[1] - left - side, small.shape[0] - top - side
            candidates.append(_Candidate(left / scale, top / scale, side / scale, upside_down))
        return candidates

    def _windows_and_mirrored(self, grey: np.ndarray, again: bool = True) -> np.ndarray:
        """Return the (N, 3) windows of a picture and of its mirror image, in pixels of the picture.

        If a first look finds no face, all windows are looked at, unless `again` is False.
        """
        found = [_NO_WINDOWS]
        for left, top, right, bottom, smallest, largest in _areas(self._windows(grey, step=_FIRST_STEP)):
            left, top = max(0, int(left)), max(0, int(top))
            windows = self._both_ways(grey[top : int(bottom), left : int(right)], smallest, largest)
            found.append(windows + (left, top, 0.0))
        near = np.concatenate(found)
        return self._both_ways(grey) if again and not _agreeing(near) else near

    def _both_ways(self, grey: np.ndarray, smallest: float = _WINDOW, largest: float = math.inf) -> np.ndarray:
        mirrored = self._windows(grey[:, ::-1], smallest, largest)
        mirrored[:, 0] = grey.shape[1] - mirrored[:, 0] - mirrored[:, 2]
        return np.concatenate([self._windows(grey, smallest, largest), mirrored])

    def _windows(
        self, grey: np.ndarray, smallest: float = _WINDOW, largest: float = math.inf, step: float = 1.0
    ) -> np.ndarray:
        """Return the (N, 3) windows that the cascade accepts as a face: left, top, edge."""
        height, width = grey.shape
        if min(height, width) < _WINDOW:
            return _NO_WINDOWS
        boxes = self._cascade.detect_multi_scale(
            img=np.ascontiguousarray(grey),
            scale_factor=_GROWTH,
            step_ratio=step,
            min_size=(smallest, smallest),
            max_size=(min(height, largest), min(width, largest)),
            min_neighbor_number=1,
            intersection_score_threshold=2.0,  # above 1, so no windows are merged: their number is needed
        )
        return np.array([(box["c"], box["r"], box["width"]) for box in boxes], dtype=np.float64).reshape(-1, 3)

    def _landmarks(self, image: np.ndarray, candidate: _Candidate) -> Landmarks | None:
        if self._segmentation is None:
            return Landmarks(five_points(candidate.points), source="cascade", yaw=0.0)
        refined = refine(image, candidate.points, self._segmentation)
        return None if refined is None else Landmarks(five_points(refined), source="cascade+segmentation")


def _areas(windows: np.ndarray) -> list[tuple[float, ...]]:
    """Return where every window is to be looked at, from the windows of a first look; areas that overlap are one.

    Returns:
        Left, top, right and bottom of each area, and the smallest and the largest edge of its windows. The smallest is
        one of the cascade's own sizes.
    """
    areas: list[tuple[float, ...]] = []
    for left, top, edge in windows:
        margin = _MARGIN * edge
        area = (left - margin, top - margin, left + edge + margin, top + edge + margin, edge / _AROUND, edge * _AROUND)
        # An area that has grown may overlap others, so all are looked at again.
        while others := [other for other in areas if _overlap(area, other)]:
            areas = [other for other in areas if other not in others]
            low, high = np.min([area, *others], axis=0), np.max([area, *others], axis=0)
            area = (low[0], low[1], high[2], high[3], low[4], high[5])
        areas.append(area)
    return [(*area[:4], _size_below(area[4]), area[5]) for area in areas]


def _overlap(area: tuple[float, ...], other: tuple[float, ...]) -> bool:
    apart = area[0] >= other[2] or other[0] >= area[2] or area[1] >= other[3] or other[1] >= area[3]
    return not apart


def _size_below(edge: float) -> float:
    """Return the cascade's largest window that is not larger than an edge."""
    growths = max(0, math.floor(math.log(max(edge, _WINDOW) / _WINDOW, _GROWTH) + 1e-6))
    return float(_WINDOW * _GROWTH**growths)


def _agreeing(windows: np.ndarray) -> list[tuple[np.ndarray, int]]:
    """Group overlapping windows; return each sufficiently large group's median window and number of windows."""
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
    """Return True if a window's middle is in another one, as with false faces that are a part of a face."""
    middle = window[:2] + window[2] / 2
    return bool(np.all(middle >= other[:2]) and np.all(middle <= other[:2] + other[2]))
