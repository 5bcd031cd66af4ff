"""Whether the reference engine's loops were compiled before: numba keeps what it compiled, for the source as it is."""

import inspect
from pathlib import Path
from typing import Any


def compiled_before() -> bool:
    """Return whether earlier runs left the machine code of all that takes long to compile."""
    from f2p_deploy.engine.makehuman import rasteriser, shading

    loops = (rasteriser.draw_depth, shading.shade_skin, shading.shade_eyes, shading.blend_layer)
    return all(is_kept(loop) for loop in loops)


def is_kept(loop: Any) -> bool:
    """Return whether numba has machine code of a compiled function on disk, not older than its source."""
    source = Path(inspect.getfile(loop.py_func))
    kept = Path(loop.stats.cache_path).glob(f"{source.stem}.{loop.py_func.__name__}-*.nbi")
    return any(index.stat().st_mtime >= source.stat().st_mtime for index in kept)
