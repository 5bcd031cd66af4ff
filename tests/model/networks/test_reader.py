"""The reader: ordered groups are positions, and mirrored faces have the same features."""

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.reader import Reader  # noqa: E402
from f2p_deploy.model.similarity import Regions  # noqa: E402


def test_an_ordered_group_is_read_as_a_place_on_a_line() -> None:
    reader = Reader((3, 4), (False, True), 1, 6)
    regions = Regions(torch.rand(2, 11, 16, 16), torch.rand(2, 5, 3), torch.rand(2, 3))
    features = reader.features(torch.rand(2, 6), regions)
    assert features.shape == (2, reader.mean.shape[0])
    with torch.no_grad():
        reader.linear.weight.zero_()
        reader.linear.bias.zero_()
        reader.linear.bias[3] = 2.2  # the place, between the options 2 and 3
        scores, sliders = reader(features)
    assert scores.shape == (2, 7) and sliders.shape == (2, 1)
    assert scores[0, 3:].argsort(descending=True).tolist() == [2, 3, 1, 0]


def test_a_reader_of_a_stage_reads_mirrored_maps_the_same() -> None:
    reader = Reader((3, 4), (False, True), 1, 6, channels=5)
    identity, colours, hair = torch.rand(2, 6), torch.rand(2, 5, 3), torch.rand(2, 3)
    maps, stage = torch.rand(2, 11, 16, 16), torch.rand(2, 5, 16, 16)
    features = reader.features(identity, Regions(maps, colours, hair, stage))
    assert features.shape == (2, reader.mean.shape[0]) == (2, sum(reader.parts))
    other_side = [0, 1, 3, 2, 5, 4, 6, 7, 8, 9, 10]  # left brow and right, left eye and right
    mirrored = Regions(maps[:, other_side].flip(3), colours, hair, stage.flip(3))
    torch.testing.assert_close(reader.features(identity, mirrored), features)
    torch.testing.assert_close(features[:, 6 + 15 : 6 + 18], hair)
