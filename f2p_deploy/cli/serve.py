"""The command `f2p-deploy serve`: characters over HTTP."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, options
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

if TYPE_CHECKING:
    from fastapi import FastAPI

    from f2p_deploy.alignment import LandmarkFinder
    from f2p_deploy.service.ray_order import RayOrder


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
    with_editor: Annotated[
        bool, typer.Option("--edit", help="Show the character editor at /; with tokens, /?token=TOKEN opens it.")
    ] = False,
    with_ray: Annotated[
        bool, typer.Option("--ray", help="Serve with Ray Serve, on the cluster in RAY_ADDRESS or on this machine.")
    ] = False,
    replicas: Annotated[
        str | None,
        typer.Option("--replicas", metavar="N|MIN-MAX", help="With --ray: generators; a range follows the load."),
    ] = None,
    gpus: Annotated[
        float | None, typer.Option("--gpus", min=0, max=1024, metavar="X", help="With --ray: cards of each generator.")
    ] = None,
    write_config: Annotated[
        Path | None,
        typer.Option("--write-config", metavar="FILE.yaml", help="With --ray: write the file for `serve deploy`."),
    ] = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Make characters over HTTP: POST a photo to /v1/characters.

    The address is printed first; /readyz answers when the networks are loaded and their golden vectors are right.
    Photos stay in memory and are never logged. The log is JSON lines on the standard error. SIGTERM and Ctrl-C finish
    what was accepted. With --ray the address is printed once every replica is healthy.
    """
    from f2p_deploy.system.extras import require

    require("serve", "the service")
    if with_ray:
        require("ray", "--ray")
    elif replicas is not None or gpus is not None or write_config is not None:
        raise InputError("--replicas, --gpus and --write-config belong to --ray")
    import logging

    from f2p_deploy.pipeline.finder import check_finder, choose_finder_for
    from f2p_deploy.service.editor_door import EditorDoor
    from f2p_deploy.service.json_log import log_to
    from f2p_deploy.service.limits import limits_of
    from f2p_deploy.service.local_backend import LocalBackend
    from f2p_deploy.service.metrics import ServiceMetrics
    from f2p_deploy.service.server import run_server
    from f2p_deploy.service.service_app import create_app
    from f2p_deploy.service.tokens import is_loopback, read_tokens
    from f2p_deploy.system.listener import listen

    known = None if tokens is None else read_tokens(tokens)
    if known is None and not is_loopback(host):
        raise InputError(
            f"on {host} others could reach the service: give --tokens FILE, or listen on 127.0.0.1 (openssl rand -hex "
            "32 > FILE makes a token)"
        )
    if with_ray:
        from f2p_deploy.runtimes import find_runtime
        from f2p_deploy.service.ray_order import RayOrder

        if with_editor:
            raise InputError("--edit goes without --ray: the editor's photos stay in one process")
        if drain:
            raise InputError("--drain goes without --ray: Ray Serve's replicas finish what they accepted by themselves")
        if bundle and artifact:
            raise InputError("give either --bundle or --artifact, not both")
        if runtime != "auto":
            find_runtime(runtime)
        order = RayOrder(
            source=_text(artifact or bundle),
            runtime=runtime,
            fast=fast,
            landmarker=_text(landmarker),
            offline=offline,
            tokens=_text(tokens),
            queue=queue,
            upload_mb=upload_mb,
            megapixels=megapixels,
            seconds=seconds,
            batch_ms=batch_ms,
            batching=batching,
            lanes=lanes,
            replicas=replicas or "1",
            gpus=gpus or 0.0,
        )
        if write_config is None and "RAY_ADDRESS" not in os.environ:  # what is not here is told before Ray starts
            options.open_source(bundle, artifact, runtime, 1, prefer_artifact=True)
        return on_ray(order, host, port, write_config, as_json)
    limits = limits_of(queue, upload_mb, megapixels, seconds, batch_ms)
    metrics = ServiceMetrics(limits.queue)

    check_finder(landmarker, None, offline)

    def open_finder() -> "LandmarkFinder":
        return choose_finder_for(landmarker, None, offline).finder

    with listen(host, port) as listener:
        opened = options.open_source(bundle, artifact, runtime, 1, prefer_artifact=True)
        opened.fast = fast
        backend = LocalBackend(lambda: opened, open_finder, limits, metrics, lanes, batching)
        app: FastAPI | EditorDoor
        if with_editor:
            app = door = EditorDoor(
                create_app(backend, limits, metrics, known, lambda: door.load(backend.runtime, backend.finder)), known
            )
        else:
            app = create_app(backend, limits, metrics, known)
        name = f"[{host}]" if ":" in host else host
        show_address(f"http://{name}:{listener.getsockname()[1]}", as_json)
        log_to(level=logging.DEBUG if verbose else logging.INFO)
        run_server(app, listener, drain)


def on_ray(order: "RayOrder", host: str, port: int, write_config: Path | None, as_json: bool) -> None:
    """Run the service with Ray Serve, or write its configuration file."""
    from f2p_deploy.service.ray_service import run_on_ray, serve_config
    from f2p_deploy.system.files import write_whole

    if write_config is None:
        run_on_ray(order, host, port, lambda address: show_address(address, as_json))
        return
    import yaml

    content = yaml.safe_dump(serve_config(order, host, port or 8000), sort_keys=False)
    write_whole(write_config, content.encode())
    if as_json:
        console.emit({"config": str(write_config)})
    else:
        console.result(f"serve deploy {shown(write_config)}")


def show_address(address: str, as_json: bool) -> None:
    """Print where the service answers."""
    if as_json:
        console.emit({"address": address})
    else:
        console.result(address)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
