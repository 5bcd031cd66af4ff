"""`doctor`: the report, for people and for programs."""

from collections.abc import Callable


def test_the_report_is_grouped(f2p: Callable) -> None:
    ran = f2p("doctor")
    assert ran.code == 0
    assert ran.out.startswith("machine:\n") and "\nable to:\n" in ran.out


def test_json(f2p: Callable) -> None:
    findings = f2p("doctor", "--json").json["findings"]
    assert {"run PHOTO, render", "Python"} <= {finding["name"] for finding in findings}
    assert {finding["status"] for finding in findings} <= {"ok", "absent", "wrong"}


def test_it_ends_with_the_next_command(f2p: Callable) -> None:
    step = f2p("doctor", "--json").json["next"]
    assert step["command"]
    assert f2p("doctor").out.endswith(f"next, {step['purpose']}:\n  {step['command']}\n")
