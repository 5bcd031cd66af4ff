"""The test if numba's cache holds the reference engine's compiled loops for the present source."""

import inspect
from pathlib import Path
from typing import Any


def compiled_before() -> bool:
    """Return True if all loops that take long to compile are in numba's cache."""
    from f2p_deploy.engine.makehuman import rasteriser, shading

    loops = (rasteriser.draw_depth, shading.shade_skin, shading.shade_eyes, shading.blend_layer)
    return all(is_kept(loop) for loop in loops)


def is_kept(loop: Any) -> bool:
    """Return True if numba's cache holds the machine code of a function and is not older than its source."""
    source = Path(inspect.getfile(loop.py_func))
    indices = Path(loop.stats.cache_path).glob(f"{source.stem}.{loop.py_func.__name__}-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in indices)
