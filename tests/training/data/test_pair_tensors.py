"""Pairs in memory, and pictures between bytes and tensors."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.data import pair_tensors  # noqa: E402
from f2p_deploy.training.data.pair_tensors import PairTensors, tile, to_float, to_uint8  # noqa: E402


def test_pictures_parameters_and_labels_are_those_of_the_folder(disc_pairs: Path) -> None:
    pairs, tensors = PairSet(disc_pairs), PairTensors(disc_pairs, 128, labels=True)
    positions = np.array([3, 17])
    assert len(tensors) == 60 and tensors.has_labels
    np.testing.assert_array_equal(to_uint8(tensors.images(positions))[1], pairs.image(17))
    np.testing.assert_array_equal(tensors.parameters(positions).numpy(), pairs.parameters[positions])
    np.testing.assert_array_equal(tensors.label_maps(positions)[0].numpy(), pairs.labels(3))
    pictures, labels = tensors.labelled(positions)
    np.testing.assert_array_equal(pictures[0], pairs.image(3))
    np.testing.assert_array_equal(labels[1], pairs.labels(17))


def test_a_limit_reads_the_first_pairs(disc_pairs: Path) -> None:
    assert len(PairTensors(disc_pairs, 128, limit=5)) == 5


def test_many_pairs_are_kept_on_the_disk(disc_pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = PairTensors(disc_pairs, 128, labels=True, cache=tmp_path / "pairs")
    assert not (tmp_path / "pairs").exists()
    monkeypatch.setattr(pair_tensors, "MOST_IN_MEMORY", 1000)
    disk = PairTensors(disc_pairs, 128, labels=True, cache=tmp_path / "pairs")
    (path,) = (tmp_path / "pairs").iterdir()
    assert path.stat().st_size == 60 * 128 * 128 * 4
    monkeypatch.setattr(PairTensors, "_decode", lambda self: pytest.fail("decoded again"))
    again = PairTensors(disc_pairs, 128, labels=True, cache=tmp_path / "pairs")
    positions = np.array([7, 31])
    for tensors in (disk, again):
        assert torch.equal(tensors.images(positions), memory.images(positions))
        assert torch.equal(tensors.label_maps(positions), memory.label_maps(positions))


def test_label_maps_are_read_if_wanted_or_found(disc_pairs: Path) -> None:
    assert PairTensors(disc_pairs, 128, labels=None, limit=1).has_labels
    without = PairTensors(disc_pairs, 128, limit=1)
    assert not without.has_labels
    for read in (without.label_maps, without.labelled):
        with pytest.raises(InputError, match="the label maps of .* were not read"):
            read(np.array([0]))


def test_another_size_is_refused(disc_pairs: Path) -> None:
    with pytest.raises(InputError, match="holds pictures of 128 pixels; the bundle needs 256"):
        PairTensors(disc_pairs, 256)


def test_bytes_survive_the_way_to_floats_and_back() -> None:
    pictures = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1).repeat(3, axis=3)
    floats = to_float(pictures)
    assert floats.shape == (1, 3, 16, 16) and float(floats.max()) == 1.0
    assert floats.is_contiguous(memory_format=torch.channels_last)
    np.testing.assert_array_equal(to_uint8(floats), pictures)
    values = torch.tensor([-1.0, 2.0, 7.6 / 255.0]).view(1, 1, 1, 3)
    assert to_uint8(values).ravel().tolist() == [0, 255, 8]


def test_a_sheet_has_its_rows_below_each_other() -> None:
    rows = [np.full((3, 2, 4, 3), value, np.uint8) for value in (1, 2)]
    sheet = tile(rows)
    assert sheet.shape == (4, 12, 3) and sheet[:2].max() == 1 and sheet[2:].min() == 2
