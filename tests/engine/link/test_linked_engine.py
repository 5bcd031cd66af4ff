"""The linked engine: pictures as if it were in this process, handshakes that fail, and faults that are repaired."""

import json
import logging
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.character.parameters import average, random_batch
from f2p_deploy.character.schema import Controller, Schema
from f2p_deploy.engine.engine import Engine, Scene
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.link.messages import MAGIC, PREFIX, LinkFault
from f2p_deploy.engine.pairs import PairSet, Sampling, write_pairs
from f2p_deploy.engine.scenes import varied_scenes
from f2p_deploy.system.errors import InputError
from tests.engine.link.conftest import HURRIED


def files_of(folder: Path) -> dict[str, bytes]:
    """The content of every file of a folder but the name of its engine."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    manifest = json.loads(found.pop("manifest.json"))
    return found | {"manifest.json": json.dumps({**manifest, "engine": ""}).encode()}


def test_it_draws_as_an_engine_in_this_process(disc_engine: Any, serve: Callable) -> None:
    linked = LinkedEngine(f"tcp://127.0.0.1:{serve(disc_engine).port}", disc_engine.schema, HURRIED)
    assert isinstance(linked, Engine) and linked.welcome.scenes
    batch = random_batch(disc_engine.schema, 5, seed=3)
    scenes = [replace(varied_scenes(1)(i), expression=(("mouth-open", 0.25),)) for i in range(5)]
    for drawn, own in zip(
        linked.render_many(batch, 32, scenes, workers=4), disc_engine.render_many(batch, 32, scenes), strict=True
    ):
        assert np.array_equal(drawn.image, own.image) and np.array_equal(drawn.labels, own.labels)
        assert drawn.landmarks == own.landmarks
    linked.close()
    linked.close()
    assert linked.render(batch[0], 16).image.shape == (16, 16, 3), "it connects again"
    copy = pickle.loads(pickle.dumps(linked))
    assert np.array_equal(copy.render(batch[0], 16).image, linked.render(batch[0], 16).image)
    copy.close()
    linked.close()


def test_what_is_refused_before_it_is_sent(disc_engine: Any, serve: Callable) -> None:
    server = serve(disc_engine, largest=64, scenes=False)
    linked = LinkedEngine(f"tcp://127.0.0.1:{server.port}", disc_engine.schema, HURRIED)
    face = average(disc_engine.schema).values
    broken = face.copy()
    broken[1] = np.nan
    for ask, sentence in (
        (lambda: linked.render(broken, 32), "'disc.y' must lie in"),
        (lambda: linked.render(face[:-1], 32), "has 6 parameters"),
        (lambda: linked.render(np.stack([face]), 32), "use render_many"),
        (lambda: linked.render(face, 65), "draws pictures of 16 to 64 pixels, asked for 65"),
        (lambda: linked.render(face, 32, Scene(yaw=1.0)), "draws the front view only"),
        (lambda: list(linked.render_many(face[None], 32, [])), "1 characters need 1 scenes, found 0"),
    ):
        with pytest.raises(InputError, match=sentence):
            ask()
    linked.close()


def test_an_engines_own_error_is_told_and_the_link_stays(disc_engine: Any, serve: Callable) -> None:
    def draw(parameters: dict[str, float], size: int, scene: dict) -> bytes:
        if parameters["disc.x"] > 0.9:
            raise RuntimeError("no such\ndisc")
        return bytes(size * size * (3 if parameters["disc.x"] > 0 else 1))

    server = serve(disc_engine, draw=draw, labels=False, landmarks=False)
    linked = LinkedEngine(f"tcp://127.0.0.1:{server.port}", disc_engine.schema, HURRIED)
    face = average(disc_engine.schema)
    for x, sentence in ((1.0, "cannot draw this character: RuntimeError: no such disc"), (0.0, "256 bytes of RGB")):
        with pytest.raises(InputError, match=sentence):
            linked.render(face.with_values({"disc.x": x}).values, 16)
    with pytest.raises(InputError, match="not finite"):
        linked.render(face.values, 16, Scene(yaw=float("nan")))
    connection = linked._connection
    assert linked.render(face.values, 16).image.max() == 0 and linked._connection is connection
    linked.close()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"", "closed the connection before its message was complete"),
        (b"220 mail ready\r\n", "is no message of this link"),
        (PREFIX.pack(MAGIC, 2, 2**31) + b"{}", "a body of 2147483648 bytes, more than 1048576"),
    ],
)
def test_a_program_that_is_no_engine(disc_engine: Any, answering: Callable, answer: bytes, sentence: str) -> None:
    with pytest.raises(LinkFault, match=sentence):
        LinkedEngine(answering(answer), disc_engine.schema, HURRIED)


def test_another_schema_and_a_far_machine(
    disc_engine: Any, serve: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    where = f"tcp://127.0.0.1:{serve(disc_engine).port}"
    with pytest.raises(InputError, match="has 6 parameters, schema 'toy' has 1"):
        LinkedEngine(where, Schema("toy", (Controller("nose", "face"),)), HURRIED)
    with caplog.at_level(logging.WARNING), pytest.raises(LinkFault, match="cannot connect"):
        LinkedEngine("tcp://no-such-host.invalid:1", disc_engine.schema, HURRIED)
    assert "neither encrypted nor signed" in caplog.text


#: By the number of the picture: one of each kind, two of them in a row.
FAULTS = dict(
    zip(
        (2, 4, 5, 9, 10, 14, 17, 20, 23, 26, 29),
        ("cut", "garbage", "header", "huge", "nan", "size", "short", "png", "id", "bye", "error"),
        strict=True,
    )
)


def test_no_picture_is_lost_to_faults(
    disc_engine: Any, serve: Callable, proxy: Callable, tmp_path: Path
) -> None:
    between = proxy(serve(disc_engine).port, FAULTS | {32: "silent"})
    linked = LinkedEngine(between.address, disc_engine.schema, HURRIED)
    sampling = Sampling(seed=5, scenes="varied")
    pairs = write_pairs(linked, tmp_path / "linked", 40, sampling, size=32)
    linked.close()
    assert between.injected == [*FAULTS.values(), "silent"] and isinstance(pairs, PairSet) and len(pairs) == 40
    write_pairs(disc_engine, tmp_path / "own", 40, sampling, size=32)
    assert files_of(tmp_path / "linked") == files_of(tmp_path / "own")


def test_an_engine_that_is_always_wrong_is_given_up(disc_engine: Any, serve: Callable, proxy: Callable) -> None:
    server = serve(disc_engine)
    between = proxy(server.port, dict.fromkeys(range(1, 100), "size"))
    linked = LinkedEngine(between.address, disc_engine.schema, HURRIED)
    with pytest.raises(InputError, match=r"sent a picture of 8 pixels, asked for 32 \(asked 4 times\)"):
        linked.render(average(disc_engine.schema).values, 32)
    assert between.pictures == 4
    linked.close()


def test_an_engine_that_does_not_come_back_and_one_that_comes_back_changed(
    disc_engine: Any, serve: Callable, proxy: Callable
) -> None:
    face = average(disc_engine.schema).values
    server = serve(disc_engine)
    linked = LinkedEngine(f"tcp://127.0.0.1:{server.port}", disc_engine.schema, replace(HURRIED, restart_seconds=0.2))
    linked.abandon()
    linked.address = replace(linked.address, port=serve(disc_engine, labels=False, landmarks=False).port)
    with pytest.raises(InputError, match="came back with other outputs: label maps or landmarks differ"):
        linked.render(face, 32)
    server.close()
    linked.address = replace(linked.address, port=1)
    with pytest.raises(LinkFault, match="no engine listens at tcp://127.0.0.1:1: start it first"):
        linked.render(face, 32)
