"""The errors: each has its exit code, and what is one is caught as one."""

import inspect
import pickle

import pytest

from f2p_deploy.system import errors
from f2p_deploy.system.errors import F2PError, InputError, PhotoError

CODES = {
    "F2PError": 2,
    "InputError": 2,
    "PhotoError": 2,
    "FloorMissed": 1,
    "MissingDependency": 3,
    "CompilerError": 4,
    "Interrupted": 130,
    "OutputError": 2,
    "ReaderGone": 141,
}


def test_every_error_has_the_documented_exit_code() -> None:
    kinds = {name: kind for name, kind in inspect.getmembers(errors, inspect.isclass)}
    assert {name: kind.exit_code for name, kind in kinds.items()} == CODES
    assert all(issubclass(kind, F2PError) for kind in kinds.values())


def test_a_photo_error_says_why_in_a_word_and_in_a_sentence() -> None:
    with pytest.raises(InputError, match="^no face was found$") as caught:
        raise PhotoError("no-face", "no face was found")
    assert isinstance(caught.value, PhotoError) and caught.value.reason == "no-face"


def test_a_photo_error_comes_whole_from_another_process() -> None:
    error = pickle.loads(pickle.dumps(PhotoError("no-face", "no face was found")))
    assert type(error) is PhotoError and (error.reason, str(error)) == ("no-face", "no face was found")
