"""The sliders of MakeHuman's face: the target files of each controller of the shipped schemas."""

from dataclasses import dataclass

from f2p_deploy.character.schema import Schema

ORIGINS = ("african", "asian", "caucasian")
SEXES = ("female", "male")

#: Controllers that blend whole heads instead of moving one feature; 0 is the average of all.
MACROS = ("head.masculinity", *(f"head.{origin}" for origin in ORIGINS))

#: The age controller, and the value at which the head is MakeHuman's old one. MakeHuman's age slider ends at 1; above
#: that, the head is blended with the old one.
AGE, OLD_AGE = "head.age", 3.0


@dataclass(frozen=True)
class Slider:
    """The target files of one controller; a value v adds |v| times the displacements of the targets for its sign.

    Args:
        folder: folder of the target files below `targets/`.
        stem: the target's name without side and direction.
        low, high: the last words of the target's name for negative and positive values; empty for a slider that has
            positive values only.
        sided: True if there are a left and a right target, which are applied together.
    """

    folder: str
    stem: str
    low: str = ""
    high: str = ""
    sided: bool = False

    def files(self, positive: bool) -> tuple[str, ...]:
        """Return the target files for positive or for negative values, relative to `targets/`."""
        word = self.high if positive else self.low
        if not word and not positive:
            return ()
        sides = ("l-", "r-") if self.sided else ("",)
        return tuple(f"{self.folder}/{side}{self.stem}{'-' + word if word else ''}.target" for side in sides)


