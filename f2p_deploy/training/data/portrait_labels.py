"""Label maps of real portraits from MediaPipe's 478 points, to train the segmentation network on (section 3.6).

Brows, eyes, nose, lips and the skin between them come from the mesh. Hair and background are labelled by colour where
the colours are clear. Everything else (neck, ears, clothes, uncertain hair) is `UNKNOWN`, which the loss ignores.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from f2p_deploy.alignment.aligned_face import AlignedFace
from f2p_deploy.alignment.warp import transform
from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.system.errors import InputError

#: Label of pixels whose class is unknown.
UNKNOWN = 255

# Contours of MediaPipe's mesh (FaceLandmarksConnections), as closed polygons. MediaPipe names sides from the person's
# view; here left is left in the picture, as in the engine's label maps. MediaPipe has no contour of the nose: the one
# here runs from the bridge (168) along the sides to the wings (129, 358) and the base (2).
_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
_OUTER_UPPER_LIP = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
_INNER_UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
_OUTER_LOWER_LIP = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
_INNER_LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)

#: Contours of the regions in the order of painting: later ones cover earlier ones.
REGION_CONTOURS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("skin", _OVAL),
    (
        "nose",
        (
            *(168, 193, 122, 188, 174, 217, 209, 129, 64, 240, 97),
            *(2, 326, 460, 294, 358, 429, 437, 399, 412, 351, 417),
        ),
    ),
    ("left-brow", (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)),
    ("right-brow", (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)),
    ("left-eye", (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246)),
    ("right-eye", (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466)),
    ("upper-lip", (*_OUTER_UPPER_LIP, *reversed(_INNER_UPPER_LIP))),
    ("lower-lip", (*_OUTER_LOWER_LIP, *reversed(_INNER_LOWER_LIP))),
    ("inner-mouth", (*_INNER_UPPER_LIP, *reversed(_INNER_LOWER_LIP))),
)

#: All points of those contours, each once: the shape of a face (`f2p_deploy.training.data.face_shapes`).
CONTOUR_POINTS: tuple[int, ...] = tuple(sorted({point for _, contour in REGION_CONTOURS for point in contour}))

#: The parts of a face that evaluation compares, with their contours.
_PARTS: dict[str, tuple[str, ...]] = {
    "eyes": ("left-eye", "right-eye"),
    "brows": ("left-brow", "right-brow"),
    "nose": ("nose",),
    "mouth": ("upper-lip", "lower-lip", "inner-mouth"),
    "contour": ("skin",),
}

#: Points of MediaPipe's mesh that evaluation compares, by part of the face.
PART_POINTS: dict[str, tuple[int, ...]] = {
    part: tuple(sorted({point for name, contour in REGION_CONTOURS if name in contours for point in contour}))
    for part, contours in _PARTS.items()
}

#: The outer corners of the eyes among MediaPipe's points; their distance is the unit of all landmark figures.
OUTER_CORNERS = (33, 263)

#: Oversampling factor of painted polygons; a pixel gets the class with the largest share of it.
_OVERSAMPLING = 4

#: The ring in which hair is sampled, the limit up to which hair and the limit beyond which background is labelled, as
#: scales of the face's oval about its centre.
_HAIR_RING = (1.12, 1.32)
_HAIR_BEYOND = 1.7
_BACKGROUND_BEYOND = 1.45

#: Minimum distance of a pixel that differs from a colour, and maximum distance of one that matches it, in standard
#: deviations of the colour.
_DIFFERENT, _LIKE = 2.5, 2.0


@dataclass(frozen=True)
class RegionLabels:
    """The label map of one face, with confidences.

    Args:
        labels: (S, S) uint8 indices into `HELEN_CLASSES`, or `UNKNOWN`.
        confidence: (S, S) float32 in [0, 1]: 1 inside a region, 0.5 where regions meet, 0 where unknown.
    """

    labels: np.ndarray
    confidence: np.ndarray


def label_portrait(aligned: AlignedFace) -> RegionLabels:
    """Return the labels of an aligned portrait: regions from its mesh, hair and background where colours are clear.

    Raises:
        InputError: the face has no mesh, since another finder than MediaPipe's found it.
    """
    if aligned.landmarks.dense is None:
        raise InputError(
            f"regions are drawn from MediaPipe's 478 points; this face, found by {aligned.landmarks.source}, has none"
        )
    dense = transform(aligned.matrix, aligned.landmarks.dense)
    labels = region_labels(dense, len(aligned.image))
    labels = with_hair_and_background(labels, aligned.image, dense)
    return RegionLabels(labels, confidence_of(labels))


def region_labels(dense: np.ndarray, size: int) -> np.ndarray:
    """Return the label map of the regions of MediaPipe's mesh.

    Args:
        dense: (478, 2) points in pixels of the square, pixel centres at .5.
        size: edge S of the square.

    Returns:
        (S, S) uint8: skin, brows, eyes, nose, lips, inner mouth, and `UNKNOWN` outside the face's oval.
    """
    values = np.array((*range(len(HELEN_CLASSES)), UNKNOWN), np.uint8)
    codes = np.zeros(256, np.int64)
    codes[values] = np.arange(len(values))
    large = np.arange(size * _OVERSAMPLING) // _OVERSAMPLING
    pixels = large[:, None] * size + large[None, :]
    counts = np.bincount(
        (pixels * len(values) + codes[_paint(dense, size)]).ravel(), minlength=size * size * len(values)
    )
    return values[counts.reshape(size, size, len(values)).argmax(axis=2)]


def render_labels(shape: np.ndarray, engine_labels: np.ndarray) -> np.ndarray:
    """Return a render's label map as photos are labelled: regions by the mesh, hair and background by the engine.

    The engine labels the pixels of brow hairs, the mesh the area of a brow. The content loss compares photos with
    renders, so their labels must have the same meaning.

    Args:
        shape: (K, 2) `CONTOUR_POINTS` in edges of the picture, NaN where MediaPipe found no face.
        engine_labels: (S, S) uint8 Helen classes by the engine.

    Returns:
        (S, S) uint8 Helen classes; `engine_labels` itself if there is no mesh.
    """
    if not np.isfinite(shape).all():
        return engine_labels
    size = len(engine_labels)
    dense = np.zeros((max(CONTOUR_POINTS) + 1, 2))
    dense[list(CONTOUR_POINTS)] = shape * size
    painted = _paint(dense, size)[_OVERSAMPLING // 2 :: _OVERSAMPLING, _OVERSAMPLING // 2 :: _OVERSAMPLING]
    by_engine = np.isin(engine_labels, [HELEN_CLASSES.index("background"), HELEN_CLASSES.index("hair")])
    return np.where(by_engine | (painted == UNKNOWN), engine_labels, painted)


def _paint(dense: np.ndarray, size: int) -> np.ndarray:
    """Return the label map painted at `_OVERSAMPLING` times the square's size, `UNKNOWN` outside the face's oval."""
    large = np.full((size * _OVERSAMPLING, size * _OVERSAMPLING), UNKNOWN, dtype=np.uint8)
    canvas = Image.fromarray(large)
    draw = ImageDraw.Draw(canvas)
    for name, indices in REGION_CONTOURS:
        corners = dense[list(indices)] * _OVERSAMPLING - 0.5
        draw.polygon([(float(x), float(y)) for x, y in corners], fill=HELEN_CLASSES.index(name))
    return np.asarray(canvas)


def with_hair_and_background(labels: np.ndarray, image: np.ndarray, dense: np.ndarray) -> np.ndarray:
    """Return labels with hair and background added where the colours are clear.

    There are two colour models: of the labelled skin, and of a ring above the forehead. If they differ, hair is the
    part that matches the ring, differs from skin and is connected to the ring; a cap counts as hair, and bald heads get
    no hair. Background is the part far from the face and above the mouth that differs from skin and ring and is
    connected to the upper borders of the square. On the forehead, pixels unlike skin may be a fringe and become
    `UNKNOWN`.

    Args:
        labels: (S, S) from `region_labels`.
        image: (S, S, 3) uint8 RGB aligned face.
        dense: (478, 2) points in pixels of the square.

    Returns:
        A copy of `labels` in which some `UNKNOWN` pixels have a class.
    """
    size = len(labels)
    colours = np.asarray(Image.fromarray(image).convert("LAB"), dtype=np.float32)
    reach = _oval_distance(dense, size)
    rows = (np.arange(size) + 0.5)[:, None]
    above_brows = rows < dense[[105, 334], 1].mean()
    above_chin = rows < dense[152, 1]
    above_mouth = rows < dense[0, 1]

    skin = _colour_model(colours[labels == HELEN_CLASSES.index("skin")])
    ring = _colour_model(colours[(reach > _HAIR_RING[0]) & (reach < _HAIR_RING[1]) & above_brows])
    if skin is None or ring is None:
        return labels
    to_skin, to_ring = _deviations(colours, skin), _deviations(colours, ring)
    result = labels.copy()
    result[(labels == HELEN_CLASSES.index("skin")) & above_brows & (to_skin > _LIKE)] = UNKNOWN

    has_hair = _apart(ring, skin)
    like_hair = (labels == UNKNOWN) & above_chin & (to_ring < _LIKE) & (to_skin > _DIFFERENT)
    if has_hair:
        hair = _touching(like_hair, (reach > _HAIR_RING[0]) & (reach < _HAIR_RING[1]) & above_brows)
        result[hair & (reach > 1.06) & (reach < _HAIR_BEYOND)] = HELEN_CLASSES.index("hair")
    unlike_face = (to_skin > _DIFFERENT) & ((to_ring > _DIFFERENT) if has_hair else True)
    background = (labels == UNKNOWN) & above_mouth & (reach > _BACKGROUND_BEYOND) & unlike_face
    result[_touching(background, _upper_edges(size))] = HELEN_CLASSES.index("background")
    return result


def confidence_of(labels: np.ndarray) -> np.ndarray:
    """Return (S, S) float32: 0 where the label is unknown, 0.5 where a neighbour has another label, else 1."""
    padded = np.pad(labels, 1, mode="edge")
    inner = padded[1:-1, 1:-1]
    meets = np.zeros(labels.shape, dtype=bool)
    for neighbour in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
        meets |= neighbour != inner
    return np.where(labels == UNKNOWN, 0.0, np.where(meets, 0.5, 1.0)).astype(np.float32)


def _oval_distance(dense: np.ndarray, size: int) -> np.ndarray:
    """Return, for each pixel, the scale about its centre at which the face's oval reaches the pixel."""
    outline = dense[list(_OVAL)]
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    spokes = outline - middle
    order = np.argsort(np.arctan2(spokes[:, 1], spokes[:, 0]))
    angles = np.arctan2(spokes[order, 1], spokes[order, 0])
    radii = np.hypot(spokes[order, 0], spokes[order, 1])
    grid = np.arange(size) + 0.5
    x, y = grid[None, :] - middle[0], grid[:, None] - middle[1]
    return np.hypot(x, y) / np.interp(np.arctan2(y, x), angles, radii, period=2 * np.pi)


