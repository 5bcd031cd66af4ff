"""Errors to sentences and exit codes, whatever a library raises."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

import f2p_deploy.doctor
from f2p_deploy.system.errors import InputError, Interrupted


@pytest.fixture
def doctor(f2p: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Run a command that raises something."""

    def run(error: BaseException, *words: str) -> object:
        def diagnose(*_: object) -> None:
            raise error

        monkeypatch.setattr(f2p_deploy.doctor, "diagnose", diagnose)
        return f2p("doctor", *words)

    return run


def test_the_end_of_a_file_is_no_interrupt(doctor: Callable) -> None:
    ran = doctor(EOFError("Ran out of input"))
    assert ran.code == 70 and ran.err.startswith("error: unexpected EOFError: Ran out of input. This is a bug")


def test_a_broken_pipe_of_another_process_is_not_the_readers(doctor: Callable) -> None:
    ran = doctor(BrokenPipeError(errno.EPIPE, "Broken pipe"))
    assert ran.code == 70 and "BrokenPipeError" in ran.err


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "No space left on device"), (errno.EMFILE, "Too many")])
def test_an_error_of_the_system_is_no_bug(doctor: Callable, number: int, said: str) -> None:
    ran = doctor(OSError(number, f"{said}", "/tmp/place"))
    assert ran.code == 2 and ran.err == f"error: the operating system refused: {said} (/tmp/place)\n"


def test_an_interrupt_is_said(doctor: Callable) -> None:
    ran = doctor(KeyboardInterrupt())
    assert (ran.code, ran.err) == (130, "error: stopped\n")
    ran = doctor(Interrupted("stopped after 1 of 2"), "--json")
    assert (ran.code, ran.json) == (130, {"error": "stopped after 1 of 2", "exit_code": 130})


def test_an_error_while_an_interrupt_is_answered_does_not_take_its_place(doctor: Callable) -> None:
    error = InputError("cannot remove a file")
    error.__context__ = KeyboardInterrupt()
    assert doctor(error).code == 130


def test_every_exit_code_is_in_the_help_and_in_the_readme(f2p: Callable) -> None:
    from f2p_deploy.cli.outcome import UNEXPECTED
    from f2p_deploy.system import errors

    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.F2PError)} | {0, UNEXPECTED, 143}
    help_ = " ".join(f2p("--help").out.partition("Exit codes:")[2].split())
    readme = Path(__file__).resolve().parents[2].joinpath("README.md").read_text(encoding="utf-8")
    listed = " ".join(readme.partition("Exit codes:")[2].partition("\n\n")[0].split())
    for code in codes:
        assert f" {code} " in f" {help_}" and f" {code} " in f" {listed}", code
