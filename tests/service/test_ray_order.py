"""The words of the service on Ray: read, checked, and told in one sentence where they are wrong."""

from typing import Any

import pytest

from f2p_deploy.service.limits import ServiceLimits
from f2p_deploy.service.ray_order import RayOrder, Replicas
from f2p_deploy.system.errors import InputError


def test_words_of_a_command_line_and_of_a_file_are_the_same() -> None:
    typed = RayOrder.from_words({"replicas": "1-4", "queue": "64", "offline": "true", "gpus": "0.5", "fast": "no"})
    told = RayOrder.from_words({"replicas": "1-4", "queue": 64, "offline": True, "gpus": 0.5, "fast": False})
    assert typed == told and told.limits().queue == 64
    assert RayOrder.from_words(told.words()) == told
    assert RayOrder().words() == {} and RayOrder().limits() == ServiceLimits()
    assert RayOrder.from_words({"replicas": 3}).replicas == "3"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"artefact": "x"}, "no word 'artefact' .*: there are source, runtime"),
        ({"queue": "many"}, "queue is a whole number, found 'many'"),
        ({"queue": "0"}, "the limit queue must be positive"),
        ({"seconds": "nan"}, "seconds is a number, found 'nan'"),
        ({"offline": "perhaps"}, "offline is true or false, found 'perhaps'"),
        ({"replicas": "two"}, "a number such as 2, or a range such as 1-8; found 'two'"),
        ({"replicas": "4-2"}, "the smaller number first; found '4-2'"),
        ({"replicas": "0"}, "from 1 to 1000 replicas"),
        ({"gpus": "1.5"}, "a part of one card, or whole cards"),
        ({"cpus": 0}, "some cores"),
        ({"lanes": 0}, "at least one lane"),
        ({"grace": -1}, "ongoing and grace are positive"),
        ({"tokens": ["a"]}, "tokens is text"),
        ({"offline": True, "landmarker": "x"}, "leave out landmarker"),
    ],
)
def test_a_wrong_word_is_one_sentence(words: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        RayOrder.from_words(words)


def test_a_range_of_replicas() -> None:
    assert Replicas.parse("2") == (2, 2) and Replicas.parse("1-8") == (1, 8)
