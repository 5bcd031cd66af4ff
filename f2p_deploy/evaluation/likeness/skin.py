"""Agreement of skin colour between photos and characters, measured on the cheeks."""

from dataclasses import dataclass

import numpy as np

#: MediaPipe's points in the middle of the cheeks, at the picture's left and right, and half the edge of the squares
#: around them, in outer-eye distances.
_CHEEKS = (50, 205, 280, 425)
_REACH = 0.07
_OUTER_CORNERS = (33, 263)


@dataclass(frozen=True)
class SkinFigures:
    """Agreement of the cheeks of characters and photos.

    Args:
        lightness, ita: Spearman's rank correlation of CIE L* and of the individual typology angle, photo to character.
        difference: median CIEDE2000 between photo and character, over all people.
        thirds: median CIEDE2000 by thirds of the photos' typology angle, the darkest first.
    """

    lightness: float
    ita: float
    difference: float
    thirds: tuple[float, float, float]


def cheek_colour(picture: np.ndarray, mesh: np.ndarray) -> np.ndarray:
    """Return the (3,) median CIE Lab (D65) of the cheeks.

    Args:
        picture: (H, W, 3) uint8 sRGB.
        mesh: (478, 2) MediaPipe's points, in pixels of the picture.
    """
    from skimage.color import rgb2lab

    reach = max(1.0, _REACH * float(np.hypot(*(mesh[_OUTER_CORNERS[1]] - mesh[_OUTER_CORNERS[0]]))))
    height, width = picture.shape[:2]
    pixels = []
    for x, y in mesh[list(_CHEEKS)]:
        left, right = (int(np.clip(round(v), 0, width - 1)) for v in (x - reach, x + reach))
        top, bottom = (int(np.clip(round(v), 0, height - 1)) for v in (y - reach, y + reach))
        pixels.append(picture[top : bottom + 1, left : right + 1].reshape(-1, 3))
    return np.median(rgb2lab(np.concatenate(pixels)[None])[0], axis=0)


def typology_angle(lab: np.ndarray) -> np.ndarray:
    """Return (N,) individual typology angles of (N, 3) CIE Lab colours in degrees; 55 is very light, -50 very dark."""
    return np.degrees(np.arctan2(lab[:, 0] - 50.0, lab[:, 2]))


def compare_skin(photos: np.ndarray, characters: np.ndarray) -> SkinFigures:
    """Compare (N, 3) CIE Lab colours of the same people's cheeks."""
    from skimage.color import deltaE_ciede2000

    apart = deltaE_ciede2000(photos, characters)
    parts = np.array_split(np.argsort(typology_angle(photos)), 3)
    return SkinFigures(
        lightness=_rank_correlation(photos[:, 0], characters[:, 0]),
        ita=_rank_correlation(typology_angle(photos), typology_angle(characters)),
        difference=float(np.median(apart)),
        thirds=tuple(float(np.median(apart[part])) for part in parts),  # type: ignore[arg-type]
    )


def _rank_correlation(photos: np.ndarray, characters: np.ndarray) -> float:
    """Return Spearman's rank correlation; 0 if all values of one side are equal."""
    from scipy.stats import spearmanr

    if np.ptp(photos) == 0 or np.ptp(characters) == 0:
        return 0.0
    return float(spearmanr(photos, characters).statistic)
