"""Write the face finder's ONNX files from trained checkpoints.

    python tools/face_finder/export.py WORK [-o FOLDER]

Batch norms are folded, weights are stored as float16 and computed with as float32. Pixels go in as they are, uint8
(S, S, 3); the reader's file also reads the mirror image and averages.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from labels import exchanged
from networks import FACE, MEAN, PHOTO, SPREAD, Detector, Reader, decode
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from f2p_deploy.alignment.both_ways import EXCHANGED

FOLDER = Path(__file__).parents[2] / "f2p_deploy" / "alignment" / "face_finder"


def folded(network: nn.Module) -> nn.Module:
    """Fold each batch norm into the convolution before it."""
    for module in network.modules():
        if isinstance(module, nn.Sequential) and len(module) > 1 and isinstance(module[1], nn.BatchNorm2d):
            module[0], module[1] = fuse_conv_bn_eval(module[0], module[1]), nn.Identity()
    return network


def scaled(picture: Tensor) -> Tensor:
    """Return (1, 3, S, S) scaled pixels of an (S, S, 3) uint8 picture."""
    return ((picture.float() - MEAN) / SPREAD).permute(2, 0, 1)[None]


class DetectorFile(nn.Module):
    """The graph of `detector.onnx`."""

    def __init__(self, network: Detector) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return decode(self.network(scaled(picture)))[0]


class ReaderFile(nn.Module):
    """The graph of `reader.onnx`."""

    def __init__(self, network: Reader) -> None:
        super().__init__()
        network.points.weight = nn.Parameter(network.points.weight[:10])
        network.points.bias = nn.Parameter(network.points.bias[:10])
        network.maps.weight = nn.Parameter(network.maps.weight[:5])
        network.maps.bias = nn.Parameter(network.maps.bias[:5])
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        network, upright = self.network, scaled(picture)
        fine, coarse = network.trunk(torch.cat([upright, upright.flip(3)]))
        heat = network.maps(fine).flatten(2).softmax(-1).unflatten(-1, fine.shape[-2:])
        edge = fine.shape[-1]
        grid = (torch.arange(edge, dtype=torch.float32) + 0.5) / edge - 0.5
        mapped = torch.stack([(heat.sum(2) * grid).sum(-1), (heat.sum(3) * grid).sum(-1)], -1)
        features = network.narrow(coarse)
        both = ((mapped + network.points(features).reshape(2, 5, 2)) / 2 + 0.5) * FACE
        one = both[0]
        mirrored = both[1] * torch.tensor([-1.0, 1.0]) + torch.tensor([float(FACE), 0.0])
        other = mirrored.index_select(0, torch.tensor(EXCHANGED))
        points = (one + other) / 2
        eyes = torch.sqrt(((points[1] - points[0]) ** 2).sum() + 1e-6)
        apart = torch.sqrt(((one - other) ** 2).sum(-1)).mean() / eyes
        face = torch.sigmoid(network.face(features)).mean(0)
        turn = (network.turn(features) * 30.0 * torch.tensor([[1.0, 1.0], [-1.0, 1.0]])).mean(0)
        return points, face, apart[None], turn, network.shape(features).mean(0)


def write(module: nn.Module, edge: int, outputs: list[str], file: Path) -> None:
    """Export a graph and store its weights as float16."""
    picture = torch.zeros(edge, edge, 3, dtype=torch.uint8)
    program = torch.onnx.export(
        module.eval(), (picture,), dynamo=True, input_names=["picture"], output_names=outputs, opset_version=18,
        verbose=False,
    )
    model = halved(program.model_proto)
    onnx.checker.check_model(model, full_check=True)
    file.write_bytes(model.SerializeToString())


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store the large float32 weights of a model as float16, each followed by a cast to float32."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < 64:
            continue
        values = numpy_helper.to_array(weight).astype(np.float16)
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values, f"{name}.float16"))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT, name=f"{name}.cast"))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del graph.value_info[:]
    del graph.metadata_props[:]
    return model


def main() -> None:
    """Read the checkpoints, write the files and `provenance.json`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("-o", "--out", type=Path, default=FOLDER)
    words = parser.parse_args()
    words.out.mkdir(exist_ok=True, parents=True)
    made = json.loads((words.work / "provenance.json").read_text())
    made["teacher"] = "MediaPipe FaceLandmarker, mean of four views of each photo"
    made["command"] = "python tools/face_finder/train.py WORK PHOTOS... --backgrounds FOLDER"
    for name, network, edge, outputs in (
        ("detector", Detector(), PHOTO, ["faces"]),
        ("reader", Reader(), FACE, ["points", "face", "disagreement", "turn", "shape"]),
    ):
        state = torch.load(words.work / f"{name}.pt", weights_only=True)
        network.load_state_dict(state["average"])
        network = folded(network.eval())
        file = DetectorFile(network) if name == "detector" else ReaderFile(network)
        write(file, edge, outputs, words.out / f"{name}.onnx")
        made[f"{name}_steps"] = state["step"]
    assert exchanged()[:5] == EXCHANGED
    (words.out / "provenance.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
