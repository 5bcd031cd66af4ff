"""The client: answers, refusals, retries, keys."""

import json
from pathlib import Path

import httpx
import pytest

from f2p_deploy.client import CharacterClient, RetryPolicy, ServiceError
from f2p_deploy.service.openapi import EXAMPLE
from f2p_deploy.service.refusals import Refusal
from f2p_deploy.system.errors import InputError

QUICK = RetryPolicy(attempts=3, first_seconds=0.001, patience=5.0)


class Service:
    """Answers with what was prepared, one after another; the last answer stays."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **keywords) -> CharacterClient:
        return CharacterClient("http://game", retries=QUICK, transport=httpx.MockTransport(self), **keywords)


def refused(code: str, **headers: str) -> httpx.Response:
    refusal = Refusal(code, f"it is {code}")
    return httpx.Response(refusal.status, json=refusal.to_dict("id7"), headers=headers)


MADE = httpx.Response(200, json=EXAMPLE)


def test_a_photo_is_sent_again_with_the_same_key_until_it_is_answered() -> None:
    service = Service(httpx.ConnectError("refused"), refused("busy"), MADE)
    made = service.client(token="secret").make(b"photo", mode="hybrid", keep={"locked": []}, picture=True)
    assert made.mode == "hybrid"
    keys = {request.headers["idempotency-key"] for request in service.requests}
    assert len(service.requests) == 3 and len(keys) == 1
    assert len({request.content for request in service.requests}) >= 1
    assert all(request.headers["authorization"] == "Bearer secret" for request in service.requests)
    content = service.requests[-1].content
    assert all(part in content for part in (b"photo", b"hybrid", b'{"locked": []}', b"true"))
    service.client().make(b"photo")
    assert service.requests[-1].headers["idempotency-key"] not in keys


def test_a_refusal_is_an_error_at_once() -> None:
    service = Service(refused("no-face"))
    with pytest.raises(ServiceError, match="it is no-face") as error:
        service.client().make(b"photo")
    assert (error.value.code, error.value.status, error.value.id) == ("no-face", 422, "id7")
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused("busy"), "busy"),
        (httpx.ReadError("reset"), "unreachable"),
        (httpx.Response(502, text="<html>proxy</html>"), "unknown"),
    ],
)
def test_after_the_last_attempt_its_error_is_told(answer, code: str) -> None:
    service = Service(answer)
    with pytest.raises(ServiceError) as error:
        service.client().make(b"photo")
    assert error.value.code == code and len(service.requests) == 3


def test_patience_ends_a_long_advice() -> None:
    service = Service(refused("busy", **{"retry-after": "60"}))
    with pytest.raises(ServiceError):
        service.client().make(b"photo")
    assert len(service.requests) == 1


def test_what_is_served_and_pictures() -> None:
    facts = {"bundle": "demo", "fingerprint": "0", "modes": ["auto"], "draws": True, "image_size": 256}
    described = httpx.Response(200, json={**facts, "computed_by": "x", "schema": {}})
    service = Service(described, httpx.Response(200, content=b"png"))
    with service.client() as client:
        assert client.served().bundle == "demo"
        assert client.render({"format": "f2p-parameters"}) == b"png"
        assert json.loads(service.requests[-1].content) == {"format": "f2p-parameters"}


def test_readiness_is_asked_once() -> None:
    assert Service(httpx.Response(200)).client().is_ready()
    for answer in (httpx.Response(503), httpx.ConnectError("refused")):
        service = Service(answer)
        assert not service.client().is_ready() and len(service.requests) == 1


def test_bad_addresses_and_files_are_one_sentence(tmp_path: Path) -> None:
    for address in ("127.0.0.1:8000", "", "ftp://game"):
        with pytest.raises(InputError, match="is not an address such as"):
            CharacterClient(address)
    with pytest.raises(InputError, match="cannot read .*No such file"):
        Service(MADE).client().make(tmp_path / "none.jpg")
    (tmp_path / "p.json").write_text("{")
    for name, sentence in (("none.json", "cannot read .*none.json"), ("p.json", "not JSON")):
        for ask in (lambda client, given: client.make(b"x", keep=given), lambda client, given: client.render(given)):
            with pytest.raises(InputError, match=sentence):
                ask(Service(MADE).client(), tmp_path / name)


def test_a_parameters_file_is_sent_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"locked": ["hair"]}')
    service = Service(MADE)
    service.client().make(b"photo", keep=tmp_path / "p.json")
    assert b'{"locked": ["hair"]}' in service.requests[-1].content
    service.client().render(str(tmp_path / "p.json"))
    assert json.loads(service.requests[-1].content) == {"locked": ["hair"]}


def test_tokens_and_keys_that_no_header_can_hold_are_one_sentence() -> None:
    for token in ("sécret", "read with its line end\n", ""):
        with pytest.raises(InputError, match="a token is ASCII without spaces or line ends"):
            Service(MADE).client(token=token)
    for key in ("schlüssel", "a b", "x" * 201):
        with pytest.raises(InputError, match="an idempotency key has 1 to 200 ASCII characters"):
            Service(MADE).client().make(b"photo", key=key)


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={"id": "1"})])
def test_an_answer_of_something_else_is_one_sentence(answer: httpx.Response) -> None:
    for ask in (lambda client: client.make(b"photo"), lambda client: client.served()):
        with pytest.raises(ServiceError, match="http://game/? answers, but not as `f2p-deploy serve` does"):
            ask(Service(answer).client())
