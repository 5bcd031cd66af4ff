"""Ways to store weights: the numbers of bits in their order."""

from f2p_deploy.export.palette.coding import CORE_ML_17, CORE_ML_18, ONNX_CODING, Coding


def test_numbers_of_bits_are_in_order() -> None:
    assert Coding(palettes=(4, 6), steps=(5, 8)).bits == (4, 5, 6, 8)
    assert Coding(palettes=(4, 6), steps=(8,), halves=True).bits == (4, 6, 8, 16)
    assert ONNX_CODING.bits == (3, 4, 5, 6, 7, 8, 12)


def test_core_ml_has_the_sizes_of_its_palettes() -> None:
    assert set(CORE_ML_17.palettes) <= {1, 2, 4, 6, 8} and CORE_ML_17.whole
    assert set(CORE_ML_18.palettes) <= {1, 2, 3, 4, 6, 8} and not CORE_ML_18.whole
