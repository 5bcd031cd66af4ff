"""Draw parameters as an image, with the imitator or with the engine."""

from pathlib import Path

import numpy as np
from PIL import Image

from f2p_deploy.character.parameter_files import read_parameters
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.pipeline.run_source import runtime_of
from f2p_deploy.runtimes import Runtime, graph_calls
from f2p_deploy.system.errors import InputError

#: Limits of the edge in pixels. The engine draws in any size; the imitator's image is resampled.
SMALLEST_SIZE, LARGEST_SIZE = 16, 4096


def engine_for(schema: Schema, assets: Path | None = None, where: str | None = None) -> Engine:
    """Return the reference engine, or a studio's own, for a bundle's schema.

    Args:
        schema: a schema; with MakeHuman's sliders for the reference engine.
        assets: the folder of MakeHuman's assets; None to take it from the environment.
        where: another engine than the reference engine, see `open_engine`.

    Raises:
        MissingDependency: the assets are missing or lack a file.
        InputError: the schema belongs to another engine, or there is no engine at `where`.
    """
    if where is not None:
        from f2p_deploy.engine.link.engine_choice import open_engine

        return open_engine(where, schema)
    check_own_engine(schema)
    from f2p_deploy.engine.makehuman.assets import find_assets
    from f2p_deploy.engine.makehuman.makehuman import MakeHumanEngine

    return MakeHumanEngine(schema, find_assets(assets))


def check_own_engine(schema: Schema) -> None:
    """Raise if a schema has no slider of the reference engine.

    Raises:
        InputError: it has none, so it belongs to another engine.
    """
    from f2p_deploy.engine.makehuman.sliders import has_sliders

    if not has_sliders(schema):
        raise InputError(
            f"schema {schema.name!r} belongs to another engine than the reference engine, which has none of its "
            "sliders: name its own engine, or a folder of its pictures, with --engine-at"
        )


def read_character(path: Path, schema: Schema) -> Parameters:
    """Read one character's parameters; see `read_parameters`.

    Raises:
        InputError: a folder, or no parameters of this schema.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the parameters in it, such as {path / 'parameters.json'}")
    return read_parameters(path, schema)


def draw_character(
    source: Bundle | Runtime, parameters: Parameters, engine: Engine | None = None, size: int | None = None
) -> np.ndarray:
    """Draw parameters with the engine if there is one, else with the imitator.

    Args:
        source: the bundle or the runtime whose imitator draws.
        parameters: of the bundle's schema.
        engine: draws instead of the imitator.
        size: edge of the image in pixels; None for the imitator's size.

    Returns:
        (size, size, 3) uint8 RGB.

    Raises:
        InputError: a size out of range, or parameters of another schema.
        MissingDependency: `source` is a bundle, and PyTorch is not installed.
    """
    runtime = runtime_of(source)
    edge = runtime.settings.architecture.image_size if size is None else size
    if not SMALLEST_SIZE <= edge <= LARGEST_SIZE:
        raise InputError(f"a picture is {SMALLEST_SIZE} to {LARGEST_SIZE} pixels, found {edge}")
    if engine is not None:
        return engine.render(parameters.values, edge).image
    picture = graph_calls.render(runtime, parameters)
    if picture.shape[0] == edge:
        return picture
    return np.asarray(Image.fromarray(picture).resize((edge, edge), Image.Resampling.LANCZOS))
