"""The command `f2p-deploy batch`: make characters from thousands of photos into Parquet files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options
from f2p_deploy.system.names import shown

if TYPE_CHECKING:
    from f2p_deploy.bulk.make_batch import BatchReport


def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            help="A folder of photos, or a .tar (WebDataset) or .parquet file with photos, or a folder of such files.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="DEST", help="Folder of the Parquet files, part-00000.parquet, ...")
    ],
    mode: Annotated[
        str,
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("modes"),
            help="Mode in which characters are made: {modes}.",
        ),
    ] = "auto",
    bundle: options.Bundle = None,
    artifact: options.Artifact = None,
    runtime: options.RuntimeName = "auto",
    fast: options.Fast = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Also look into subfolders.")] = False,
    column: Annotated[
        str | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="The column of pictures in Parquet files; by default the only one with bytes, or with bytes and path.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="NAME", help="The column of names in Parquet files; by default the path or row."),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", min=1, max=65_536, metavar="N", help="Photos in each file of the output.")
    ] = 512,
    again: Annotated[
        bool, typer.Option("--again", help="Remove the parts of an earlier batch in DEST, and make all of them again.")
    ] = False,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=options.MOST_THREADS,
            metavar="N",
            help="Number of parallel processes with one core each; by default as many as photos and cores are worth.",
        ),
    ] = None,
    with_ray: Annotated[
        bool, typer.Option("--ray", help="Make them with Ray Data, on the cluster in RAY_ADDRESS or on this machine.")
    ] = False,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make characters from thousands of photos into Parquet files, one row for each photo.

    A photo without a usable face is a row with the reason. Each file is written whole or not at all, and finished files
    are kept: the same command goes on after Ctrl-C or a crash. Rows do not depend on workers, interruptions or Ray. The
    exit code is 0 if every photo has its row, and 2 if a shard is damaged, so that photos may be missing.
    """
    from f2p_deploy.system.extras import require

    require("batch", "reading and writing Parquet files")
    if with_ray:
        require("ray", "--ray")
    from f2p_deploy.bulk.bulk_source import open_bulk_source
    from f2p_deploy.bulk.make_batch import make_batch
    from f2p_deploy.bulk.part_files import require_parts_place
    from f2p_deploy.pipeline import choose_finder_for

    require_parts_place(out, source)
    photos = open_bulk_source(source, recursive, column, key)
    opened = options.open_source(bundle, artifact, runtime, 1, prefer_artifact=True)
    opened.fast = fast
    finder = choose_finder_for(landmarker, landmarks, offline)
    with console.bar() as bar:
        report = make_batch(
            photos,
            out,
            opened,
            finder,
            mode,
            rows=rows,
            workers=workers,
            with_ray=with_ray,
            again=again,
            progress=bar.follow("photos"),
        )
    console.sentence(finder.sentence)
    for sentence in report.left_out:
        console.sentence(sentence)
    for sentence in report.broken:
        console.sentence(sentence, "error")
    if as_json:
        console.emit(report.to_dict())
    else:
        show(report)
    if report.broken:
        raise typer.Exit(2)


def show(report: "BatchReport") -> None:
    """Print the result: a table of reasons, and where the rows are."""
    rows = [("ok", str(report.photos - sum(report.failed.values())))]
    rows += sorted(((reason, str(count)) for reason, count in report.failed.items()), key=lambda row: -int(row[1]))
    console.table(rows, ("status", "photos"))
    if report.made:
        photos = "1 photo" if report.made == 1 else f"{report.made} photos"
        console.result(f"{photos} in {report.seconds:.1f} s: {report.made / report.seconds:.1f} a second")
    kept = f", {report.earlier} of them kept from before" if report.earlier else ""
    files = "1 file" if report.parts == 1 else f"{report.parts} files"
    console.result(f"{files} in {shown(report.out)}{kept}")
