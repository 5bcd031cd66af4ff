"""The kinds of recognition network that a bundle may hold: what each sees of an aligned face, and what it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recogniser:
    """One kind of recognition network F_recg.

    Args:
        name: the word in a bundle's settings.
        size: edge of the picture that it takes, in pixels.
        length: d, the length of its descriptor.
        colour: whether it sees RGB; grey otherwise.
        points: where landmarks of `LANDMARKS` lie in its picture, in fractions of the edge. Empty for a network that
            sees the whole aligned face, reduced by integer average pooling.
    """

    name: str
    size: int
    length: int
    colour: bool
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)


#: dlib's own crop follows four eye corners and the base of the nose as its own landmark model finds them; here it is a
#: fixed part of the aligned face. These points are the mean of where that crop puts ours, on 100 official portraits:
#: its centre varies by 0.007 (s.d., in edges of the aligned face), its edge by 3 %, its turn by 1.6 degrees.
_IN_DLIBS_CROP = {
    "left-eye": (0.3173, 0.2934),
    "right-eye": (0.6725, 0.2939),
    "nose-tip": (0.4963, 0.4980),
    "mouth-left": (0.3513, 0.6861),
    "mouth-right": (0.6378, 0.6880),
}

RECOGNISERS = {
    recogniser.name: recogniser
    for recogniser in (
        Recogniser("light-cnn-29v2", size=128, length=256, colour=False),
        Recogniser("dlib-resnet", size=150, length=128, colour=True, points=_IN_DLIBS_CROP),
    )
}
