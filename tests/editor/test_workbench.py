"""A photo becomes a face, a face a character, and a character a picture; a search can be stopped."""

import io
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.parameters import average
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.plain_errors import Stopped
from f2p_deploy.editor.workbench import Workbench
from f2p_deploy.runtimes import graph_calls, search
from f2p_deploy.system.errors import InputError, PhotoError


@pytest.fixture
def bench(open_session: Callable[..., EditSession]) -> Workbench:
    return open_session().bench


def png(picture: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def test_a_photo_becomes_the_character_that_run_makes(bench: Workbench, astronaut: np.ndarray) -> None:
    photo = bench.align_photo_file(png(astronaut), "a.png")
    face = bench.photos.take(photo)
    assert face.image.shape == (256, 256, 3) and face.faces == 1 and face.suits == "hybrid"
    keep = average(bench.runtime.schema).with_values({"nose.width": 0.9}).lock("nose.width")
    steps: list[Any] = []
    made = bench.make(photo, "hybrid", keep, steps.append, Event())
    assert made.parameters["nose.width"] == pytest.approx(0.9) and made.parameters.locked == {"nose.width"}
    assert [step["done"] for step in steps] == list(range(1, 31)) and {step["total"] for step in steps} == {30}
    again = search.generate(bench.runtime, face.image, "hybrid", keep)
    assert np.array_equal(made.parameters.values, again.parameters.values)
    picture = bench.draw(made.parameters)
    assert np.array_equal(picture, graph_calls.render(bench.runtime, made.parameters))


def test_a_stopped_search_ends_at_its_next_step(bench: Workbench, astronaut: np.ndarray) -> None:
    photo = bench.align_photo_file(png(astronaut), "a.png")
    stop, steps = Event(), []

    def step(progress: Any) -> None:
        steps.append(progress)
        if len(steps) == 3:
            stop.set()

    with pytest.raises(Stopped):
        bench.make(photo, "iterative", None, step, stop)
    assert len(steps) == 3


def test_photos_and_modes_that_cannot_be_used(bench: Workbench, astronaut: np.ndarray) -> None:
    with pytest.raises(PhotoError, match="b.png: no face was found") as caught:
        bench.align_photo_file(png(astronaut[:400]), "b.png")
    assert caught.value.reason == "no-face"
    with pytest.raises(PhotoError, match="c.png: this is not a picture"):
        bench.align_photo_file(b"text", "c.png")
    with pytest.raises(InputError, match="no longer in memory"):
        bench.make("99", "hybrid", None, lambda _: None, Event())
    photo = bench.align_photo_file(png(astronaut), "a.png")
    with pytest.raises(InputError, match="mode must be one of"):
        bench.make(photo, "best", None, lambda _: None, Event())
    with pytest.raises(InputError, match="there is no engine here"):
        bench.draw_with_engine(average(bench.runtime.schema))


def test_the_face_beside_a_character(bench: Workbench, run_folder: Path) -> None:
    parameters = run_folder / "anna" / "parameters.json"
    assert bench.face_beside(parameters) is None
    aligned = parameters.with_name("aligned.png")
    Image.fromarray(np.full((256, 256, 3), 7, np.uint8)).save(aligned)
    parameters.with_name("result.json").write_text('{"photo": "anna.jpg", "mode": "iterative"}')
    photo = bench.face_beside(parameters)
    assert photo is not None
    face = bench.photos.take(photo)
    assert (face.image == 7).all() and face.suits == "iterative"
    Image.fromarray(np.zeros((64, 64, 3), np.uint8)).save(aligned)
    assert bench.face_beside(parameters) is None
    aligned.write_text("no picture")
    assert bench.face_beside(parameters) is None
