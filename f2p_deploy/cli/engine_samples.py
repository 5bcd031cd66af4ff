"""The commands `f2p-deploy engine sample` and `collect`: for engines that render offline."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options


def sample(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder of samples.")],
    count: Annotated[
        int | None, typer.Option("--count", min=1, max=10_000_000, metavar="N", help="Number of random samples.")
    ] = None,
    character: Annotated[
        list[Path] | None,
        typer.Option(
            "--character",
            metavar="FILE",
            help="Parameters to render instead of random ones: .json, .csv or .f32; may be repeated.",
        ),
    ] = None,
    schema: options.Schema = "makehuman",
    size: options.PictureSize = 256,
    seed: options.CharacterSeed = 0,
    varied: Annotated[
        bool, typer.Option("--varied", help="Vary light, pose, background and crop; else the editor's front view.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Write what an engine that renders offline should draw; it then writes DIR/pictures/ID.png.

    samples.jsonl and engine-units.csv describe each sample. When the pictures are there, `engine collect` makes
    rendered pairs of them, and `--engine-at DIR` of other commands draws with them.
    """
    import numpy as np

    from f2p_deploy.character.parameter_files import read_batch
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.engine.link.sample_folder import LINES_FILE, scenes_of, write_samples
    from f2p_deploy.engine.pairs import Sampling
    from f2p_deploy.system.errors import InputError

    if (count is None) == (not character):
        raise InputError("give either --count for random samples or --character for given ones")
    if character and varied:
        raise InputError("--varied needs --count: given characters are drawn in the front view")
    loaded = load_schema(schema)
    sampling = None if count is None else Sampling(seed=seed, scenes="varied" if varied else "front")
    if sampling is not None and count is not None:
        vectors = sampling.parameters(loaded, count)
    else:
        vectors = np.concatenate([read_batch(path, loaded) for path in character or ()])
    made = write_samples(loaded, out, size, sampling, vectors, scenes_of(sampling, len(vectors)))
    if as_json:
        console.emit({"folder": str(out), "count": made.count, "size": made.size, "samples": str(out / LINES_FILE)})
    else:
        last = f"{made.count - 1:06d}"
        console.result(f"{out}: {made.count} samples; render them to {out}/pictures/000000.png to {last}.png")


def collect(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of samples with the engine's pictures.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="The folder of pairs.")],
    as_json: options.Json = False,
) -> None:
    """Check an engine's pictures of samples, and make rendered pairs of them; the exit code is 2 if any is missing."""
    from f2p_deploy.engine.link.folder_engine import collect_samples
    from f2p_deploy.engine.link.sample_folder import SampleFolder

    samples = SampleFolder(folder)
    faults = samples.faults()
    if faults:
        if as_json:
            console.emit({"folder": str(folder), "ok": False, "count": samples.count, "problems": faults})
        else:
            for fault in faults[:10]:
                console.sentence(fault, "error")
        console.sentence(f"{folder} lacks {len(faults)} of {samples.count} pictures, or they are wrong", "error")
        raise typer.Exit(2)
    with console.bar() as bar:
        pairs = collect_samples(
            folder, out, lambda done, total: bar.update("pairs", done, total, f"{done:,} of {total:,} pictures")
        )
    if as_json:
        console.emit({"folder": str(out), "ok": True, "count": len(pairs), "problems": []})
    else:
        console.result(f"{out}: {len(pairs)} pairs")
