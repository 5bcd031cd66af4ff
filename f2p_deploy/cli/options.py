"""Options that several commands share."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.runtimes import Runtime


def _set_verbose(value: bool) -> bool:
    if value:
        console.set_up(verbose=True)
    return value


#: The largest number that seeds NumPy's generators and PyTorch's alike.
LARGEST_SEED = 2**32 - 1

#: More threads or processes than any machine has cores are a slip of the finger, and would take the machine down.
MOST_THREADS = 1024

Bundle = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The bundle; the demo bundle if not given.")
]
Artifact = Annotated[
    Path | None,
    typer.Option("--artifact", metavar="DIR", help="An exported artifact instead of a bundle: needs no PyTorch."),
]
RuntimeName = Annotated[
    str,
    typer.Option(
        "--runtime",
        metavar="NAME",
        autocompletion=choices.complete("runtimes"),
        help="What runs the artifact, or the one that the bundle carries: {runtimes}.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout instead.")]
Landmarker = Annotated[
    Path | None,
    typer.Option(
        "--landmarker",
        metavar="FILE",
        help="MediaPipe's face_landmarker.task; else F2P_FACE_LANDMARKER, else the downloaded one.",
    ),
]
AgeSex = Annotated[
    Path,
    typer.Option(
        "--age-sex",
        metavar="FILE",
        help="face-api's age_gender_model-weights_manifest.json, of npm's @vladmandic/face-api, the .bin beside it.",
    ),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(
        "--landmarks",
        metavar="FILE",
        help='Five points a face, in pixels, of a detector of your own. JSON: {"anna.jpg": {"left-eye": [x, y], '
        '"right-eye": .., "nose-tip": .., "mouth-left": .., "mouth-right": ..}}; CSV: photo,left-eye-x,left-eye-y,...',
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Find faces with the built-in cascade even where MediaPipe is here.")
]
Assets = Annotated[
    Path | None,
    typer.Option("--assets", metavar="DIR", help="The reference engine's assets; else F2P_MAKEHUMAN_ASSETS."),
]
Only = Annotated[
    str,
    typer.Option(
        "--only",
        metavar="SPLIT",
        autocompletion=choices.complete("splits"),
        help="Photos that training keeps out, or takes, by their name: {splits}.",
    ),
]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=MOST_THREADS,
        metavar="N",
        help="Processor cores to use; all that this process may if not given.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", callback=_set_verbose, help="Show what the libraries say, too."),
]


def use_threads(threads: int | None) -> None:
    """Hold whatever computes in this command to a number of cores; those that the process may use if None."""
    from f2p_deploy.system.threads import limit_threads

    limit_threads(threads)


def announce_compiling(assets: Path | None) -> None:
    """Say that the reference engine is going to be compiled, where no earlier run has left what it needs.

    Raises:
        MissingDependency: the engine, or its assets, are not here.
    """
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.system.extras import require

    require("engine", "the reference engine")
    find_assets(assets)
    from f2p_deploy.engine.makehuman.compiled import compiled_before

    if not compiled_before():
        console.sentence("the reference engine is compiled first, once on this machine: that takes up to a minute")


def open_source(
    bundle: Path | None, artifact: Path | None, runtime: str = "auto", threads: int | None = None
) -> "Runtime":
    """Return what makes the characters of a command: the artifact in a runtime, or the bundle in PyTorch.

    A bundle is run by the artifact that it carries where PyTorch is not installed, or another runtime is named.

    Raises:
        InputError: both are named, or a runtime without an artifact; see `load_bundle` and `load`.
        MissingDependency: see `load`.
    """
    if bundle and artifact:
        raise InputError("characters come of a bundle or of an artifact: give --bundle or --artifact, not both")
    from f2p_deploy.runtimes import load

    if artifact is not None:
        from f2p_deploy.artifact.artifact import read_artifact

        return load(read_artifact(artifact), runtime, threads)
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact
    from f2p_deploy.system.extras import missing_modules

    opened = load_bundle(bundle)
    if runtime != "auto" and not has_artifact(opened):
        raise InputError(f"--runtime {runtime} goes with --artifact; a bundle is run by PyTorch")
    if runtime != "auto" or ("torch" in missing_modules("export") and has_artifact(opened)):
        return load(artifact_of(opened), runtime, threads)
    made = load(opened, threads=threads)
    use_threads(threads)
    return made
