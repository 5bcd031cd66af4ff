"""The command `f2p-deploy export`: export a bundle as an artifact."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options
from f2p_deploy.cli.export_repository import TRITON, export_repository, require_target_options

if TYPE_CHECKING:
    from f2p_deploy.artifact.artifact import Artifact, TensorSpec
    from f2p_deploy.export import ExportPlan


def export(
    target: Annotated[
        str,
        typer.Option(
            "--target",
            metavar="NAME",
            autocompletion=choices.complete("targets"),
            help="Target of the export: {targets}; `f2p-deploy targets` lists what each needs.",
        ),
    ],
    bundle: options.Bundle = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", metavar="ARTIFACT", help="triton: the artifact; by default the bundle folder's."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The artifact's folder; build/<bundle>/<target> if not given."),
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", min=1, max=1024, metavar="N", help="Fixed batch size of the graphs.")
    ] = 1,
    photos: Annotated[
        list[Path] | None,
        typer.Option(
            "--photos",
            metavar="PATH",
            help="A photo or folder to measure parity on; may be repeated. By default the sample photo.",
        ),
    ] = None,
    trajectories: Annotated[
        int,
        typer.Option(
            "--trajectories",
            metavar="N",
            help="Number of faces on which a whole iterative search is compared; 0 is faster.",
        ),
    ] = 1,
    flavor: Annotated[
        str | None,
        typer.Option(
            "--flavor",
            metavar="NAME",
            autocompletion=choices.complete("flavors"),
            help="trt-*: {flavors}; by default one that works here.",
        ),
    ] = None,
    compute_capability: Annotated[
        list[str] | None,
        typer.Option(
            "--compute-capability",
            metavar="X.Y",
            help="trt-* of flavor rtx: GPU to build for; may be repeated. By default all from RTX 30 on.",
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", metavar="DIR", help="*-int8, *-int4: a set made by `f2p-deploy calibrate`."),
    ] = None,
    keep_float: Annotated[
        list[str] | None,
        typer.Option(
            "--keep-float",
            metavar="GRAPH",
            autocompletion=choices.complete("graphs"),
            help="*-int8: graph to keep in floating point, one of {graphs}; may be repeated.",
        ),
    ] = None,
    ios: Annotated[
        str | None,
        typer.Option(
            "--ios",
            metavar="RELEASE",
            autocompletion=choices.complete("releases"),
            help="coreml: oldest iOS release to support, one of {releases}; default 17.",
        ),
    ] = None,
    weights: Annotated[
        str | None,
        typer.Option(
            "--weights",
            metavar="TYPE",
            autocompletion=choices.complete("storages"),
            help="onnx: storage type of the weights, {storages}; computation stays float32.",
        ),
    ] = None,
    converter_python: Annotated[
        Path | None,
        typer.Option(
            "--converter-python",
            metavar="FILE",
            help="litert*: the Python that has the converter, if it is not this one.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan of the export and write nothing.")] = False,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Export a bundle's networks and check that they still compute the same face.

    Every exported graph is run on real aligned faces and compared with PyTorch. If a parity threshold is missed, the
    exit code is 1, and the artifact is kept and marked as failed. The target triton serves a finished artifact.
    """
    from f2p_deploy.export import BuildOptions, export_bundle, find_target, plan_export
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import choose_finder_for
    from f2p_deploy.pipeline.faces import aligned_faces

    chosen = BuildOptions(
        flavor, tuple(compute_capability or ()), calibration, tuple(keep_float or ()), ios, weights, converter_python
    )
    others = {"--batch": batch > 1, "--photos": photos, "--trajectories": trajectories != 1, "--dry-run": dry_run}
    files = {"--landmarker": landmarker, "--landmarks": landmarks, "--offline": offline, "--threads": threads}
    require_target_options(target, source, {**chosen.flags(), **others, **files})
    if target == TRITON:
        export_repository(source, bundle, out, as_json)
        return
    find_target(target, (TRITON,)).require_options(chosen)
    options.use_threads(threads)
    opened = load_bundle(bundle)
    if dry_run:
        plan = plan_export(opened, target, out, batch, trajectories, chosen)
        if as_json:
            console.emit(plan.to_dict())
        else:
            show_plan(plan)
        return
    faces = None
    if photos:
        faces = aligned_faces(photos, opened, choose_finder_for(landmarker, landmarks, offline))
    with console.bar() as bar:

        def progress(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
            bar.update("compiler" if total else "export", done, total, stage)

        artifact = export_bundle(opened, target, out, batch, faces, progress, trajectories, chosen)
    if as_json:
        manifest = artifact.manifest
        console.emit({"artifact": str(artifact.folder), "scope": manifest.scope, **manifest.to_dict()})
    else:
        show(artifact)
        if (artifact.manifest.calibration or {}).get("verdict"):
            show_verdict(artifact)
    artifact.manifest.require_parity()


def show(artifact: "Artifact") -> None:
    """Print the measured differences and the artifact's path."""
    from f2p_deploy.system.cuda_devices import cuda_devices

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
    console.result(manifest.parity_sentence("" if cuda_devices() else "no card here"))
    console.result(f"artifact: {artifact.folder}")


def show_verdict(artifact: "Artifact") -> None:
    """Print the accuracy that 8 bits cost and the time and size that they save."""
    from f2p_deploy.export.int8.int8_page import (
        CURVE_HEADERS,
        JSON_FILE,
        PAGE_FILE,
        VERDICT_HEADERS,
        curve_rows,
        verdict_rows,
    )
    from f2p_deploy.export.int8.verdict import NOISE_MEANS, Verdict

    reports = json.loads((artifact.folder / JSON_FILE).read_text(encoding="utf-8"))["graphs"]
    console.result("")
    console.table([row for report in reports for row in curve_rows(report)], CURVE_HEADERS)
    calibration = artifact.manifest.calibration or {}
    verdicts = [Verdict.from_dict(data) for data in calibration["verdict"].values()]
    console.result("")
    console.table(verdict_rows(verdicts), VERDICT_HEADERS)
    console.result("")
    for verdict in verdicts:
        console.result(verdict.sentence())
    if any(point["restless"] for report in reports for point in report["curve"]):
        console.result(NOISE_MEANS)
    console.result(f"calibrated on {calibration['faces']} faces, hash {calibration['hash'][:12]}")
    console.result(f"page: {artifact.folder / PAGE_FILE}")


def show_plan(plan: "ExportPlan") -> None:
    """Print the plan of an export."""
    free, size = plan.bytes_free / 1e9, plan.bytes_at_most / 1e6
    on = "the files themselves" if plan.verified == "runtime" else "the ONNX sources of the files"
    faces = f"{plan.trajectories} as a whole iterative search" if plan.trajectories else "single steps only"
    if "step" not in plan.graphs:
        faces = "no searches"
    console.table(
        [
            ("bundle:", f"{plan.bundle}, batches of {plan.batch}"),
            ("target:", f"{plan.target}, thresholds of {plan.precision}"),
            ("compiler:", plan.compiler),
            *((f"{key.replace('_', ' ')}:", value) for key, value in plan.hardware.items()),
            ("artifact:", f"{plan.folder}{f' (replaces {plan.replaces})' if plan.replaces else ''}"),
            ("size:", f"about {size:.0f} MB at most; {free:.1f} GB are free"),
            ("parity:", f"with {plan.measured_with}, on {on}; {faces}"),
        ]
    )
    console.result(f"command: {plan.command}")
    rows = [(name, graph.file, f"{graph.weights / 1e6:.1f} M") for name, graph in plan.graphs.items()]
    console.table(rows, ("graph", "file", "weights"))
    for name, graph in plan.graphs.items():
        console.result(f"{name}: {_tensors(graph.inputs)} -> {_tensors(graph.outputs)}")
    console.result("nothing was written")


def _tensors(specs: "tuple[TensorSpec, ...]") -> str:
    return ", ".join(f"{spec.name} {'x'.join(map(str, spec.shape))} {spec.dtype}" for spec in specs)
