"""The examples in the docstrings: each one runs and prints the output shown below it."""

import doctest
from importlib import import_module

import pytest

#: Modules with examples, and the optional packages that each example needs.
MODULES: dict[str, tuple[str, ...]] = {
    "f2p_deploy.alignment.aligned_face": (),
    "f2p_deploy.alignment.landmarks": (),
    "f2p_deploy.alignment.photo": (),
    "f2p_deploy.alignment.warp": (),
    "f2p_deploy.artifact.artifact": (),
    "f2p_deploy.bulk.photo_refs": (),
    "f2p_deploy.character.parameter_files": (),
    "f2p_deploy.character.parameters": (),
    "f2p_deploy.character.priors": (),
    "f2p_deploy.character.schema": (),
    "f2p_deploy.engine.pairs": (),
    "f2p_deploy.system.files": (),
}


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str) -> None:
    for package in MODULES[name]:
        pytest.importorskip(package)
    results = doctest.testmod(import_module(name))
    assert results.attempted > 0 and results.failed == 0
