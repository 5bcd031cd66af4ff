"""Leave out of a file of weights what the graphs of a package do not use."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.onnx_file import read_structure
from f2p_deploy.embed.web_contract import web_graphs, weights_of
from f2p_deploy.system.extras import require

if TYPE_CHECKING:
    from onnx import ModelProto

#: Suffix of files that hold weights of several networks; other files of weights are one network's, and stay whole.
MIXED = ".bin"

#: Size in bytes from which on a file is worth it.
SMALLEST_FILE = 1_000_000

#: Alignment of weights in bytes, as in exported files.
ALIGNMENT = 64


def lean_weights(artifact: Artifact, graphs: Sequence[str]) -> dict[str, bytes]:
    """Return the files that change if a package has some of an artifact's graphs, with their content.

    These are the files of weights that graphs share, reduced to what the package's graphs use, and those graphs.
    Nothing changes if the package has all graphs, or if the artifact has a separate file for each network.

    Args:
        artifact: an artifact of ONNX graphs.
        graphs: names of the graphs in the package.

    Raises:
        MissingDependency: a file would change, and the package `onnx` is not installed.
    """
    entries = {name: artifact.manifest.graphs[name] for name in graphs}
    mixed = {
        name
        for entry in entries.values()
        for name in weights_of(artifact, entry)
        if name.endswith(MIXED) and artifact.manifest.files[name].size >= SMALLEST_FILE
    }
    if not mixed or set(graphs) == set(web_graphs(artifact)):
        return {}
    require("export", "leaving out the weights of other modes")
    models = {entry.file: read_structure(artifact.folder / entry.file) for entry in entries.values()}
    changed = {}
    for name in sorted(mixed):
        changed[name] = _reduced((artifact.folder / name).read_bytes(), name, models)
    graphs_changed = {file: model.SerializeToString(deterministic=True) for file, model in models.items()}
    return changed | graphs_changed


def _reduced(content: bytes, name: str, models: dict[str, "ModelProto"]) -> bytes:
    """Return the used parts of a file of weights, and let the models' weights refer to their new places."""
    kept = bytearray()
    places: dict[tuple[int, int], int] = {}
    for model in models.values():
        for weight in model.graph.initializer:
            fields = {entry.key: entry for entry in weight.external_data}
            if "location" not in fields or fields["location"].value != name:
                continue
            place = int(fields["offset"].value), int(fields["length"].value)
            if place not in places:
                kept.extend(b"\0" * (-len(kept) % ALIGNMENT))
                places[place] = len(kept)
                kept.extend(content[place[0] : sum(place)])
            fields["offset"].value = str(places[place])
    return bytes(kept)
