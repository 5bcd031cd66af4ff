"""The commands `f2p-deploy engine client` and `try`: connect a studio's engine, and see whether it draws."""

from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import console, options

#: The files to copy into an engine, by the language's name.
CLIENT_FILES = {"cpp": "f2p_engine.hpp", "csharp": "F2PEngine.cs", "python": "f2p_engine.py"}


def client(
    language: Annotated[str, typer.Argument(metavar="LANGUAGE", help=f"{', '.join(CLIENT_FILES)}.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder of the file.")] = Path("."),
    as_json: options.Json = False,
) -> None:
    """Write the file to copy into an engine, which then answers at tcp://127.0.0.1:7788."""
    from importlib.resources import files

    from f2p_deploy.character.schema import suggestion
    from f2p_deploy.system.errors import InputError
    from f2p_deploy.system.files import write_whole

    if language not in CLIENT_FILES:
        raise InputError(f"no file for {language!r}{suggestion(language, tuple(CLIENT_FILES))}")
    name = CLIENT_FILES[language]
    content = files("f2p_deploy.engine.clients").joinpath(name).read_bytes()
    path = out / name
    if path.exists() and path.read_bytes() != content:
        raise InputError(f"{path} already exists and differs: move it away first")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create the folder {out}: {error.strerror or error}") from error
    write_whole(path, content)
    if as_json:
        console.emit({"file": str(path)})
    else:
        console.result(str(path))


def try_engine(
    where: Annotated[str, typer.Argument(metavar="WHERE", help="The engine: tcp://HOST:PORT or module:Class.")],
    schema: options.Schema = "makehuman",
    size: Annotated[
        int, typer.Option("--size", min=16, max=4096, metavar="N", help="Edge of the picture in pixels.")
    ] = 256,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PNG", help="Keep the picture of the average face.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Draw the average face and a random one with an engine; the exit code is 1 if it cannot be used for training.

    The same parameters must give the same picture, and other parameters another one.
    """
    import time

    import numpy as np

    from f2p_deploy.character.parameters import average, random_batch
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.engine.link.engine_choice import open_engine
    from f2p_deploy.system import pictures
    from f2p_deploy.system.errors import FloorMissed

    loaded = load_schema(schema)
    if out is not None:
        pictures.check_picture_path(out)
    engine = open_engine(where, loaded)
    face = average(loaded).values
    started = time.monotonic()
    first, again = engine.render(face, size), engine.render(face, size)
    milliseconds = 500 * (time.monotonic() - started)
    other = engine.render(random_batch(loaded, 1, seed=0)[0], size)
    if out is not None:
        pictures.write_picture(out, first.image)
    repeatable = np.array_equal(first.image, again.image)
    varies = not np.array_equal(first.image, other.image)
    gives = {"labels": first.labels is not None, "landmarks": bool(first.landmarks)}
    if as_json:
        facts = {"milliseconds": milliseconds, "repeatable": repeatable, "varies": varies, **gives}
        console.emit({"engine": where, "size": size, **facts})
    else:
        more = ", ".join(name for name, given in gives.items() if given) or "no labels or landmarks"
        console.result(f"{where}: pictures of {size} pixels in {milliseconds:.0f} ms, with {more}")
    if not repeatable:
        raise FloorMissed(f"{where} drew the same parameters twice, and the pictures differ: switch off what is random")
    if not varies:
        raise FloorMissed(f"{where} drew two characters, and the pictures are equal: are the parameters applied?")
