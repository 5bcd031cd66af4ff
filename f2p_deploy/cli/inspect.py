"""The command `f2p-deploy inspect`: show the contents of an artifact or an ONNX file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.cli import console, options

#: Number of node names that are printed; the others are only counted.
SHOWN_NODES = 5


def inspect(
    path: Annotated[Path, typer.Argument(metavar="ARTIFACT|FILE.onnx", help="An artifact's folder or an ONNX file.")],
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the graphs, shapes, precision, operators, tools and parity of an artifact or an ONNX file.

    The files of an artifact are checked first; nothing is run.
    """
    from f2p_deploy.artifact.inspection import inspect_path

    found = inspect_path(path)
    if as_json:
        console.emit(found)
    elif found["kind"] == "onnx":
        _show_onnx(found)
    else:
        _show_artifact(found)


def _show_onnx(found: Mapping[str, Any]) -> None:
    console.result(f"ONNX file {found['file']}, {_megabytes(found['size'])}\n")
    sides = [(side, tensor) for side in ("inputs", "outputs") for tensor in found[side]]
    rows = [(side[:-1], tensor["name"], tensor["dtype"], _shape(tensor["shape"])) for side, tensor in sides]
    console.table(rows, ("", "tensor", "dtype", "shape"))
    console.result("")
    if found["note"]:
        console.result(f"operators and precision {found['note']}")
        return
    console.result(f"opset {', '.join(f'{domain} {version}' for domain, version in found['opset'].items())}")
    console.result(f"precision of the weights: {found['precision']}")
    _show_contents("", found)


def _show_artifact(found: Mapping[str, Any]) -> None:
    schema, hardware = found["schema"], found["hardware"]
    console.result(f"{found['target']}: {found['artifact']}, {_megabytes(found['size'])}, format {found['format']}")
    console.result(
        f"bundle {found['bundle']}, fingerprint {found['bundle_fingerprint']}\n"
        f"schema {schema['name']}: {schema['n']} parameters, {schema['n_c']} controllers; "
        f"faces of {found['image_size']} pixels, batches of {found['batch']}"
    )
    console.result("; ".join(f"{key.replace('_', ' ')} {value}" for key, value in hardware.items()))
    console.result(f"tools: {', '.join(f'{name} {version}' for name, version in found['tools'].items())}")
    console.result(f"calibration: {_calibration(found['calibration'])}")
    console.result(f"made again by: {found['command']}\n")
    graphs = found["graphs"]
    rows = [
        (
            name,
            graph["file"],
            _megabytes(graph["size"]),
            graph["precision_asked"],
            graph["precision_found"],
            f"{len(graph['kept_float32'])} nodes" if graph["kept_float32"] else "",
            f"{graph['loss_scale']:g}" if name in STEPS else "",
            graph["source"],
        )
        for name, graph in graphs.items()
    ]
    console.table(rows, ("graph", "file", "size", "asked", "found", "kept float32", "loss scale", "source"))
    console.result("")
    _show_tensors(graphs)
    console.result("")
    for name, graph in graphs.items():
        _show_contents(f"{name}: ", graph["contents"])
        _show_kept(name, graph["kept_float32"])
    _show_parity(found)
    if found["extra_files"]:
        console.result(f"not part of the artifact, never opened: {', '.join(found['extra_files'])}")


def _calibration(facts: Mapping[str, Any] | None) -> str:
    """Return the number of calibration faces and the quantised layers of each graph."""
    if not facts:
        return "none needed"
    graphs = "; ".join(f"{name} {_quantised(graph)}" for name, graph in facts["graphs"].items())
    return f"{facts['faces']} faces, hash {facts['hash'][:12]}; {graphs}; running {facts['running']}"


def _quantised(graph: Mapping[str, Any]) -> str:
    if "bits_per_weight" in graph:
        return f"{graph['quantised']} layers in {graph['bits_per_weight']:.2f} bits a weight"
    return f"{graph['quantised']} of {graph['of']} layers in 8 bits, {graph['method']} ranges"


def _show_tensors(graphs: Mapping[str, Mapping[str, Any]]) -> None:
    rows = [
        (name, side[:-1], tensor["name"], tensor["dtype"], _shape(tensor["shape"]), _range(tensor))
        for name, graph in graphs.items()
        for side in ("inputs", "outputs")
        for tensor in graph[side]
    ]
    console.table(rows, ("graph", "", "tensor", "dtype", "shape", "range"))
    tensors = [t for graph in graphs.values() for side in ("inputs", "outputs") for t in graph[side]]
    console.result("")
    console.table(list(dict.fromkeys((t["name"], t["meaning"]) for t in tensors)), ("tensor", "meaning"))


def _show_contents(prefix: str, contents: Mapping[str, Any]) -> None:
    if contents["note"]:
        console.result(f"{prefix}operators {contents['note']}")
        return
    operators, weights = contents["operators"], contents["weights"]
    of = f" of {contents['of']}" if contents.get("of") else ""
    counts = ", ".join(f"{name} {count}" for name, count in operators.items())
    console.result(f"{prefix}{sum(operators.values())} nodes of {len(operators)} operators{of}: {counts}")
    parts = [f"{_megabytes(part['bytes'])} of {dtype} in {part['tensors']} tensors" for dtype, part in weights.items()]
    beside = f"; they lie in {', '.join(contents['external_files'])}" if contents["external_files"] else ""
    how = f", {contents['how']}" if contents.get("how") else ""
    console.result(f"{prefix}weights {', '.join(parts) or 'none'}{how}{beside}")


def _show_kept(name: str, nodes: Sequence[str]) -> None:
    if nodes:
        more = f" and {len(nodes) - SHOWN_NODES} more (all with --json)" if len(nodes) > SHOWN_NODES else ""
        console.result(f"{name}: kept in float32: {', '.join(nodes[:SHOWN_NODES])}{more}")


def _show_parity(found: Mapping[str, Any]) -> None:
    console.result(f"\nwhen exported: {found['parity_sentence']}")
    console.result(f"verified: {found['verified']}, {found['scope']}")
    rows = [
        (
            record["graph"],
            record["output"],
            record["metric"],
            f"{float(record['value']):.3g}",
            f"{'<=' if record['better'] == 'lower' else '>='} {record['floor']:g}",
            "ok" if record["passed"] else "MISSED",
            record["worst"],
        )
        for record in found["parity_records"]
    ]
    if rows:
        console.table(rows, ("graph", "output", "measure", "worst", "floor", "result", "worst sample"))


def _shape(shape: Sequence[Any]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _range(tensor: Mapping[str, Any]) -> str:
    if tensor["low"] is None and tensor["high"] is None:
        return ""
    low, high = ("" if tensor[end] is None else f"{tensor[end]:g}" for end in ("low", "high"))
    return f"{low}..{high}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
