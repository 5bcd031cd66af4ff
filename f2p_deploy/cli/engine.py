"""The commands `f2p-deploy engine`: folders of pairs of parameters and pictures, and engines of a studio's own."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, engine_at, options
from f2p_deploy.cli.engine_link import client, try_engine
from f2p_deploy.cli.engine_samples import collect, sample

if TYPE_CHECKING:
    from f2p_deploy.engine.engine import Engine

engine_app = typer.Typer(
    name="engine", no_args_is_help=True, help="Connect an engine, and render and check pairs.", rich_markup_mode=None
)

for _command in (sample, collect, client):
    engine_app.command(cls=choices.CommandWithChoices)(_command)
engine_app.command("try", cls=choices.CommandWithChoices)(try_engine)


@engine_app.command(cls=choices.CommandWithChoices)
def render(
    count: Annotated[int, typer.Option("--count", min=1, max=10_000_000, metavar="N", help="Number of pictures.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder of pairs.")],
    schema: options.Schema = "makehuman",
    size: options.PictureSize = 256,
    seed: options.CharacterSeed = 0,
    varied: Annotated[
        bool, typer.Option("--varied", help="Vary light, pose, background and crop; else the editor's front view.")
    ] = False,
    expressive: Annotated[bool, typer.Option("--expressive", help="Like --varied, with most faces smiling.")] = False,
    pictures_each: Annotated[
        int,
        typer.Option(
            "--pictures-each", min=1, max=10_000, metavar="N", help="Number of successive pictures of one character."
        ),
    ] = 1,
    near_average: Annotated[
        float,
        typer.Option("--near-average", min=0, max=1, metavar="SHARE", help="Share of characters near the average."),
    ] = 0.0,
    workers: Annotated[
        int, typer.Option("--workers", min=1, max=options.MOST_THREADS, metavar="N", help="Number of render processes.")
    ] = 2,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    as_json: options.Json = False,
) -> None:
    """Render characters with the reference engine or your own into a folder of pairs; an interrupted call continues."""
    import time

    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.engine.link.engine_choice import open_engine
    from f2p_deploy.engine.pairs import Sampling, write_pairs
    from f2p_deploy.system.errors import Interrupted

    sampling = Sampling(
        seed=seed,
        scenes="expressive" if expressive else "varied" if varied else "front",
        near_average=near_average,
        pictures_per_character=pictures_each,
    )
    drawing = _engine_of(schema, assets) if at is None else open_engine(at, load_schema(schema))
    started = time.monotonic()
    reached: list[int] = []

    def progress(done: int, total: int) -> None:
        reached.append(done)
        bar.update("pairs", done, total, f"{done:,} of {total:,} pictures")

    with console.bar() as bar:
        try:
            pairs = write_pairs(drawing, out, count, sampling, size, workers, progress)
        except KeyboardInterrupt:
            getattr(drawing, "abandon", lambda: None)()
            done = reached[-1] if reached else 0
            message = f"stopped after {done} of {count} pictures; the same command continues from there"
            raise Interrupted(message) from None
    seconds = time.monotonic() - started
    speed = len(reached) / seconds
    if as_json:
        console.emit({"folder": str(out), "count": len(pairs), "rendered": len(reached), "pictures_per_second": speed})
    else:
        console.result(f"{out}: {len(pairs)} pairs, {len(reached)} rendered now, {speed:.1f} a second")


@engine_app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of rendered pairs.")],
    as_json: options.Json = False,
) -> None:
    """Find missing, truncated, mis-sized, out-of-range and duplicate records; the exit code is 2 if any are found."""
    from f2p_deploy.engine.pairs_check import check_pairs

    with console.bar() as bar:
        report = check_pairs(folder, lambda done, total: bar.update("check", done, total, f"{done} of {total} records"))
    if as_json:
        problems = [asdict(problem) for problem in report.problems]
        console.emit({"folder": str(folder), "ok": report.ok, "count": report.count, "problems": problems})
    elif report.ok:
        console.result(f"{folder}: {report.count} records, all sound")
    else:
        rows = [("-" if p.record is None else str(p.record), p.reason, p.detail) for p in report.problems]
        console.table(rows, ("record", "fault", "what was found"))
    if not report.ok:
        faults = len(report.problems)
        console.sentence(f"{folder} has {faults} fault{'' if faults == 1 else 's'} in {report.count} records", "error")
        raise typer.Exit(2)


def _engine_of(schema: str, assets: Path | None) -> "Engine":
    """Return the reference engine, after saying that it will be compiled first."""
    from f2p_deploy.engine.makehuman.makehuman import load_engine

    options.announce_compiling(assets)
    return load_engine(schema, assets)
