"""The commands `f2p-deploy doctor` and `f2p-deploy landmarker`: diagnose this machine, download the landmarker."""

from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options

_MARKS = {"ok": "ok", "absent": "-", "wrong": "WRONG"}


def doctor(
    assets: options.Assets = None, landmarker: options.Landmarker = None, as_json: options.Json = False
) -> None:
    """List what this machine can do and what is missing for the rest; nothing is installed or changed."""
    from f2p_deploy.doctor import diagnose, next_step

    findings = diagnose(assets, landmarker)
    step = next_step(findings)
    if as_json:
        console.emit({"findings": [asdict(finding) for finding in findings], "next": asdict(step)})
        return
    for area, group in groupby(findings, key=lambda finding: finding.area):
        console.result(f"{area}:")
        console.table([(f"  {finding.name}", _MARKS[finding.status], finding.detail) for finding in group])
    remedies: dict[str, list[str]] = {}
    for finding in findings:
        if finding.remedy and finding.area != "able to":
            remedies.setdefault(finding.remedy, []).append(finding.name)
    if remedies:
        console.result("what is missing:")
    for remedy, names in remedies.items():
        console.result(f"  {', '.join(names)}:\n    {remedy}")
    console.result(f"next, {step.purpose}:\n  {step.command}")


def landmarker(
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="The file to write; by default in the cache.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Download MediaPipe's face landmarker (4 MB, Apache-2.0) and check its SHA-256; `run` uses it from then on.

    MediaPipe's library reports figures about its use to Google, not pictures (https://goo.gle/mediapipe-privacy). The
    built-in finder reports nothing.
    """
    from f2p_deploy.alignment import download_landmarker

    with console.bar() as bar:
        path = download_landmarker(destination=out, progress=bar.follow("download"))
    if as_json:
        console.emit({"landmarker": str(path)})
    else:
        console.result(str(path))
