"""The description of F2PKit's interface: complete, and with the words of the rest of the project."""

from f2p_deploy.embed.interface import (
    C_TYPES,
    ENTRIES,
    ERRORS,
    INPUTS,
    MESSAGE,
    MODES_IN_SWIFT,
    OPERATIONS,
    OUTPUTS,
    c_arguments,
    c_name,
)
from f2p_deploy.model.result import MODES
from f2p_deploy.system.errors import CompilerError, InputError, MissingDependency


def test_every_word_that_an_operation_uses_is_known() -> None:
    errors = {word.name for word in ERRORS}
    for operation in OPERATIONS:
        assert {argument.kind for argument in operation.arguments} <= set(INPUTS)
        assert operation.gives in ("", *OUTPUTS) and set(operation.errors) <= errors
        names = [argument.name for argument in c_arguments(operation)]
        assert len(set(names)) == len(names) and names[0] == "generator" and names[-1] == MESSAGE.name
        assert {argument.type for argument in c_arguments(operation)} <= set(C_TYPES)
    assert {argument.type for entry in ENTRIES for argument in entry.arguments} <= set(C_TYPES)


def test_modes_are_those_of_the_project_and_statuses_its_exit_codes() -> None:
    assert tuple(word.text for word in MODES_IN_SWIFT) == MODES
    codes = {word.name: word.code for word in ERRORS}
    assert codes["invalidInput"] == InputError.exit_code
    assert codes["missing"] == MissingDependency.exit_code
    assert codes["modelFailed"] == CompilerError.exit_code
    assert len(set(codes.values())) == len(codes) and 0 not in codes.values()


def test_the_choice_of_the_search_is_swifts_alone_and_c_stays_as_it_was() -> None:
    generate = next(operation for operation in OPERATIONS if operation.name == "generate")
    assert [a.name for a in generate.arguments] == ["face", "mode", "keep", "fast", "progress"]
    named = [argument.name for argument in c_arguments(generate)]
    assert named == ["generator", "face", "mode", "keep", "progress", "context", "json", "values", "message"]


def test_names_in_c() -> None:
    assert [c_name(operation) for operation in OPERATIONS] == [
        "f2p_warm_up",
        "f2p_align",
        "f2p_generate",
        "f2p_render",
    ]
