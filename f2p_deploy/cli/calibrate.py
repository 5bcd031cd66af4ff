"""The command `f2p-deploy calibrate`: make a calibration set from photos."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, options

if TYPE_CHECKING:
    from f2p_deploy.export.calibration.calibration_set import CalibrationSet


def calibrate(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder of the calibration set.")],
    bundle: options.Bundle = None,
    count: Annotated[
        int, typer.Option("--count", metavar="N", help="Largest number of faces; of more, a balanced subset is taken.")
    ] = 512,
    only: options.Only = "all",
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make a calibration set: real aligned faces on which an export measures the ranges of 8-bit values.

    Photos without a usable face and duplicates are left out, each with its reason. If there are more faces than
    --count, a subset is taken in which poses and brightness are balanced. At least 64 faces are needed, 512 are
    recommended.
    """
    from f2p_deploy.export.calibration.collect import collect
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import choose_finder_for
    from f2p_deploy.training.data.photo_choice import select_photos

    chosen = select_photos(photos, only)
    options.use_threads(threads)
    opened = load_bundle(bundle)
    finder = choose_finder_for(landmarker, landmarks, offline).finder
    words = ["f2p-deploy", "calibrate", *map(str, photos), "-o", str(out)]
    words += ["--bundle", str(bundle)] if bundle else []
    words += ["--count", str(count)] if count != 512 else []
    words += ["--only", only] if only != "all" else []
    words += ["--landmarker", str(landmarker)] if landmarker else []
    words += ["--landmarks", str(landmarks)] if landmarks else []
    words += ["--offline"] if offline else []
    with console.bar() as bar:
        made = collect(
            chosen,
            opened,
            finder,
            out,
            shlex.join(words),
            count,
            bar.follow("photos"),
        )
    if as_json:
        console.emit({"folder": str(made.folder), **made.to_dict()})
        return
    show(made, len(chosen))


def show(made: "CalibrationSet", photos: int) -> None:
    """Print the number of faces, the reasons for photos left out, and the balance of the set."""
    from f2p_deploy.export.calibration.calibration_set import CONTACT_SHEET, RECOMMENDED
    from f2p_deploy.export.calibration.selection import BRIGHTNESS_EDGES, YAW_EDGES, bin_of

    console.table([("photos", str(photos)), ("faces", str(made.count)), *_counts(made)])
    bins = [bin_of(face.yaw, face.brightness) for face in made.faces]
    rows = []
    for row, name in enumerate(_between(YAW_EDGES, "°")):
        numbers = [str(bins.count((row, column))) for column in range(len(BRIGHTNESS_EDGES) + 1)]
        rows.append((f"yaw {name}", *numbers))
    console.result("")
    console.table(rows, ("faces by pose and brightness", *_between(BRIGHTNESS_EDGES, "")))
    if made.count < RECOMMENDED:
        console.sentence(
            f"the calibration set has {made.count} faces; {RECOMMENDED} are recommended: add photos, above all of rare "
            "poses and brightness",
            "warning",
        )
    console.result(f"\ncontact sheet: {made.folder / CONTACT_SHEET}")
    console.result(f"calibration set: {made.folder}, hash {made.hash[:12]}")


def _counts(made: "CalibrationSet") -> list[tuple[str, str]]:
    return [(f"left out: {reason}", str(count)) for reason, count in made.reasons().items()]


def _between(edges: tuple[float, ...], unit: str) -> list[str]:
    """Return the names of the bins between edges."""
    inner = [f"{low:g} to {high:g}{unit}" for low, high in zip(edges, edges[1:], strict=False)]
    return [f"below {edges[0]:g}{unit}", *inner, f"from {edges[-1]:g}{unit}"]
