"""Converts programs of `torch.export` to one file of ExecuTorch; it runs in the Python that executorch is installed in.

    python executorch_script.py convert OUT.pte one_shot=one_shot.pt2 render=render.pt2 ...
"""

from pathlib import Path

import converter_script


def convert_to_executorch(words: list[str]) -> dict[str, object]:
    """Convert programs to the methods of one file, for XNNPACK's kernels; methods share equal weights.

    Returns:
        By method, `delegated`: how many parts XNNPACK computes; `portable`: the names of operations that it does not.
    """
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    out, *named = words
    files = dict(word.split("=", 1) for word in named)
    programs = {name: torch.export.load(file) for name, file in files.items()}
    edge = to_edge_transform_and_lower(programs, partitioner={name: [XnnpackPartitioner()] for name in programs})
    found: dict[str, object] = {}
    for name in programs:
        nodes = [node for node in edge.exported_program(name).graph.nodes if node.op == "call_function"]
        calls = [getattr(node.target, "__name__", str(node.target)) for node in nodes]
        portable = sorted({call for call in calls if call not in ("executorch_call_delegate", "getitem")})
        found[name] = {"delegated": calls.count("executorch_call_delegate"), "portable": portable}
    Path(out).write_bytes(edge.to_executorch().buffer)
    return found


if __name__ == "__main__":
    converter_script.main(("executorch", "torch"), convert_to_executorch)
