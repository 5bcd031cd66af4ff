"""Answers of an engine: what is taken, and what is refused in one sentence."""

import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.parameters import column_names
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.link.answers import Welcome, largest_answer, read_answer, words_of_engine
from f2p_deploy.engine.link.messages import LinkFault, Message
from f2p_deploy.system.errors import InputError

PLAIN = Welcome("toy", 16, 64, labels=False, landmarks=False, scenes=True)
FULL = Welcome("toy", 16, 64, labels=True, landmarks=True, scenes=True)
POINTS = {name: [1.5, 2.5] for name in LANDMARKS}
RGB, LABELS = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3), np.full((16, 16), 3, np.uint8)


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def picture(body: bytes = RGB.tobytes(), **changes: Any) -> Message:
    return Message({"type": "picture", "id": 3, "size": 16, "format": "rgb8", **changes}, body)


def welcome(schema: Schema, **changes: Any) -> Message:
    header = {"type": "welcome", "protocol": 1, "engine": "toy", "parameters": list(column_names(schema)), **changes}
    return Message({key: value for key, value in header.items() if value is not None})


def test_a_welcome(disc_engine: Any) -> None:
    read = Welcome.from_message(welcome(disc_engine.schema), disc_engine.schema, "it")
    assert read == Welcome("toy", 16, 4096, labels=False, landmarks=False, scenes=False)
    read = Welcome.from_message(
        welcome(disc_engine.schema, fingerprint=disc_engine.schema.fingerprint, largest_size=99, labels=True),
        disc_engine.schema,
        "it",
    )
    assert read.largest == 99 and read.labels


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"type": "error", "message": "busy"}, "it refused the link: busy"),
        ({"type": "picture"}, "answered a hello with 'picture' instead of a welcome"),
        ({"protocol": 2}, "it has version 2 of the link, f2p-deploy has 1: copy the engine's file again"),
        ({"protocol": None}, "it has version None of the link"),
        ({"parameters": None}, "does not say which parameters it has"),
        ({"parameters": ["a"]}, "it has 1 parameters, schema 'disc' has 6"),
        ({"parameters": ["disc.x", "disc.z", "disc.radius", "hair=none", "hair=short", "hair=long"]}, "its parameter 2 is 'disc.z', that of schema 'disc' is 'disc.y'"),  # noqa: E501
        ({"fingerprint": "0"}, "made for another version of schema 'disc'"),
        ({"smallest_size": 0}, "gives the sizes 0 to 4096, not within 1 to 8192"),
        ({"largest_size": True}, "gives the sizes 16 to True"),
        ({"largest_size": 10**9}, "gives the sizes 16 to 1000000000"),
    ],
)
def test_a_welcome_that_does_not_fit(disc_engine: Any, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Welcome.from_message(welcome(disc_engine.schema, **changes), disc_engine.schema, "it")


def test_pictures_raw_and_png() -> None:
    for body, form in ((RGB.tobytes(), "rgb8"), (png(RGB), "png"), (png(np.dstack([RGB, LABELS])), "png")):
        assert np.array_equal(read_answer(picture(body, format=form), 3, 16, PLAIN, "it").image, RGB)
    for labels, form in ((LABELS.tobytes(), "l8"), (png(LABELS), "png")):
        given = {"label_bytes": len(labels), "label_format": form, "landmarks": POINTS}
        drawn = read_answer(picture(RGB.tobytes() + labels, **given), 3, 16, FULL, "it")
        assert np.array_equal(drawn.image, RGB) and np.array_equal(np.asarray(drawn.labels), LABELS)
        assert drawn.landmarks == {name: (1.5, 2.5) for name in LANDMARKS}
        assert len(RGB.tobytes() + labels) < largest_answer(16)


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        (picture(id=4), "answered render 3 with 'picture' 4"),
        (picture(type="welcome"), "answered render 3 with 'welcome' 3"),
        (picture(type="bye"), "ended the link"),
        (picture(type="error", id=None, message="no memory"), "gave up: no memory"),
        (picture(size=17), "sent a picture of 17 pixels, asked for 16"),
        (picture(RGB.tobytes()[:-1]), "sent 767 bytes for 16 x 16 pixels of 3 bytes"),
        (picture(format="bmp"), "unknown format 'bmp'"),
        (picture(png(RGB)[:-30], format="png"), "a PNG that is damaged"),
        (picture(b"GIF89a", format="png"), "a PNG that is damaged"),
        (picture(png(RGB[:8]), format="png"), r"a PNG of \(16, 8\) pixels, asked for 16"),
        (picture(png(LABELS), format="png"), "a PNG of mode L"),
        (picture(label_bytes=-1), "a label map of -1 bytes"),
        (picture(label_bytes="7"), "a label map of '7' bytes"),
        (picture(label_bytes=10**6), "a label map of 1000000 bytes"),
        (picture(label_bytes=256), "a label map, unlike it said when it was connected"),
    ],
)
def test_what_is_no_answer_can_be_asked_again(message: Message, sentence: str) -> None:
    if message.header.get("label_bytes") == 256:
        message = Message(message.header, message.body + LABELS.tobytes())
    with pytest.raises(LinkFault, match=sentence):
        read_answer(message, 3, 16, PLAIN, "it")


NOT_FINITE = POINTS | {"nose-tip": [1, float("nan")]}


@pytest.mark.parametrize("landmarks", [None, {}, POINTS | {"nose-tip": [1.0]}, NOT_FINITE])
def test_landmarks_must_be_complete_and_finite(landmarks: Any) -> None:
    given = {"label_bytes": 256, "label_format": "l8", "landmarks": landmarks}
    message = Message(json.loads(json.dumps(picture(**given).header)), RGB.tobytes() + LABELS.tobytes())
    with pytest.raises(LinkFault, match="landmark"):
        read_answer(message, 3, 16, FULL, "it")


def test_labels_must_be_classes() -> None:
    given = {"label_bytes": 256, "label_format": "l8", "landmarks": POINTS}
    with pytest.raises(LinkFault, match="the label 200; the highest is 10"):
        read_answer(picture(RGB.tobytes() + (LABELS + 197).tobytes(), **given), 3, 16, FULL, "it")
    with pytest.raises(LinkFault, match="sent no label map"):
        read_answer(picture(), 3, 16, FULL, "it")


def test_an_engines_refusal_is_final_and_its_words_are_one_short_line() -> None:
    with pytest.raises(InputError, match="cannot draw this character: no hair today") as caught:
        read_answer(picture(type="error", message="no hair\n\ttoday"), 3, 16, PLAIN, "it")
    assert not isinstance(caught.value, LinkFault)
    assert words_of_engine({}) == "it gives no reason"
    assert words_of_engine({"message": "\x1b[31m" + "a" * 1000}) == "[31m" + "a" * 293 + "..."
