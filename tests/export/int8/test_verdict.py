"""The verdict: a graph that is slower or misses a threshold is reported as not worth it."""

from dataclasses import replace

import pytest

from f2p_deploy.export.int8.verdict import Verdict

FAST = Verdict("render", "fp32", 6, 6, 3_500_000, 13_700_000, 3.0, 6.0, ())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "render: worth it here, 2.00 times as fast as fp32"),
        (
            {"ms": 6.0},
            "render: not worth it on this hardware, it is 1.00 times as fast as fp32: --keep-float render",
        ),
        (
            {"missed": ("PSNR dB",)},
            "render: not worth it on this hardware, it misses a floor (PSNR dB): --keep-float render",
        ),
        (
            {"quantised": 0},
            "render: not worth it on this hardware, no layer may compute in 8 bits without missing a floor: "
            "--keep-float render",
        ),
        (
            {"ms": None, "twin_ms": None, "rest": "fp16"},
            "render: the speed compared with fp16 was not measured, it needs the card",
        ),
    ],
)
def test_each_case_has_its_sentence(change: dict, sentence: str) -> None:
    verdict = replace(FAST, **change)
    assert verdict.sentence() == sentence
    assert bool(verdict.why_not) == ("not worth it" in sentence)
    assert Verdict.from_dict(verdict.to_dict()) == verdict
