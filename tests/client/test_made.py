"""The service's answers, typed."""

import base64

from f2p_deploy.client.made import MadeByService, ReadOption, ServedFacts
from f2p_deploy.service.openapi import EXAMPLE


def test_the_documented_example_is_read_whole() -> None:
    made = MadeByService.from_dict({**EXAMPLE, "picture": base64.b64encode(b"png").decode()})
    assert made.read["hair"] == ReadOption("photo", "short01", 0.81, "bald", 0.1)
    assert made.losses == (0.81, 0.34) and made.picture == b"png" and made.face.yaw == 3.1
    assert MadeByService.from_dict({**EXAMPLE, "losses": None}).losses is None


def test_what_is_served_is_read_whole() -> None:
    data = {"bundle": "demo", "fingerprint": "0", "modes": ["auto"], "draws": True, "image_size": 256}
    assert ServedFacts.from_dict({**data, "computed_by": "x", "schema": {}}).modes == ("auto",)


def test_what_a_newer_service_adds_is_left_out() -> None:
    face, hair = {**EXAMPLE["face"], "blur": 1.0}, {**EXAMPLE["read"]["hair"], "third": "bald"}
    newer = {**EXAMPLE, "face": face, "read": {"hair": hair}, "version": "2"}
    assert MadeByService.from_dict(newer) == MadeByService.from_dict(EXAMPLE)
