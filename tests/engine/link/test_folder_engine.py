"""Engines that are folders: exactly what is in them, and pairs that equal those of a live engine."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameters import average
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.engine.link.folder_engine import FolderEngine, collect_samples
from f2p_deploy.engine.link.sample_folder import SampleFolder, scenes_of, write_samples
from f2p_deploy.engine.pairs import Sampling, write_pairs
from f2p_deploy.engine.pairs_check import check_pairs
from f2p_deploy.system.errors import InputError


def render_offline(engine: Any, samples: SampleFolder) -> None:
    """Do what an engine does that renders offline."""
    (samples.folder / "labels").mkdir()
    for i, scene in enumerate(samples.scenes()):
        drawn = engine.render(samples.parameters[i], samples.size, scene)
        Image.fromarray(drawn.image).save(samples.folder / f"pictures/{i:06d}.png")
        Image.fromarray(drawn.labels).save(samples.folder / f"labels/{i:06d}.png")


@pytest.mark.parametrize("scenes", ["front", "varied"])
def test_pairs_of_an_offline_engine(disc_engine: Any, tmp_path: Path, scenes: str) -> None:
    sampling = Sampling(seed=7, scenes=scenes, pictures_per_character=2 if scenes == "varied" else 1)
    vectors = sampling.parameters(disc_engine.schema, 6)
    samples = write_samples(disc_engine.schema, tmp_path / "s", 32, sampling, vectors, scenes_of(sampling, 6))
    with pytest.raises(InputError, match="000000.png is not there yet"):
        collect_samples(samples.folder, tmp_path / "early")
    render_offline(disc_engine, samples)
    done: list[int] = []
    pairs = collect_samples(samples.folder, tmp_path / "pairs", lambda now, total: done.append(now))
    assert done == [1, 2, 3, 4, 5, 6] and check_pairs(pairs.folder).ok
    live = write_pairs(disc_engine, tmp_path / "live", 6, sampling, 32)
    for i in range(6):
        assert np.array_equal(pairs.image(i), live.image(i)) and np.array_equal(pairs.labels(i), live.labels(i))
    again = FolderEngine(pairs.folder)
    assert isinstance(again, Engine)
    scenes_there = scenes_of(sampling, 6)
    for i, drawn in enumerate(again.render_many(live.parameters[:], 32, scenes_there)):
        assert np.array_equal(drawn.image, live.image(i))
    assert FolderEngine(live.folder).render(vectors[0], 32, scenes_there[0]).landmarks == live.landmarks(0)


def test_only_what_is_there_is_answered(disc_engine: Any, tmp_path: Path) -> None:
    given = average(disc_engine.schema).values[None]
    samples = write_samples(disc_engine.schema, tmp_path / "s", 32, None, given, scenes_of(None, 1))
    render_offline(disc_engine, samples)
    engine = FolderEngine(samples.folder)
    assert np.array_equal(engine.render(given[0], 32).image, disc_engine.render(given[0], 32).image)
    near = given[0].copy()
    near[0] = np.nextafter(near[0], np.float32(1))
    for ask, sentence in (
        (lambda: engine.render(near, 32), "no picture of this character: 'f2p-deploy engine sample --character FILE'"),
        (lambda: engine.render(given[0], 33), "has pictures of 32 pixels, asked for 33"),
        (lambda: engine.render(given[0], 32, Scene(yaw=1)), "but not with this pose, light and crop"),
        (lambda: collect_samples(samples.folder, tmp_path / "pairs"), "given characters, not random ones"),
        (lambda: FolderEngine(tmp_path), "is not a folder of rendered pairs"),
    ):
        with pytest.raises(InputError, match=sentence):
            ask()
