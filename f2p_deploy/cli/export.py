"""`f2p-deploy export`: a bundle to an artifact."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, options

if TYPE_CHECKING:
    from f2p_deploy.artifact import Artifact


def export(
    target: Annotated[str, typer.Option("--target", metavar="NAME", help="Where the networks are going: onnx.")],
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The artifact; build/<bundle>/<target> if not given."),
    ] = None,
    batch: Annotated[int, typer.Option("--batch", min=1, metavar="N", help="The graphs' fixed batch size.")] = 1,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos",
            metavar="PATH",
            help="A photo or folder of your own to measure parity on; may be repeated. Else the sample photo.",
        ),
    ] = None,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Export a bundle's networks and check that they still compute the same face.

    Every exported graph is run on real aligned faces and compared with PyTorch. Below a floor the exit code is 1; the
    artifact is kept, marked as failed.
    """
    from f2p_deploy.bundle import load_bundle
    from f2p_deploy.creation import choose_finder_for
    from f2p_deploy.creation.faces import aligned_faces
    from f2p_deploy.export import export_bundle, find_target

    find_target(target)
    opened = load_bundle(bundle)
    faces = None
    if photos:
        faces = aligned_faces(photos, opened, choose_finder_for(opened, landmarker, landmarks, offline))
    with console.bar() as bar:
        artifact = export_bundle(
            opened, target, out, batch, faces, progress=lambda stage: bar.update("export", 0, 0, stage)
        )
    if as_json:
        console.emit({"artifact": str(artifact.folder), **artifact.manifest.to_dict()})
    else:
        show(artifact)
    artifact.manifest.require_parity()


def show(artifact: "Artifact") -> None:
    """Print the measured differences and where the artifact lies."""
    manifest = artifact.manifest
    rows = [
        (
            record.graph,
            record.output,
            record.metric,
            f"{record.value:.3g}",
            f"{'<=' if record.better == 'lower' else '>='} {record.floor:g}",
            "ok" if record.passed else "MISSED",
            record.worst,
        )
        for record in manifest.parity
    ]
    console.table(rows, ("graph", "output", "measure", "worst", "floor", "result", "worst sample"))
    console.result(f"parity with PyTorch: {manifest.parity_status}, measured with {manifest.verified_with}")
    console.result(f"artifact: {artifact.folder}")
