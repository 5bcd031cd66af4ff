"""The command `f2p-deploy serve`: characters over HTTP."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, options
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.alignment import LandmarkFinder
    from f2p_deploy.runtimes import Runtime

def serve(
    artifact: options.Artifact = None,
    bundle: options.Bundle = None,
    runtime: options.RuntimeName = "auto",
    host: Annotated[
        str, typer.Option("--host", metavar="HOST", help="Address to listen on; beyond this machine tokens are needed.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")
    ] = 8000,
    tokens: Annotated[
        Path | None,
        typer.Option("--tokens", metavar="FILE", help="Bearer tokens that requests must carry, one per line."),
    ] = None,
    queue: Annotated[
        int | None,
        typer.Option("--queue", min=1, max=100_000, metavar="N", help="Most requests that wait; 32 if not given."),
    ] = None,
    upload_mb: Annotated[
        float | None,
        typer.Option("--upload-mb", min=0.01, max=1024, metavar="MB", help="Largest photo file; 16 if not given."),
    ] = None,
    megapixels: Annotated[
        float | None,
        typer.Option("--megapixels", min=0.01, max=256, metavar="N", help="Most pixels of a photo; 50 if not given."),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", min=0.1, max=3600, metavar="S", help="Most time to generate; 30 if not given."),
    ] = None,
    batch_ms: Annotated[
        float | None,
        typer.Option("--batch-ms", min=0.01, max=10_000, metavar="MS", help="Wait for a batch; 2 if not given."),
    ] = None,
    batching: Annotated[
        bool, typer.Option("--batching/--no-batching", help="Compute requests together, up to the artifact's batch.")
    ] = True,
    lanes: Annotated[
        int | None,
        typer.Option("--lanes", min=1, max=1024, metavar="N", help="Batches computed at a time; one per core."),
    ] = None,
    drain: Annotated[
        float,
        typer.Option("--drain", min=0, max=600, metavar="S", help="After SIGTERM, answer for so long, not ready."),
    ] = 0.0,
    fast: Annotated[
        bool | None,
        typer.Option(
            "--fast/--exact",
            help="Search through the shortcut, or through the imitator; by default as the bundle says.",
            show_default=False,
        ),
    ] = None,
    landmarker: options.Landmarker = None,
    offline: options.Offline = False,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make characters over HTTP: POST a photo to /v1/characters.

    The address is printed at once; /readyz answers when the networks are loaded and their golden vectors are right.
    Photos stay in memory and are never logged. The log is JSON lines on the standard error. SIGTERM and Ctrl-C finish
    what was accepted.
    """
    from f2p_deploy.system.extras import require

    require("serve", "the service")
    import logging

    from f2p_deploy.service.json_log import log_to
    from f2p_deploy.service.limits import ServiceLimits
    from f2p_deploy.service.local_backend import LocalBackend
    from f2p_deploy.service.metrics import ServiceMetrics
    from f2p_deploy.service.server import listen, run_server
    from f2p_deploy.service.service_app import create_app
    from f2p_deploy.service.tokens import is_loopback, read_tokens

    known = None if tokens is None else read_tokens(tokens)
    if known is None and not is_loopback(host):
        raise InputError(
            f"on {host} others could reach the service: give --tokens FILE, or listen on 127.0.0.1 (openssl rand -hex "
            "32 > FILE makes a token)"
        )
    usual = ServiceLimits()
    limits = dataclasses.replace(
        usual,
        queue=queue or usual.queue,
        upload_bytes=usual.upload_bytes if upload_mb is None else int(upload_mb * 1e6),
        photo_pixels=usual.photo_pixels if megapixels is None else int(megapixels * 1e6),
        generate_seconds=seconds or usual.generate_seconds,
        batch_seconds=usual.batch_seconds if batch_ms is None else batch_ms / 1000,
    )
    metrics = ServiceMetrics(limits.queue)

    def open_runtime() -> "Runtime":
        opened = options.open_source(bundle, artifact, runtime, 1, prefer_artifact=True)
        opened.fast = fast
        return opened

    def open_finder() -> "LandmarkFinder":
        from f2p_deploy.pipeline import choose_finder_for

        return choose_finder_for(landmarker, None, offline).finder

    with listen(host, port) as listener:
        backend = LocalBackend(open_runtime, open_finder, limits, metrics, lanes, batching)
        app = create_app(backend, limits, metrics, known)
        name = f"[{host}]" if ":" in host else host
        address = f"http://{name}:{listener.getsockname()[1]}"
        if as_json:
            console.emit({"address": address})
        else:
            console.result(address)
        log_to(level=logging.DEBUG if verbose else logging.INFO)
        run_server(app, listener, drain)
