"""What a backend has to offer: the methods of each take what the protocol names, in its order."""

import inspect

import pytest

from f2p_deploy.service.backend import Backend
from f2p_deploy.service.local_backend import LocalBackend


@pytest.mark.parametrize("name", ["start", "stop", "align", "generate", "draw"])
def test_backends_have_the_methods_of_the_protocol(timed, name: str) -> None:
    asked = getattr(Backend, name)
    for kind in (LocalBackend, type(timed)):
        found = getattr(kind, name)
        assert inspect.iscoroutinefunction(found)
        assert list(inspect.signature(found).parameters) == list(inspect.signature(asked).parameters)
