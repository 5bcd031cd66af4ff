"""A summary of a bundle from the headers of its files; neither PyTorch nor the weights are loaded."""

import math
from typing import Any

from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.settings import to_data
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError

#: Suffixes of the names of tensors that are stored but not trained.
_STATISTICS = (".running_mean", ".running_var", ".num_batches_tracked")


def summarise_bundle(bundle: Bundle) -> dict[str, Any]:
    """Return a summary of a bundle as plain data.

    Returns:
        `name`, `path`, `fingerprint`, `schema` (name, n, n_c, n_d, groups, discrete), `parts` (name, file, bytes,
        sha256, parameters, tensors, dtype of each file of weights and of the priors), `settings`, `provenance`.

    Raises:
        InputError: a file is not a safetensors file, or is damaged.
    """
    schema = bundle.schema
    return {
        "name": bundle.name,
        "path": str(bundle.path),
        "fingerprint": bundle.fingerprint,
        "schema": {
            "name": schema.name,
            "n": schema.n,
            "n_c": schema.n_c,
            "n_d": schema.n_d,
            "groups": {group: len(positions) for group, positions in schema.groups.items()},
            "discrete": {group.name: list(group.options) for group in schema.discrete_groups},
        },
        "parts": [_part(bundle, name) for name in bundle.stored],
        "settings": to_data(bundle.settings),
        "provenance": dict(bundle.provenance),
    }


def _part(bundle: Bundle, file: str) -> dict[str, Any]:
    from safetensors import SafetensorError, safe_open

    stored = bundle.stored[file]
    try:
        with safe_open(bundle.path / file, framework="np") as tensors:
            views = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118 - not a mapping
            learned = [name for name in views if not name.endswith(_STATISTICS)]
            return {
                "name": file.removesuffix(".safetensors"),
                "file": file,
                "bytes": stored.bytes,
                "sha256": stored.sha256,
                "parameters": sum(math.prod(views[name].get_shape()) for name in learned),
                "tensors": len(views),
                "dtype": ", ".join(sorted({views[name].get_dtype() for name in learned})),
            }
    except (SafetensorError, OSError) as error:
        reason = reason_of(error, "it is no safetensors file, or damaged or cut short")
        raise InputError(f"{bundle.path / file} cannot be read: {reason}") from error
