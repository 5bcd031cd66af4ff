"""The contract of an Android module (`assets/f2pkit/contract.json`): the facts about an artifact that f2pkit needs."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.manifest import FileRecord
from f2p_deploy.embed.contract import generation_facts
from f2p_deploy.embed.web_contract import onnx_graph_facts

#: The contract's format version; equal to `Contract.FORMAT` of f2pkit.
ANDROID_FORMAT = 1


def android_contract(artifact: Artifact, graphs: Sequence[str], files: Mapping[str, FileRecord]) -> dict[str, Any]:
    """Return the contract as plain data for JSON; f2pkit's `Contract` documents every entry.

    Args:
        artifact: the artifact.
        graphs: names of the graphs in the module.
        files: every file beside the contract that is unpacked on a device, by its path.

    Raises:
        InputError: the manifest's schema or settings are damaged, or a mode needs another gradient step.
    """
    digest = hashlib.sha256()
    for name, record in sorted(files.items()):
        digest.update(f"{name} {record.sha256}\n".encode())
    return generation_facts(artifact) | {
        "format": ANDROID_FORMAT,
        "graphs": {name: onnx_graph_facts(artifact, artifact.manifest.graphs[name]) for name in graphs},
        "files": {name: {"size": record.size} for name, record in sorted(files.items())},
        "digest": digest.hexdigest(),
    }
