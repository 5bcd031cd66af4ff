"""MIL's operators: each is compared with results computed by hand or by NumPy, as MIL's reference defines them."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.runtimes.coreml.mil.operators import OPERATORS  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


def run(name: str, **given: object) -> np.ndarray:
    arrays = {key: torch.tensor(value) for key, value in given.items() if isinstance(value, np.ndarray | list)}
    return OPERATORS[name]({**given, **arrays}).numpy()


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_convolution_pads_top_bottom_left_and_right() -> None:
    x, kernel = image(1, 1, 4, 5), np.ones((1, 1, 2, 2), np.float32)
    found = run("conv", x=x, weight=kernel, bias=np.array([0.5], np.float32), pad_type="custom", pad=[1, 0, 0, 2])
    padded = np.pad(x[0, 0], ((1, 0), (0, 2)))
    expected = padded[:-1, :-1] + padded[1:, :-1] + padded[:-1, 1:] + padded[1:, 1:] + 0.5
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-5)


def test_groups_and_strides_of_a_convolution() -> None:
    x, kernel = image(1, 2, 4, 4), np.array([[[[2.0]]], [[[3.0]]]], np.float32)
    found = run("conv", x=x, weight=kernel, strides=[2, 2], groups=2, pad_type="valid")
    np.testing.assert_allclose(found[0], np.stack([2 * x[0, 0, ::2, ::2], 3 * x[0, 1, ::2, ::2]]))


def test_transposed_convolution_lays_kernels_and_crops_its_padding() -> None:
    x = np.array([[[[1.0, 10.0]]]], np.float32)
    kernel = np.arange(1, 5, dtype=np.float32).reshape(1, 1, 1, 4)
    whole = run("conv_transpose", x=x, weight=kernel, strides=[1, 2], pad_type="valid")
    assert whole.tolist() == [[[[1, 2, 3 + 10, 4 + 20, 30, 40]]]]
    cut = run("conv_transpose", x=x, weight=kernel, strides=[1, 2], pad_type="custom", pad=[0, 0, 1, 1])
    assert cut.tolist() == [[[[2, 13, 24, 30]]]]
    larger = run(
        "conv_transpose",
        x=x,
        weight=kernel,
        strides=[1, 2],
        pad_type="custom",
        pad=[0, 0, 1, 0],
        output_shape=[1, 1, 1, 7],
        bias=np.array([0.5], np.float32),
    )
    assert larger.tolist() == [[[[2.5, 13.5, 24.5, 30.5, 40.5, 0.5, 0.5]]]], "beyond the kernels only the bias"


def test_silu_is_x_times_its_sigmoid() -> None:
    x = np.array([-2.0, 0.0, 3.0], np.float32)
    np.testing.assert_allclose(run("silu", x=x), x / (1.0 + np.exp(-x)), rtol=1e-6)


def test_pooling() -> None:
    x = np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4) - 20
    pool = {"x": x, "kernel_sizes": [2, 2], "strides": [2, 2], "pad_type": "custom", "pad": [1, 1, 1, 1]}
    assert run("max_pool", **pool)[0, 0].tolist() == [[-20, -18, -17], [-12, -10, -9], [-8, -6, -5]]
    average = run("avg_pool", **pool, exclude_padding_from_average=False)
    assert average[0, 0, 0].tolist() == [-5, (-19 - 18) / 4, -17 / 4]
    with pytest.raises(InputError, match="excludes its padding"):
        run("avg_pool", **pool, exclude_padding_from_average=True)
    with pytest.raises(InputError, match="no pooling with ceil_mode"):
        run("max_pool", **pool, ceil_mode=True)


def test_slices_pads_crops_and_tiles() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    found = run(
        "slice_by_index",
        x=x,
        begin=[1, 0, 1],
        end=[2, 2, 0],
        stride=[1, 1, 2],
        begin_mask=[False, True, False],
        end_mask=[False, False, True],
        squeeze_mask=[True, False, False],
    )
    np.testing.assert_array_equal(found, x[1, :2, 1::2])
    np.testing.assert_array_equal(
        run("pad", x=x, pad=[0, 1, 2, 0], mode="constant", constant_val=7.0),
        np.pad(x, ((0, 0), (0, 1), (2, 0)), constant_values=7)
    )
    np.testing.assert_array_equal(run("crop", x=x, crop_height=[1, 0], crop_width=[1, 2]), x[:, 1:, 1:2])
    np.testing.assert_array_equal(run("tile", x=x, reps=[1, 2, 1]), np.tile(x, (1, 2, 1)))
    with pytest.raises(InputError, match="no slices with a negative or zero stride"):
        run("slice_by_index", x=x, begin=[0, 0, 3], end=[2, 3, 0], stride=[1, 1, -1])


def test_shapes() -> None:
    x = image(2, 6)
    assert run("expand_dims", x=x, axes=[-1, 1]).shape == (2, 1, 6, 1)
    assert run("squeeze", x=x[:, None, :, None], axes=[1]).shape == (2, 6, 1)
    assert run("squeeze", x=x[:, None, :, None]).shape == (2, 6)
    np.testing.assert_array_equal(run("reshape", x=x, shape=[3, 4]), x.reshape(3, 4))
    np.testing.assert_array_equal(run("transpose", x=x, perm=[1, 0]), x.T)
    first, second = OPERATORS["split"]({"x": torch.tensor(x), "split_sizes": [2, 4], "axis": 1})
    assert first.shape == (2, 2) and second.shape == (2, 4)
    np.testing.assert_array_equal(run("fill_like", ref_tensor=x, value=2.5), np.full_like(x, 2.5))
    joined = OPERATORS["concat"]({"values": [first, second], "axis": 1})
    np.testing.assert_array_equal(joined.numpy(), x)
    stacked = OPERATORS["stack"]({"values": [torch.tensor(x), torch.tensor(2 * x)], "axis": -1})
    np.testing.assert_array_equal(stacked.numpy(), np.stack([x, 2 * x], axis=-1))


def test_batch_norm_reductions_and_products() -> None:
    x = image(2, 3, 4, 4)
    mean, variance, gamma, beta = (np.array(v, np.float32) for v in ([1, 2, 3], [4, 1, 9], [1, 2, 3], [0, 0, 1]))
    found = run("batch_norm", x=x, mean=mean, variance=variance, gamma=gamma, beta=beta, epsilon=0.0)
    column = (slice(None), None, None)
    np.testing.assert_allclose(
        found, (x - mean[column]) / np.sqrt(variance[column]) * gamma[column] + beta[column], rtol=1e-4, atol=1e-5
    )
    kept = run("reduce_sum", x=x, axes=[1, 3], keep_dims=True)
    np.testing.assert_allclose(kept, x.sum((1, 3), keepdims=True), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(run("reduce_mean", x=x, axes=[-1]), x.mean(-1), rtol=1e-4, atol=1e-6)
    a, b = image(2, 3), image(4, 3)
    np.testing.assert_allclose(run("linear", x=a, weight=b, bias=np.ones(4, np.float32)), a @ b.T + 1, rtol=1e-5)
    np.testing.assert_allclose(run("matmul", x=a, y=b, transpose_y=True), a @ b.T, rtol=1e-5)


def test_masks_and_rounding_casts() -> None:
    x, y = np.array([1.0, 2.0, 3.0], np.float32), np.array([2.0, 2.0, 2.0], np.float32)
    assert run("greater_equal", x=x, y=y).tolist() == [False, True, True]
    assert run("select", cond=np.array([True, False, True]), a=x, b=y).tolist() == [1, 2, 3]
    assert run("clip", x=x, alpha=1.5, beta=2.5).tolist() == [1.5, 2, 2.5]
    assert run("cast", x=x, dtype="int32").dtype == np.int32
    with pytest.raises(InputError, match="casts to fp32, fp16, int32, bool, the program to int16"):
        run("cast", x=x, dtype="int16")


def test_eight_bit_weights() -> None:
    data = np.array([[1, -2], [3, 4]], np.int8)
    scale, zero = np.array([0.5, 2.0], np.float32), np.array([0, 1], np.int8)
    found = run("constexpr_affine_dequantize", quantized_data=data, scale=scale, zero_point=zero, axis=0)
    assert found.tolist() == [[0.5, -1], [4, 6]]
    found = run("constexpr_blockwise_shift_scale", data=data, scale=np.array([[0.5], [2.0]], np.float32))
    assert found.tolist() == [[0.5, -1], [6, 8]]


def test_weights_in_a_table_of_ios_16() -> None:
    table = np.arange(256, dtype=np.float32) / 4
    places = np.array([0, 1, 255, 8, 9, 10], np.uint8)
    found = run("constexpr_lut_to_dense", lut=table, indices=places, shape=np.array([3, 2], np.uint32))
    assert found.tolist() == [[0, 0.25], [63.75, 2], [2.25, 2.5]]
    # The example of the operator's document: five places of two bits in two bytes.
    packed, five = np.array([0b01101100, 0b11], np.uint8), np.array([5], np.uint32)
    found = run("constexpr_lut_to_dense", lut=table[:4], indices=packed, shape=five)
    assert found.tolist() == [0, 0.75, 0.5, 0.25, 0.75]
    with pytest.raises(InputError, match="tables of iOS 16 have 2, 4, 16, 64, 256 values, the program's has 8"):
        run("constexpr_lut_to_dense", lut=table[:8], indices=packed, shape=five)
    with pytest.raises(InputError, match="1 bytes of places, too few for 5 numbers"):
        run("constexpr_lut_to_dense", lut=table[:4], indices=packed[:1], shape=five)


@pytest.mark.parametrize("bits", [1, 2, 4, 6, 8])
def test_packed_places_of_ios_16_are_those_of_coremltools(bits: int) -> None:
    from coremltools.optimize._utils import pack_elements_into_bits

    random = np.random.default_rng(bits)
    table = random.normal(size=2**bits).astype(np.float32)
    places = random.integers(0, 2**bits, 77).astype(np.uint8)
    packed, shape = pack_elements_into_bits(places, bits), np.array([7, 11], np.uint32)
    found = run("constexpr_lut_to_dense", lut=table, indices=packed, shape=shape)
    assert np.array_equal(np.asarray(found), table[places].reshape(7, 11))


def test_weights_in_tables_for_parts_of_them_of_ios_18() -> None:
    # Case 1 of the operator's document: two tables along the first axis.
    places = np.array([2, 3, 3, 0, 1, 0, 3, 0, 2, 1, 0, 3], np.uint8).reshape(6, 2)
    tables = np.array([1.0, 5.0, 9.0, 13.0, 2.0, 10.0, 18.0, 26.0], np.float32).reshape(2, 1, 4, 1)
    found = run("constexpr_lut_to_dense", lut=tables, indices=places)
    assert found.tolist() == [[9, 13], [13, 1], [5, 1], [26, 2], [18, 10], [2, 26]]
    one = run("constexpr_lut_to_dense", lut=tables[:1], indices=places)
    assert one.tolist() == tables[0].ravel()[places].tolist()
    with pytest.raises(InputError, match="tables of scalars"):
        run("constexpr_lut_to_dense", lut=tables.reshape(1, 1, 4, 2), indices=places)