def _touching(mask: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Return the connected parts of a mask that cover more than one per cent of the square and touch the seeds."""
    from skimage.measure import label

    parts = label(mask, connectivity=1)
    sizes = np.bincount(parts.ravel())
    large = np.flatnonzero(sizes > 0.01 * mask.size)
    return mask & np.isin(parts, np.intersect1d(np.unique(parts[seeds & mask]), large))


def _upper_edges(size: int) -> np.ndarray:
    edges = np.zeros((size, size), dtype=bool)
    edges[0, :] = edges[: size // 2, 0] = edges[: size // 2, -1] = True
    return edges


def _colour_model(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the median and the spread (at least 6 of 255) of (N, 3) colours; None for fewer than 50."""
    if len(samples) < 50:
        return None
    median = np.median(samples, axis=0)
    spread = 1.48 * np.median(np.abs(samples - median), axis=0)
    return median, np.maximum(spread, 6.0)


def _deviations(colours: np.ndarray, model: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    median, spread = model
    return np.sqrt((((colours - median) / spread) ** 2).mean(axis=-1))


def _apart(one: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray]) -> bool:
    spread = np.minimum(one[1] + other[1], 40.0)
    return bool(np.sqrt((((one[0] - other[0]) / spread) ** 2).max()) > 1.0)
