"""The command `f2p-deploy edit`: the character editor in the browser, on this machine."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import console, engine_at, options
from f2p_deploy.system.errors import MissingDependency

if TYPE_CHECKING:
    from f2p_deploy.editor.edit_session import EditSession
    from f2p_deploy.editor.editor_engine import EditorEngine
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime


def edit(
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="PHOTO|PARAMETERS|FOLDER",
            help="A photo, a character's parameters.json, or the folder that run has written; nothing to begin anew.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    artifact: options.Artifact = None,
    runtime: options.RuntimeName = "auto",
    fast: options.Fast = None,
    landmarker: options.Landmarker = None,
    landmarks: options.Landmarks = None,
    offline: options.Offline = False,
    at: engine_at.EngineAt = None,
    assets: options.Assets = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")] = 0,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the address in the browser, or only print it.")
    ] = True,
    stay: Annotated[bool, typer.Option("--stay", help="Go on after the last page was closed, until Ctrl-C.")] = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Edit characters in the browser: from a photo, or the characters of an earlier run.

    The page comes from a server that only this machine reaches, and only this browser: the address works once. Photos
    stay in memory. The command ends when the last page is closed; Ctrl-C ends it at once. With a folder, what was kept
    is noted in FOLDER/review.json.
    """
    from f2p_deploy.system.extras import require

    require("edit", "the editor")
    from f2p_deploy.editor.edit_session import EditSession
    from f2p_deploy.editor.edit_start import find_start
    from f2p_deploy.editor.editor_engine import engine_of
    from f2p_deploy.editor.editor_server import serve_editor
    from f2p_deploy.editor.open_browser import open_browser
    from f2p_deploy.pipeline import check_finder, choose_finder_for

    session = EditSession(find_start(what))
    check_finder(landmarker, landmarks, offline)
    opened = options.open_source(bundle, artifact, runtime, threads, prefer_artifact=True)
    opened.fast = fast
    session.check(opened.schema)
    engine = engine_of(opened.schema, at, assets)
    named = bool(landmarker or landmarks or offline)
    try:
        with serve_editor(session, port, stay) as server:
            if as_json:
                console.emit({"address": server.address})
            else:
                console.result(server.address)
            if browser and not open_browser(server.address):
                console.sentence("no browser could be opened here: open the address above yourself")
            try:
                _load(session, opened, engine, lambda: choose_finder_for(landmarker, landmarks, offline), named)
                if at is None:
                    _announce_compiling(engine)
            except BaseException as error:
                session.fail(error)
                if isinstance(error, Exception):
                    server.let_pages_see()
                raise
            server.wait()
    finally:
        for path in session.saved:
            console.sentence(f"saved: {path}")


def _load(
    session: "EditSession",
    opened: "Runtime",
    engine: "EditorEngine | None",
    choose: "Callable[[], ChosenFinder]",
    named: bool,
) -> None:
    """Load the networks while the page already waits, in the order in which they are needed.

    Args:
        session: is handed the runtime, and then the finder.
        opened, engine: what draws.
        choose: chooses the finder.
        named: the user named the finder, so its error ends the command.
    """
    from f2p_deploy.pipeline.run_source import draws, load_networks_for

    if draws(opened):
        opened.prepare(["render"])
    session.load(opened, engine)
    try:
        chosen = choose()
    except MissingDependency as error:
        if named:
            raise
        session.finder.set_exception(error)  # characters can be edited without it
        console.sentence(str(error), "warning")
    else:
        session.finder.set_result(chosen.finder)
        console.sentence(chosen.sentence)
    load_networks_for(opened, session.bench.modes)


def _announce_compiling(engine: "EditorEngine | None") -> None:
    """Print that the reference engine, if it is there, will be compiled, unless it was before."""
    from f2p_deploy.engine.makehuman.compiled import compiled_before

    if engine is not None and not compiled_before():
        console.sentence("The reference engine is compiled when it first draws, once; this takes up to a minute.")
