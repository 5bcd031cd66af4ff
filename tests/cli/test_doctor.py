"""`doctor`: the report, for people and for programs."""

from collections.abc import Callable


def test_the_report_is_grouped(f2p: Callable) -> None:
    ran = f2p("doctor")
    assert ran.code == 0
    assert ran.out.startswith("machine:\n") and "\nable to:\n" in ran.out


def test_json(f2p: Callable) -> None:
    findings = f2p("doctor", "--json").json["findings"]
    assert {"run photos", "Python"} <= {finding["name"] for finding in findings}
    assert {finding["status"] for finding in findings} <= {"ok", "absent", "wrong"}
