"""Weights kept in float16: exact, folded norms included, once for all graphs, and float32 in a runtime's memory."""

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from torch import nn  # noqa: E402

from f2p_deploy.artifact.artifact import Artifact, read_artifact  # noqa: E402
from f2p_deploy.artifact.onnx_file import precision_of, stored_in_float16, weights  # noqa: E402
from f2p_deploy.export import BuildOptions, Faces, export_bundle  # noqa: E402
from f2p_deploy.export.onnx.half_weights import HalfWeight, _taken_apart, keep_halves  # noqa: E402
from f2p_deploy.export.onnx.onnx_weights import WEIGHTS_FILE  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.networks.batch_norm_folding import folded  # noqa: E402
from f2p_deploy.runtimes.onnxruntime.onnx_runtime import session_options  # noqa: E402


class Net(nn.Module):
    """Every way in which a norm stands beside a layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.conv_norm = nn.Conv2d(3, 24, 3), nn.BatchNorm2d(24)
        self.up, self.up_norm = nn.ConvTranspose2d(24, 16, 4), nn.BatchNorm2d(16)
        self.before, self.linear, self.behind = nn.BatchNorm1d(40), nn.Linear(40, 60), nn.BatchNorm1d(60)
        self.plain = nn.Linear(60, 30)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_()
                module.running_var.uniform_(0.2, 3.0)
                nn.init.normal_(module.weight)
            elif hasattr(module, "weight"):
                module.weight.data = module.weight.data.half().float()
        self.eval()


@pytest.fixture(scope="module")
def artifact(half_bundle: Bundle, small_faces: Faces, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    folder = tmp_path_factory.mktemp("stored") / "artifact"
    # Single steps are compared: over 50 of them, untrained networks amplify rounding by more on some processors.
    options = BuildOptions(weights="float16")
    return export_bundle(half_bundle, "onnx", folder, faces=small_faces, trajectories=0, options=options)


@pytest.mark.parametrize(
    ("name", "factors"),
    [
        ("conv", ((24, 1, 1, 1),)),
        ("up", ((1, 16, 1, 1),)),
        ("linear", ((60, 1), (1, 40))),
        ("plain", ()),
    ],
)
def test_a_folded_weight_is_its_float16_and_a_factor_a_row_and_column(
    name: str, factors: tuple[tuple[int, ...], ...]
) -> None:
    net = Net()
    half = _taken_apart(net)[f"{name}.weight"]
    expected = folded(net).get_parameter(f"{name}.weight").detach().numpy()
    assert half.values.dtype == np.float16 and half.stands_for(expected)
    assert half.widened() == pytest.approx(expected, rel=5e-7)
    assert {factor.shape for factor in half.factors if factor.size > 1} == set(factors)


def test_a_channel_that_a_norm_turns_off() -> None:
    net = Net()
    net.conv_norm.weight.data[:] = 0.0
    half = _taken_apart(net)["conv.weight"]
    assert not half.widened().any()


def test_what_float16_would_round_stays_as_it_is() -> None:
    net = Net()
    net.plain.weight.data += 1e-5
    assert "plain.weight" not in _taken_apart(net) and "conv.weight" in _taken_apart(net)
    rounded = HalfWeight(net.plain.weight.detach().numpy().astype(np.float16))
    assert not rounded.stands_for(net.plain.weight.detach().numpy())


def test_numbers_beyond_float16_stay_as_they_are() -> None:
    net = Net()
    net.plain.weight.data[0, 0] = 1e6
    assert "plain.weight" not in _taken_apart(net)


def test_half_the_size_and_the_same_floors(artifact: Artifact, small_artifact: Path) -> None:
    manifest = artifact.manifest
    assert manifest.parity_status == "passed" and "--weights float16" in manifest.command
    assert {entry.precision_asked for entry in manifest.graphs.values()} == {"fp32"}
    assert {entry.precision_found for entry in manifest.graphs.values()} == {"fp32"}
    controllers = next(record for record in manifest.parity if record.metric.startswith("controllers"))
    assert controllers.value < 1e-5
    share = manifest.files[WEIGHTS_FILE].size / read_artifact(small_artifact).manifest.files[WEIGHTS_FILE].size
    assert share < 0.55


def test_every_matrix_of_every_graph_is_stored_in_float16(artifact: Artifact) -> None:
    for graph in artifact.manifest.graphs:
        model = onnx.load(artifact.path(graph))
        onnx.checker.check_model(artifact.path(graph), full_check=True)
        found = weights(model)
        assert found["float16"]["bytes"] > 5 * found["float32"]["bytes"], graph
        assert stored_in_float16(model) and precision_of(model) == "fp32"


def test_step_shares_the_weights_of_the_way_forward(artifact: Artifact) -> None:
    places: dict[str, set[str]] = {}
    for graph in artifact.manifest.graphs:
        for weight in onnx.load(artifact.path(graph), load_external_data=False).graph.initializer:
            offset = next((entry.value for entry in weight.external_data if entry.key == "offset"), None)
            if offset is not None and len(weight.dims) == 4 and min(weight.dims[:2]) > 1:
                places.setdefault(graph, set()).add(offset)
    assert places["step"] and places["step"] <= places["render"] | places["describe"]


def test_onnx_runtime_widens_them_once_when_it_loads(artifact: Artifact, tmp_path: Path) -> None:
    import onnxruntime

    for graph in artifact.manifest.graphs:
        options = session_options(1)
        options.optimized_model_filepath = str(tmp_path / f"{graph}.onnx")
        onnxruntime.InferenceSession(str(artifact.path(graph)), options, providers=["CPUExecutionProvider"])
        model = onnx.load(tmp_path / f"{graph}.onnx", load_external_data=False)
        assert "Cast" not in {node.op_type for node in model.graph.node}
        assert "float16" not in weights(model)


def test_models_are_not_changed(half_bundle: Bundle, artifact: Artifact) -> None:
    from f2p_deploy.export.export_graphs import exportable_graphs

    model = onnx.load(artifact.path("render"))
    before = model.SerializeToString()
    module = next(graph.module for graph in exportable_graphs(half_bundle) if graph.name == "render")
    again = keep_halves({"render": model}, {"render": module})["render"]
    assert model.SerializeToString() == before and weights(again) == weights(model)
