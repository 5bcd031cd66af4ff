"""The ways in which formats store weights of few bits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Coding:
    """The ways in which a format can store weights.

    Args:
        palettes: the numbers of bits with a palette.
        steps: those with equal steps for each output channel, symmetric about zero.
        halves: whether a weight may stay float16.
        whole: whether a palette belongs to a layer rather than to an output channel.
        shifts: whether biases can take what outputs lose on average.
        own_steps: whether codes of equal steps are ours to choose; otherwise another tool rounds every weight alone.
    """

    palettes: tuple[int, ...]
    steps: tuple[int, ...]
    halves: bool = False
    whole: bool = False
    shifts: bool = True
    own_steps: bool = True

    @property
    def bits(self) -> tuple[int, ...]:
        """All numbers of bits, in ascending order."""
        return tuple(sorted(self.palettes + self.steps)) + ((HALF,) if self.halves else ())


#: The number of bits of a weight that stays float16.
HALF = 16

#: ONNX computes with codes of any number of bits. Twelve are for layers with few large weights among many small ones:
#: those of a reader of options are such, and compressed they take little.
ONNX_CODING = Coding(palettes=(3, 4, 5), steps=(6, 7, 8, 12))

#: Until iOS 17 a palette of Core ML belongs to a layer, and its codes have 1, 2, 4, 6 or 8 bits.
CORE_ML_17 = Coding(palettes=(4, 6), steps=(8,), halves=True, whole=True, shifts=False, own_steps=False)

#: Since iOS 18 each output channel can have its own, and codes can have 3 bits.
CORE_ML_18 = Coding(palettes=(3, 4, 6), steps=(8,), halves=True, shifts=False, own_steps=False)
