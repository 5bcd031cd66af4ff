"""Options shared by several commands."""

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


#: The largest seed that both NumPy's and PyTorch's generators accept.
LARGEST_SEED = 2**32 - 1

#: More threads or processes than this are taken for a typing error; starting them could bring the machine down.
MOST_THREADS = 1024

MeasuredModes = Annotated[
    list[str] | None,
    typer.Option(
        "--mode",
        metavar="MODE",
        autocompletion=choices.complete("measured_modes"),
        help="Mode in which characters are made: {measured_modes}; may be repeated. All if not given.",
    ),
]

Bundle = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The bundle; the demo bundle if not given.")
]
Artifact = Annotated[
    Path | None,
    typer.Option("--artifact", metavar="DIR", help="An exported artifact, instead of a bundle; needs no PyTorch."),
]
RuntimeName = Annotated[
    str,
    typer.Option(
        "--runtime",
        metavar="NAME",
        autocompletion=choices.complete("runtimes"),
        help="Runtime for the artifact, or for the artifact inside the bundle: {runtimes}.",
    ),
]
Fast = Annotated[
    bool | None,
    typer.Option(
        "--fast/--exact",
        help="Search through the shortcut, or through the imitator; by default as the bundle says.",
        show_default=False,
    ),
]
Schema = Annotated[
    str,
    typer.Option(
        "--schema",
        metavar="NAME|FILE.toml",
        autocompletion=choices.complete("schemas"),
        help="Schema of the characters: {schemas}, or a file.",
    ),
]
PictureSize = Annotated[
    int, typer.Option("--size", min=16, max=4096, metavar="N", help="Edge of the pictures in pixels.")
]
CharacterSeed = Annotated[
    int,
    typer.Option("--seed", min=0, max=LARGEST_SEED, metavar="N", help="The same seed gives the same characters."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Landmarker = Annotated[
    Path | None,
    typer.Option(
        "--landmarker",
        metavar="FILE",
        help="MediaPipe's face_landmarker.task; by default F2P_FACE_LANDMARKER, else the downloaded file.",
    ),
]
AgeSex = Annotated[
    Path,
    typer.Option(
        "--age-sex",
        metavar="FILE",
        help="age_gender_model-weights_manifest.json of the npm package @vladmandic/face-api; its .bin must be in the "
        "same folder.",
    ),
]
Landmarks = Annotated[
    Path | None,
    typer.Option(
        "--landmarks",
        metavar="FILE",
        help='Five points per face in pixels, from your own detector. JSON: {"anna.jpg": {"left-eye": [x, y], '
        '"right-eye": .., "nose-tip": .., "mouth-left": .., "mouth-right": ..}}; CSV: photo,left-eye-x,left-eye-y,...',
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Find faces with the built-in networks even if MediaPipe is installed.")
]
Assets = Annotated[
    Path | None,
    typer.Option("--assets", metavar="DIR", help="The reference engine's assets; by default F2P_MAKEHUMAN_ASSETS."),
]
Only = Annotated[
    str,
    typer.Option(
        "--only",
        metavar="SPLIT",
        autocompletion=choices.complete("splits"),
        help="Use only the photos of this training split, which depends on a photo's name: {splits}.",
    ),
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Use only the first N photos.")]
Threads = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        max=MOST_THREADS,
        metavar="N",
        help="Number of CPU cores to use; by default all that this process may use.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", callback=_set_verbose, help="Also show the log, and the messages of libraries."),
]


def use_threads(threads: int | None) -> None:
    """Limit the computations of this command to a number of cores; None means all that the process may use."""
    from f2p_deploy.system.threads import limit_threads

    limit_threads(threads)


def announce_compiling(assets: Path | None) -> None:
    """Print that the reference engine will be compiled first, unless an earlier run has cached it.

    Raises:
        MissingDependency: the engine or its assets are not installed.
    """
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.system.extras import require

    require("engine", "the reference engine")
    find_assets(assets)
    from f2p_deploy.engine.makehuman.compiled import compiled_before

    if not compiled_before():
        console.sentence("compiling the reference engine, once on this machine; this takes up to a minute")


def open_source(
    bundle: Path | None,
    artifact: Path | None,
    runtime: str = "auto",
    threads: int | None = None,
    prefer_artifact: bool = False,
) -> "Runtime":
    """Return the runtime of a command: the artifact in the named runtime, or the bundle in PyTorch.

    If PyTorch is not installed or another runtime is named, the artifact inside the bundle is used.

    Args:
        bundle, artifact, runtime, threads: the command's options.
        prefer_artifact: use the artifact inside the bundle, if there is one of this bundle, also where PyTorch is
            installed: it starts in a third of the time.

    Raises:
        InputError: both are given, or a runtime without an artifact; see `load_bundle` and `load`.
        MissingDependency: see `load`.
    """
    if bundle and artifact:
        raise InputError("give either --bundle or --artifact, not both")
    from f2p_deploy.runtimes import load

    if artifact is not None:
        from f2p_deploy.artifact.artifact import read_artifact

        return load(read_artifact(artifact), runtime, threads)
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact
    from f2p_deploy.system.extras import missing_modules

    opened = load_bundle(bundle)
    if runtime != "auto" and not has_artifact(opened):
        raise InputError(f"--runtime {runtime} needs --artifact: PyTorch runs a bundle")
    without_torch = "torch" in missing_modules("export")
    if prefer_artifact and runtime == "auto" and has_artifact(opened) and not without_torch:
        try:
            return load(artifact_of(opened), runtime, threads)
        except InputError as error:
            console.sentence(str(error), "warning")
    if runtime != "auto" or (without_torch and has_artifact(opened)):
        return load(artifact_of(opened), runtime, threads)
    torch_runtime = load(opened, threads=threads)
    use_threads(threads)
    return torch_runtime
