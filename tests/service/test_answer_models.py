"""The bodies of answers: what the service sends is what its document says."""

import httpx
import pytest
from pydantic import ValidationError

from f2p_deploy.service.answer_models import CharacterAnswer, HealthAnswer, ProblemAnswer, SchemaAnswer
from f2p_deploy.service.openapi import EXAMPLE


def test_every_answer_is_of_its_model(serve_timed) -> None:
    with serve_timed() as address:
        made = httpx.post(f"{address}/v1/characters", files={"photo": b"anything"}, data={"picture": "true"})
        CharacterAnswer.model_validate(made.json(), strict=True)
        SchemaAnswer.model_validate(httpx.get(f"{address}/v1/schema").json(), strict=True)
        HealthAnswer.model_validate(httpx.get(f"{address}/readyz").json(), strict=True)
        refused = httpx.post(f"{address}/v1/characters", files={"photo": b""})
        ProblemAnswer.model_validate(refused.json(), strict=True)


def test_the_example_is_of_its_model_and_more_is_not() -> None:
    CharacterAnswer.model_validate(EXAMPLE, strict=True)
    with pytest.raises(ValidationError, match="more"):
        CharacterAnswer.model_validate(EXAMPLE | {"more": 1})
