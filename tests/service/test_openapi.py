"""The OpenAPI document: every address, its refusals as problems, and the tokens where they are asked for."""

import pytest

from f2p_deploy.service.answer_models import ProblemAnswer
from f2p_deploy.service.openapi import EXAMPLE
from f2p_deploy.service.refusals import CODES
from f2p_deploy.service.service_app import create_app

PUBLIC = ("/healthz", "/readyz")


@pytest.fixture
def document(timed):
    return create_app(timed).openapi()


def test_refusals_are_problems_of_known_statuses(document) -> None:
    statuses = {str(meaning.status) for meaning in CODES.values()}
    for operations in document["paths"].values():
        for operation in operations.values():
            refusals = {status: answer for status, answer in operation["responses"].items() if status != "200"}
            assert refusals and set(refusals) <= statuses
            for answer in refusals.values():
                ((media_type, content),) = answer["content"].items()
                assert media_type == "application/problem+json"
                for code, example in content["examples"].items():
                    assert ProblemAnswer.model_validate(example["value"]).code == code


def test_a_form_is_described_with_its_example(document) -> None:
    operation = document["paths"]["/v1/characters"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == ["photo"] and set(form["properties"]) == {"photo", "mode", "keep", "picture"}
    assert operation["responses"]["200"]["content"]["application/json"]["example"] == EXAMPLE


def test_tokens_are_described_where_they_are_asked_for(timed, document) -> None:
    assert "security" not in document
    secured = create_app(timed, tokens=(b"0" * 32,)).openapi()
    assert secured["security"] == [{"bearer": []}]
    for path, operations in secured["paths"].items():
        for operation in operations.values():
            assert ("security" in operation) == (path in PUBLIC)
            assert ("401" in operation["responses"]) != (path in PUBLIC)
