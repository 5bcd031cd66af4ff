"""The command `f2p-deploy evaluate priors`: Fig. 6 of the paper, the subspaces of plausible faces."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options


def priors(
    bundle: options.Bundle = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page with pictures, and JSON, to DIR.")
    ] = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=1000, metavar="N", help="Number of random characters of each kind.")
    ] = 8,
    seed: options.CharacterSeed = 0,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Show how much of the variance each group's components hold, and random characters with and without priors.

    The bundle needs priors (`f2p-deploy train priors`) and an imitator, which draws the characters (Fig. 6 of the
    paper).
    """
    from f2p_deploy.evaluation.priors.measure_priors import measure_priors
    from f2p_deploy.evaluation.priors.priors_page import prior_tables, priors_data, write_prior_results
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.pipeline import folder
    from f2p_deploy.runtimes.torch_runtime import require_torch

    require_torch("drawing random characters")
    opened = load_bundle(bundle)
    if out is not None:
        folder.refuse_characters(out)
    options.use_threads(threads)
    with console.bar() as bar:
        report = measure_priors(opened, count, seed, bar.follow("characters"))
    page = None
    if out is not None:
        folder.prepare_folder(out, ())
        page = write_prior_results(report, out)
    if as_json:
        console.emit(priors_data(report))
        return
    console.tables(prior_tables(report))
    if page is not None:
        console.result(f"\npage: {page}")