SLIDERS: dict[str, Slider] = {
    "head.age": Slider("head", "head-age", "decr", "incr"),
    "head.fat": Slider("head", "head-fat", "decr", "incr"),
    "head.oval": Slider("head", "head-oval"),
    "head.round": Slider("head", "head-round"),
    "head.rectangular": Slider("head", "head-rectangular"),
    "head.square": Slider("head", "head-square"),
    "head.triangular": Slider("head", "head-triangular"),
    "head.inverted-triangular": Slider("head", "head-invertedtriangular"),
    "head.diamond": Slider("head", "head-diamond"),
    "head.depth": Slider("head", "head-scale-depth", "decr", "incr"),
    "head.width": Slider("head", "head-scale-horiz", "decr", "incr"),
    "head.height": Slider("head", "head-scale-vert", "decr", "incr"),
    "head.back-depth": Slider("head", "head-back-scale-depth", "decr", "incr"),
    "forehead.move-forward": Slider("forehead", "forehead-trans", "backward", "forward"),
    "forehead.height": Slider("forehead", "forehead-scale-vert", "decr", "incr"),
    "forehead.nubian": Slider("forehead", "forehead-nubian", "decr", "incr"),
    "forehead.temple": Slider("forehead", "forehead-temple", "decr", "incr"),
    "eyebrows.move-forward": Slider("eyebrows", "eyebrows-trans", "backward", "forward"),
    "neck.double-chin": Slider("neck", "neck-double", "decr", "incr"),
    "neck.width": Slider("neck", "neck-scale-horiz", "decr", "incr"),
    "neck.height": Slider("neck", "neck-scale-vert", "decr", "incr"),
    "chin.triangle": Slider("chin", "chin-triangle"),
    "eyebrows.angle": Slider("eyebrows", "eyebrows-angle", "down", "up"),
    "eyebrows.move-up": Slider("eyebrows", "eyebrows-trans", "down", "up"),
    "eyes.bag-size": Slider("eyes", "eye-bag", "decr", "incr", sided=True),
    "eyes.bag-out": Slider("eyes", "eye-bag", "in", "out", sided=True),
    "eyes.bag-height": Slider("eyes", "eye-bag-height", "decr", "incr", sided=True),
    "eyes.fold-angle": Slider("eyes", "eye-eyefold-angle", "down", "up", sided=True),
    "eyes.epicanthus": Slider("eyes", "eye-epicanthus", "in", "out", sided=True),
    "eyes.fold-convex": Slider("eyes", "eye-eyefold", "concave", "convex", sided=True),
    "eyes.fold-up": Slider("eyes", "eye-eyefold", "down", "up", sided=True),
    "eyes.height1": Slider("eyes", "eye-height1", "decr", "incr", sided=True),
    "eyes.height2": Slider("eyes", "eye-height2", "decr", "incr", sided=True),
    "eyes.height3": Slider("eyes", "eye-height3", "decr", "incr", sided=True),
    "eyes.push1": Slider("eyes", "eye-push1", "in", "out", sided=True),
    "eyes.push2": Slider("eyes", "eye-push2", "in", "out", sided=True),
    "eyes.move-out": Slider("eyes", "eye-trans", "in", "out", sided=True),
    "eyes.move-up": Slider("eyes", "eye-trans", "down", "up", sided=True),
    "eyes.size": Slider("eyes", "eye-scale", "decr", "incr", sided=True),
    "eyes.inner-corner": Slider("eyes", "eye-corner1", "down", "up", sided=True),
    "eyes.outer-corner": Slider("eyes", "eye-corner2", "down", "up", sided=True),
    "nose.move-up": Slider("nose", "nose-trans", "down", "up"),
    "nose.move-forward": Slider("nose", "nose-trans", "backward", "forward"),
    "nose.height": Slider("nose", "nose-scale-vert", "decr", "incr"),
    "nose.width": Slider("nose", "nose-scale-horiz", "decr", "incr"),
    "nose.depth": Slider("nose", "nose-scale-depth", "decr", "incr"),
    "nose.nostrils-width": Slider("nose", "nose-nostrils-width", "decr", "incr"),
    "nose.point-width": Slider("nose", "nose-point-width", "decr", "incr"),
    "nose.base": Slider("nose", "nose-base", "down", "up"),
    "nose.width1": Slider("nose", "nose-width1", "decr", "incr"),
    "nose.width2": Slider("nose", "nose-width2", "decr", "incr"),
    "nose.width3": Slider("nose", "nose-width3", "decr", "incr"),
    "nose.compression": Slider("nose", "nose-compression", "compress", "uncompress"),
    "nose.curve": Slider("nose", "nose-curve", "concave", "convex"),
    "nose.greek": Slider("nose", "nose-greek", "decr", "incr"),
    "nose.hump": Slider("nose", "nose-hump", "decr", "incr"),
    "nose.volume": Slider("nose", "nose-volume", "decr", "incr"),
    "nose.nostrils-angle": Slider("nose", "nose-nostrils-angle", "down", "up"),
    "nose.point": Slider("nose", "nose-point", "down", "up"),
    "nose.septum-angle": Slider("nose", "nose-septumangle", "decr", "incr"),
    "nose.nostrils-flaring": Slider("nose", "nose-flaring", "decr", "incr"),
    "mouth.width": Slider("mouth", "mouth-scale-horiz", "decr", "incr"),
    "mouth.height": Slider("mouth", "mouth-scale-vert", "decr", "incr"),
    "mouth.depth": Slider("mouth", "mouth-scale-depth", "decr", "incr"),
    "mouth.move-up": Slider("mouth", "mouth-trans", "down", "up"),
    "mouth.move-forward": Slider("mouth", "mouth-trans", "backward", "forward"),
    "mouth.lower-lip-height": Slider("mouth", "mouth-lowerlip-height", "decr", "incr"),
    "mouth.lower-lip-width": Slider("mouth", "mouth-lowerlip-width", "decr", "incr"),
    "mouth.upper-lip-height": Slider("mouth", "mouth-upperlip-height", "decr", "incr"),
    "mouth.upper-lip-width": Slider("mouth", "mouth-upperlip-width", "decr", "incr"),
    "mouth.cupids-bow-width": Slider("mouth", "mouth-cupidsbow-width", "decr", "incr"),
    "mouth.dimples": Slider("mouth", "mouth-dimples", "in", "out"),
    "mouth.laugh-lines": Slider("mouth", "mouth-laugh-lines", "in", "out"),
    "mouth.lower-lip-ext": Slider("mouth", "mouth-lowerlip-ext", "down", "up"),
    "mouth.angles": Slider("mouth", "mouth-angles", "down", "up"),
    "mouth.lower-lip-middle": Slider("mouth", "mouth-lowerlip-middle", "down", "up"),
    "mouth.lower-lip-volume": Slider("mouth", "mouth-lowerlip-volume", "decr", "incr"),
    "mouth.philtrum-volume": Slider("mouth", "mouth-philtrum-volume", "decr", "incr"),
    "mouth.upper-lip-volume": Slider("mouth", "mouth-upperlip-volume", "decr", "incr"),
    "mouth.upper-lip-ext": Slider("mouth", "mouth-upperlip-ext", "down", "up"),
    "mouth.upper-lip-middle": Slider("mouth", "mouth-upperlip-middle", "down", "up"),
    "mouth.cupids-bow": Slider("mouth", "mouth-cupidsbow", "decr", "incr"),
    "ears.move-forward": Slider("ears", "ear-trans", "backward", "forward", sided=True),
    "ears.size": Slider("ears", "ear-scale", "decr", "incr", sided=True),
    "ears.move-up": Slider("ears", "ear-trans", "down", "up", sided=True),
    "ears.height": Slider("ears", "ear-scale-vert", "decr", "incr", sided=True),
    "ears.lobe": Slider("ears", "ear-lobe", "decr", "incr", sided=True),
    "ears.shape-triangle": Slider("ears", "ear-shape", "pointed", "triangle", sided=True),
    "ears.rotation": Slider("ears", "ear-rot", "backward", "forward", sided=True),
    "ears.shape-round": Slider("ears", "ear-shape", "square", "round", sided=True),
    "ears.depth": Slider("ears", "ear-scale-depth", "decr", "incr", sided=True),
    "ears.wing": Slider("ears", "ear-wing", "decr", "incr", sided=True),
    "ears.flap": Slider("ears", "ear-flap", "decr", "incr", sided=True),
    "chin.jaw-drop": Slider("chin", "chin-jaw-drop", "decr", "incr"),
    "chin.cleft": Slider("chin", "chin-cleft", "decr", "incr"),
    "chin.prominent": Slider("chin", "chin-prominent", "decr", "incr"),
    "chin.width": Slider("chin", "chin-width", "decr", "incr"),
    "chin.height": Slider("chin", "chin-height", "decr", "incr"),
    "chin.bones": Slider("chin", "chin-bones", "decr", "incr"),
    "chin.prognathism": Slider("chin", "chin-prognathism", "decr", "incr"),
    "cheek.volume": Slider("cheek", "cheek-volume", "decr", "incr", sided=True),
    "cheek.bones": Slider("cheek", "cheek-bones", "decr", "incr", sided=True),
    "cheek.inner": Slider("cheek", "cheek-inner", "decr", "incr", sided=True),
    "cheek.move-up": Slider("cheek", "cheek-trans", "down", "up", sided=True),
    "asym.brow-1": Slider("asym", "asym-brown-1", "r", "l"),
    "asym.brow-2": Slider("asym", "asym-brown-2", "r", "l"),
    "asym.cheek-1": Slider("asym", "asym-cheek-1", "r", "l"),
    "asym.cheek-2": Slider("asym", "asym-cheek-2", "r", "l"),
    "asym.eye-1": Slider("asym", "asym-eye-1", "r", "l"),
    "asym.eye-2": Slider("asym", "asym-eye-2", "r", "l"),
    "asym.eye-8": Slider("asym", "asym-eye-8", "r", "l"),
    "asym.jaw-1": Slider("asym", "asym-jaw-1", "r", "l"),
    "asym.jaw-2": Slider("asym", "asym-jaw-2", "r", "l"),
    "asym.jaw-3": Slider("asym", "asym-jaw-3", "r", "l"),
    "asym.mouth-1": Slider("asym", "asym-mouth-1", "r", "l"),
    "asym.mouth-2": Slider("asym", "asym-mouth-2", "r", "l"),
    "asym.nose-1": Slider("asym", "asym-nose-1", "r", "l"),
    "asym.nose-2": Slider("asym", "asym-nose-2", "r", "l"),
    "asym.nose-3": Slider("asym", "asym-nose-3", "r", "l"),
    "asym.nose-4": Slider("asym", "asym-nose-4", "r", "l"),
    "asym.temple-2": Slider("asym", "asym-temple-2", "r", "l"),
    "asym.ear-3": Slider("asym", "asym-ear-3", "r", "l"),
    "asym.ear-4": Slider("asym", "asym-ear-4", "r", "l"),
}


def has_sliders(schema: Schema) -> bool:
    """Return whether any controller of a schema is a slider of MakeHuman; if none is, it belongs to another engine."""
    return any(name in SLIDERS or name in MACROS for name in schema.controller_index)
