"""Rendered pairs: round trips, resuming after a kill, and no mixing of different sets."""

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.engine.pairs import PairSet, Sampling, write_pairs
from f2p_deploy.engine.pairs_check import check_pairs
from f2p_deploy.engine.scenes import varied_scenes
from f2p_deploy.system.errors import InputError


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_pairs_come_back_as_they_were_rendered(tmp_path: Path, disc_engine: Engine) -> None:
    seen = []
    sampling = Sampling(seed=3, scenes="varied")
    written = write_pairs(
        disc_engine, tmp_path, 7, sampling, 32, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(i + 1, 7) for i in range(7)]
    pairs = PairSet(tmp_path)
    assert len(pairs) == pairs.count == len(written) == 7 and pairs.size == 32
    assert pairs.schema == disc_engine.schema and pairs.schema.fingerprint == disc_engine.schema.fingerprint
    assert np.array_equal(pairs.parameters, sampling.parameters(disc_engine.schema, 7))
    for i in range(7):
        drawn = disc_engine.render(pairs.parameters[i], 32, varied_scenes(3)(i))
        assert np.array_equal(pairs.image(i), drawn.image)
        assert np.array_equal(pairs.labels(i), drawn.labels)
        assert tuple(pairs.landmarks(i)) == LANDMARKS
        assert all(pairs.landmarks(i)[name] == pytest.approx(place) for name, place in drawn.landmarks.items())
    assert pairs.landmark_table is not None and pairs.landmark_table.shape == (7, len(LANDMARKS), 2)


def killed_after(records: int, engine: Engine, folder: Path) -> None:
    """Render in a child process that is killed after some records, without cleaning up."""

    def progress(done: int, total: int) -> None:
        if done == records:
            os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(
        target=write_pairs, args=(engine, folder, 20, Sampling(seed=1), 32, 1, progress)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def test_a_killed_call_goes_on_to_the_same_folder(tmp_path: Path, disc_engine: Engine) -> None:
    write_pairs(disc_engine, tmp_path / "whole", 20, Sampling(seed=1), 32)
    killed_after(6, disc_engine, tmp_path / "killed")
    killed_after(13, disc_engine, tmp_path / "killed")
    # The state after a kill between two writes: a picture without its line, half a line, a landmark too many.
    with (tmp_path / "killed" / "records.jsonl").open("ab") as file:
        file.write(b'{"index": 13, "ima')
    with (tmp_path / "killed" / "landmarks.f32").open("ab") as file:
        file.write(b"\x00" * 40)
    partial = PairSet(tmp_path / "killed")
    assert len(partial) == 13 and partial.count == 20
    assert partial.landmark_table is not None and len(partial.landmark_table) == 13
    write_pairs(disc_engine, tmp_path / "killed", 20, Sampling(seed=1), 32)
    assert content(tmp_path / "killed") == content(tmp_path / "whole")
    assert check_pairs(tmp_path / "killed").ok


def test_a_complete_folder_is_left_as_it_is(tmp_path: Path, disc_engine: Engine) -> None:
    write_pairs(disc_engine, tmp_path, 4, Sampling(), 32)
    before = content(tmp_path)
    write_pairs(disc_engine, tmp_path, 4, Sampling(), 32)
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("count", "sampling", "size"), [(5, Sampling(), 32), (4, Sampling(seed=9), 32), (4, Sampling(), 16)]
)
def test_another_set_is_not_mixed_in(
    tmp_path: Path, disc_engine: Engine, count: int, sampling: Sampling, size: int
) -> None:
    write_pairs(disc_engine, tmp_path, 4, Sampling(), 32)
    with pytest.raises(InputError, match="another set"):
        write_pairs(disc_engine, tmp_path, count, sampling, size)


def test_characters_share_an_identity_and_change_their_hair(disc_engine: Engine, tmp_path: Path) -> None:
    sampling = Sampling(seed=2, scenes="varied", pictures_per_character=4)
    batch = sampling.parameters(disc_engine.schema, 400)
    faces, hair = batch[:, :3].reshape(100, 4, 3), batch[:, 3:].argmax(1).reshape(100, 4)
    assert (faces == faces[:, :1]).all() and len(np.unique(faces[:, 0], axis=0)) == 100
    # Half of the further pictures sample the hair again, and two of three samples give other hair.
    assert 0.2 < (hair[:, 1:] != hair[:, :1]).mean() < 0.5
    pairs = write_pairs(disc_engine, tmp_path, 10, sampling, 32)
    assert pairs.identities.tolist() == [0] * 4 + [1] * 4 + [2] * 2


def test_the_first_parameters_do_not_depend_on_the_count(disc_engine: Engine) -> None:
    sampling = Sampling(seed=2, near_average=0.5, pictures_per_character=3)
    assert np.array_equal(sampling.parameters(disc_engine.schema, 40)[:10], sampling.parameters(disc_engine.schema, 10))


def test_near_average_draws_that_share_closer_to_the_average(disc_engine: Engine) -> None:
    def distance(near_average: float) -> float:
        batch = Sampling(seed=0, near_average=near_average).parameters(disc_engine.schema, 2000)
        assert (batch[:, :3] >= 0).all() and (batch[:, :3] <= 1).all()
        return float(np.abs(batch[:, :3] - 0.5).mean())

    assert distance(0.0) == pytest.approx(0.25, abs=0.01)
    assert distance(1.0) == pytest.approx(0.25 * 0.6, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"scenes": "side"}, "front"),
        ({"pictures_per_character": 0}, "one or more"),
        ({"near_average": 1.5}, "near_average"),
    ],
)
def test_wrong_sampling_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Sampling(**wrong)


def test_a_folder_of_something_else_is_refused(tmp_path: Path, disc_engine: Engine) -> None:
    with pytest.raises(InputError, match="not a folder of rendered pairs"):
        PairSet(tmp_path)
    (tmp_path / "manifest.json").write_text('{"format_version": 99}')
    with pytest.raises(InputError, match="format version"):
        PairSet(tmp_path)
    with pytest.raises(InputError, match="count must be at least 1"):
        write_pairs(disc_engine, tmp_path / "none", 0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot create the folder"):
        write_pairs(disc_engine, tmp_path / "file" / "out", 1)


def test_shortened_parameters_are_refused_before_anything_is_read(tmp_path: Path, disc_engine: Engine) -> None:
    write_pairs(disc_engine, tmp_path, 3, Sampling(), 32)
    path = tmp_path / "parameters.f32"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match="should hold 72 bytes.*found 68"):
        PairSet(tmp_path)


def test_the_schema_travels_with_the_pairs(tmp_path: Path, disc_engine: Engine) -> None:
    schema: Schema = write_pairs(disc_engine, tmp_path, 1, Sampling(), 32).schema
    assert [controller.name for controller in schema.controllers] == ["disc.x", "disc.y", "disc.radius"]


def test_a_schema_s_description_does_not_identify_the_set(tmp_path: Path, disc_engine: Engine) -> None:
    write_pairs(disc_engine, tmp_path, 2, Sampling(), 32)
    disc_engine.schema = replace(disc_engine.schema, description="a disc", tags={"hair": "hair"})
    assert len(write_pairs(disc_engine, tmp_path, 2, Sampling(), 32).records) == 2
    disc_engine.schema = replace(disc_engine.schema, name="plate")
    with pytest.raises(InputError, match="another set of pairs"):
        write_pairs(disc_engine, tmp_path, 2, Sampling(), 32)
