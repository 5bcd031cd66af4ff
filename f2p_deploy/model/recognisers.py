"""The kinds of recognition network that a bundle may hold: the input that each takes and the output it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recogniser:
    """One kind of recognition network F_recg.

    Args:
        name: value of `recognition` in a bundle's settings.
        size: edge of its input in pixels.
        length: d, the length of its descriptor.
        colour: true if it takes RGB, false if it takes grey.
        points: positions of `LANDMARKS` in its input, in fractions of the edge. Empty for a network that takes the
            whole aligned face, reduced by integer average pooling.
    """

    name: str
    size: int
    length: int
    colour: bool
    points: Mapping[str, tuple[float, float]] = field(default_factory=dict)


#: dlib crops faces by four eye corners and the base of the nose, found by dlib's landmark model; here the crop is a
#: fixed part of the aligned face. These points are the mean positions of our landmarks in dlib's crops of 100 official
#: portraits. There the crop's centre has a standard deviation of 0.007 edges of the aligned face, its edge of 3 %, and
#: its rotation of 1.6 degrees.
_IN_DLIBS_CROP = {
    "left-eye": (0.3173, 0.2934),
    "right-eye": (0.6725, 0.2939),
    "nose-tip": (0.4963, 0.4980),
    "mouth-left": (0.3513, 0.6861),
    "mouth-right": (0.6378, 0.6880),
}

#: LightCNN's authors turn a face until its eyes are level, put the middle of the eyes at x 64, y 40 of 128 pixels and
#: the middle of the mouth 48 pixels below. These points are the mean positions of our landmarks in 147 official
#: portraits that were cut out like that, averaged with their mirror images. Photos aligned with the average face come
#: out close to it: `bench/crop.py` measures how close.
_IN_LIGHT_CNNS_CROP = {
    "left-eye": (0.3136, 0.3125),
    "right-eye": (0.6864, 0.3125),
    "nose-tip": (0.5, 0.5246),
    "mouth-left": (0.3063, 0.6875),
    "mouth-right": (0.6937, 0.6875),
}

RECOGNISERS = {
    recogniser.name: recogniser
    for recogniser in (
        Recogniser("light-cnn-29v2", size=128, length=256, colour=False),
        Recogniser("light-cnn-29v2-crop", size=128, length=256, colour=False, points=_IN_LIGHT_CNNS_CROP),
        Recogniser("dlib-resnet", size=150, length=128, colour=True, points=_IN_DLIBS_CROP),
    )
}

#: The recogniser of the same network that takes the crop its published weights were trained on.
CROPPED = {"light-cnn-29v2": "light-cnn-29v2-crop"}
