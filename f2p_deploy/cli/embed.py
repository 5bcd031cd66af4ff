"""The commands `f2p-deploy embed`: package an artifact for a game's build."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options

embed_app = typer.Typer(
    name="embed", no_args_is_help=True, help="Package an artifact for a game's build.", rich_markup_mode=None
)


_COLUMNS = ("folder", "files", "size")

_Modes = Annotated[
    str,
    typer.Option(
        metavar="MODE[,MODE]",
        help="What the game needs, some of {embedded_modes}; graphs of other modes are left out.",
        autocompletion=choices.complete("embedded_modes"),
    ),
]
_ALL_MODES = "one-shot,iterative,hybrid,render"


def _words(modes: str) -> list[str]:
    return [word.strip() for word in modes.split(",") if word.strip()]


@embed_app.callback()
def _embed() -> None:
    """Package an artifact for a game's build."""


@embed_app.command(cls=choices.CommandWithChoices)
def ios(
    artifact: Annotated[
        Path | None,
        typer.Option("--from", metavar="ARTIFACT", help="A Core ML artifact; build/demo/coreml if not given."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The Swift package; build/<bundle>/F2PKit if not given."),
    ] = None,
    modes: _Modes = _ALL_MODES,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Write the Swift package F2PKit with an artifact's models, for iOS and macOS.

    The output is deterministic: the same artifact gives the same bytes. README.md in the package explains how to add it
    to a game and how to run its tests on a device.
    """
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.embed import default_artifact, embed_ios

    opened = read_artifact(default_artifact() if artifact is None else artifact)
    place = out or Path("build") / opened.manifest.bundle / "F2PKit"
    package = embed_ios(opened, place, modes=_words(modes))
    if as_json:
        console.emit(package.to_dict())
        return
    rows = [(f"{folder}/" if folder else "", str(count), size) for folder, count, size in package.folders()]
    console.table(rows, _COLUMNS)
    console.result(f"the app grows by {package.models_size / 1e6:.1f} MB of models; iOS {package.ios} or later")
    console.result(f"Swift package: {package.folder}")
    console.result(f"how to add it to a game and test it on a device: {package.folder / 'README.md'}")


@embed_app.command(cls=choices.CommandWithChoices)
def android(
    artifact: Annotated[
        Path | None,
        typer.Option("--from", metavar="ARTIFACT", help="An ONNX artifact; the demo bundle's own if not given."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The Gradle module; build/<bundle>/f2pkit if not given."),
    ] = None,
    modes: _Modes = _ALL_MODES,
    finder: Annotated[
        bool,
        typer.Option("--finder/--no-finder", help="Include the two networks that find faces (2 MB)."),
    ] = True,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Write the Gradle module f2pkit with an artifact's graphs, for Android games.

    The output is deterministic: the same artifact gives the same bytes. README.md in the module explains how to add it
    to a game and how to run its tests on a device.
    """
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.embed import default_onnx_artifact, embed_android

    opened = default_onnx_artifact() if artifact is None else read_artifact(artifact)
    place = out or Path("build") / opened.manifest.bundle / "f2pkit"
    module = embed_android(opened, place, modes=_words(modes), finder=finder)
    if as_json:
        console.emit(module.to_dict())
        return
    console.table([(f"{name}/" if name else "", str(n), size) for name, n, size in module.folders()], _COLUMNS)
    console.result(f"the app grows by {module.assets_size / 1e6:.1f} MB of assets, and by ONNX Runtime's library")
    console.result(f"Gradle module: {module.folder}")
    console.result(f"how to add it to a game and test it on a device: {module.folder / 'README.md'}")


@embed_app.command()
def web(
    artifact: Annotated[
        Path | None,
        typer.Option("--from", metavar="ARTIFACT", help="An ONNX artifact; the demo bundle's own if not given."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="DIR", help="The folder of static files; build/<bundle>/web if not given."),
    ] = None,
    ort: Annotated[
        Path | None,
        typer.Option(
            "--onnxruntime-web",
            metavar="PATH",
            help="npm's package onnxruntime-web, a .tgz or a folder; downloaded once if not given.",
        ),
    ] = None,
    webgpu: Annotated[
        bool,
        typer.Option("--webgpu/--no-webgpu", help="Offer WebGPU where a browser computes the golden vectors right."),
    ] = True,
    landmarker: Annotated[
        Path | None,
        typer.Option(
            "--landmarker",
            metavar="FILE",
            help="MediaPipe's face_landmarker.task, to find faces with MediaPipe (17 MB more).",
        ),
    ] = None,
    tasks_vision: Annotated[
        Path | None,
        typer.Option(
            "--tasks-vision",
            metavar="PATH",
            help="npm's package @mediapipe/tasks-vision, a .tgz or a folder; downloaded once if not given.",
        ),
    ] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Write a folder of static files that makes characters in the browser; no photo leaves the visitor's device.

    README.md in the folder explains how to publish it, and how to use the library CharacterMaker in a page of your own.
    """
    from f2p_deploy.alignment import find_landmarker_model
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.embed import ONNXRUNTIME_WEB, default_onnx_artifact, embed_web

    ONNXRUNTIME_WEB.require_source(ort)
    model = find_landmarker_model(landmarker) if landmarker else None
    opened = default_onnx_artifact() if artifact is None else read_artifact(artifact)
    with console.bar() as bar:
        page = embed_web(
            opened,
            out or Path("build") / opened.manifest.bundle / "web",
            ort=ort,
            webgpu=webgpu,
            landmarker=model,
            tasks_vision=tasks_vision,
            progress=bar.follow("embed"),
        )
    if as_json:
        console.emit(page.to_dict())
        return
    console.table([(f"{folder}/" if folder else "", str(n), size) for folder, n, size in page.folders()], _COLUMNS)
    first = f"{page.first / 1e6:.1f} MB"
    console.result(f"a browser loads {first} before the first picture, less where the server compresses")
    console.result(f"web page: {page.folder}")
    console.result(f"how to publish it, and the library for a page of your own: {page.folder / 'README.md'}")
