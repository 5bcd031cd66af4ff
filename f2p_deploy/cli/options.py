"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console


def _set_verbose(value: bool) -> bool:
    if value:
        console.set_up(verbose=True)
    return value


Bundle = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="The bundle; the demo bundle if not given.")
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
Landmarks = Annotated[
    Path | None, typer.Option("--landmarks", metavar="FILE", help="Landmarks of a detector of your own, JSON or CSV.")
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Find faces with the built-in cascade even where MediaPipe is here.")
]
Assets = Annotated[
    Path | None,
    typer.Option("--assets", metavar="DIR", help="The reference engine's assets; else F2P_MAKEHUMAN_ASSETS."),
]
Threads = Annotated[int | None, typer.Option("--threads", min=1, metavar="N", help="Processor cores to use.")]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", callback=_set_verbose, help="Show what the libraries say, too."),
]


def use_threads(threads: int | None) -> None:
    """Tell PyTorch how many cores it may use."""
    if threads is not None:
        import torch

        torch.set_num_threads(threads)
