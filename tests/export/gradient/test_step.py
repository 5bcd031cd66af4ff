"""The step: autograd's gradient in float64 whatever the settings, and the update of `generation.iterate`."""

from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.artifact.artifact import read_artifact
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.character.priors import fit_priors
from f2p_deploy.export.gradient.lower_gradient import lower_gradient, require_closed
from f2p_deploy.export.gradient.step import lowered_step
from f2p_deploy.model.bundle import Bundle, copy_bundle, load_bundle, replace_settings, store_priors
from f2p_deploy.model.gradient_step import Autograd, Step
from f2p_deploy.model.imitator_search import GenerationLoss
from f2p_deploy.model.networks.segmentation import Segmentation
from f2p_deploy.model.reference import reference_iterate
from f2p_deploy.model.settings import BundleSettings, IterativeSettings, SimilaritySettings
from f2p_deploy.model.similarity import Similarity
from f2p_deploy.model.state import average_state
from f2p_deploy.runtimes import load


class Recognition(nn.Module):
    """Stands for LightCNN where only the segmentation network's settings are looked at."""

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return nn.functional.max_pool2d(grey, 16).flatten(1) - 0.4


def similarity(strided_stage: int = 2, **settings: object) -> Similarity:
    torch.manual_seed(0)
    network = Segmentation(0.1, strided_stage, depth=0.1)  # the same operators, in a third of the time
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(0.0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
    # In a picture of one colour all pixels of a window are equal, if sums are: with these numbers they are exact, in
    # whatever order a processor adds. Else rounding decides which pixel is the largest, and no two machines agree.
    network.conv1.weight.data = (network.conv1.weight.data * 1024).round() / 1024
    network.mean.fill_(0.5)
    network.deviation.fill_(0.25)
    made = Similarity(Recognition(), network, SimilaritySettings(**settings), segmentation_size=64)  # type: ignore[arg-type]
    return made.eval().requires_grad_(False).double()


def flat(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().double().flatten().numpy()


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


@pytest.fixture(scope="module")
def with_priors(small_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    copy = copy_bundle(small_bundle, tmp_path_factory.mktemp("step") / "bundle", "priors")
    settings = IterativeSettings(iterations=3, learning_rate=4e5, beta=10.0, use_prior=True, discrete_rate=0.01)
    copy = replace_settings(copy, BundleSettings(copy.settings.architecture, iterative=settings))
    store_priors(copy, fit_priors(copy.schema, random_batch(copy.schema, 50, 1), components=1), {})
    return load_bundle(copy.path)


@pytest.mark.parametrize(
    "settings",
    [
        {"features": "conv_2", "strided_stage": 5, "reduction": "sum"},
        {"features": "conv_3", "strided_stage": 3, "identity_weight": 0.0},
        {"features": "conv_4"},
        {"features": "conv_5", "strided_stage": 5, "content_weight": 3.0},
        {"features": "logits", "class_weights": (0.5,) * 11},
        {"features": "conv_2", "weighting": "class", "strided_stage": 5},
        {"features": "conv_4", "weighting": "class", "reduction": "sum"},
        {"features": "logits", "weighting": "class"},
        {"features": "probabilities"},
        {"features": "probabilities", "colour_weight": 0.7, "reduction": "sum"},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
def test_every_setting_of_the_losses(settings: dict) -> None:
    loss = similarity(**settings)
    photo, face = torch.rand(2, 2, 3, 128, 128, dtype=torch.float64)
    identity, content = loss.describe(photo)
    lowered = lower_gradient(loss, (face, identity, content))
    for picture in (face, torch.full_like(face, 0.5), torch.zeros_like(face)):
        leaf = picture.clone().requires_grad_(True)
        value = loss(leaf, identity, content)
        (expected,) = torch.autograd.grad(value.sum(), leaf)
        gradient, found = lowered(picture, identity, content)
        assert torch.allclose(found, value.detach(), rtol=1e-12, atol=1e-14)
        assert torch.allclose(gradient, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))


def test_the_whole_loss_in_float64(small_bundle: Bundle, small_faces: Faces) -> None:
    loss = deepcopy(GenerationLoss(small_bundle, 10.0)).double().eval()
    faces = torch.from_numpy(small_faces.images[:2]).double()
    identity, content = loss.similarity.describe(faces)
    state = average_state(small_bundle, 2).double()
    state[1] = torch.from_numpy(random_batch(small_bundle.schema, 1, 0)[0]).double()
    lowered = lower_gradient(loss, (state, identity, content))
    for found, expected in zip(
        lowered(state, identity, content), Autograd(loss)(state, identity, content), strict=True
    ):
        assert torch.allclose(found, expected, rtol=1e-9, atol=1e-12 * float(expected.abs().max()))


@pytest.mark.parametrize("lowered", [False, True], ids=["autograd", "lowered and scaled"])
def test_the_update_is_that_of_iterate(with_priors: Bundle, small_faces: Faces, lowered: bool) -> None:
    """Two samples of a batch, through the priors' subspace and the softmax of discrete groups, against the stops."""
    faces = torch.from_numpy(small_faces.images[:2])
    step = lowered_step(with_priors, batch=2, loss_scale=2.0**12) if lowered else Step(with_priors)
    with torch.no_grad():
        identity, content = with_priors.similarity.describe(faces)
    state, losses = average_state(with_priors, 2), []
    for learning_rate in with_priors.settings.iterative.learning_rates():
        free, iterative = torch.zeros(state.shape[1]), with_priors.settings.iterative
        numbers = (torch.tensor([x]) for x in (learning_rate, 0.0, iterative.beta, iterative.discrete_rate))
        state, loss, _ = step(state, state, identity, content, free, *numbers)
        losses.append(loss.numpy())
    expected = reference_iterate(with_priors, faces)
    n_c = with_priors.schema.n_c
    found = step_parameters(with_priors, state)
    tolerance = 1e-3 if lowered else 0.0
    np.testing.assert_allclose(found, expected.parameters, atol=tolerance)
    np.testing.assert_allclose(np.stack(losses), expected.losses[:-1], rtol=tolerance)
    controllers = expected.parameters[:, :n_c]
    assert ((controllers == 0) | (controllers == 1)).any(), "no controller reached its stop"
    assert np.abs(controllers[0] - controllers[1]).max() > 1e-2


def step_parameters(bundle: Bundle, state: torch.Tensor) -> np.ndarray:
    return GenerationLoss(bundle, bundle.settings.iterative.beta).to_parameters(state).numpy()


def test_the_exported_step_is_closed_and_holds_every_weight_once(small_artifact: Path, small_bundle: Bundle) -> None:
    model = onnx.load(small_artifact / "step.onnx")
    require_closed(model, "step")
    networks = (small_bundle.imitator, small_bundle.recognition, small_bundle.segmentation)
    weights = sum(parameter.numel() for network in networks for parameter in network.parameters())
    stored = sum(int(np.prod(w.dims)) for w in model.graph.initializer)
    assert 0.98 * weights < stored < 1.02 * weights, "batch norms are gone"


def test_the_exported_step_keeps_to_the_forms_that_webgpu_computes_rightly(small_artifact: Path) -> None:
    """No grouped transposed convolution, none with a stride, an odd kernel and padding, and no `Less`."""
    model = onnx.load(small_artifact / "step.onnx", load_external_data=False)
    weights = {weight.name: weight.dims for weight in model.graph.initializer}
    assert all(node.op_type != "Less" for node in model.graph.node)
    for node in model.graph.node:
        if node.op_type != "ConvTranspose":
            continue
        settings = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        assert settings.get("group", 1) == 1
        odd = any(size % 2 for size in weights[node.input[1]][2:])
        strided = any(step > 1 for step in settings.get("strides", [1]))
        assert not (odd and strided and (any(settings.get("pads", [])) or any(settings.get("output_padding", []))))


def test_the_exported_step_points_where_float64_does(
    small_artifact: Path, small_bundle: Bundle, small_faces: Faces
) -> None:
    """As near as autograd in float32 does, or nearer than one in ten thousand."""
    runtime = load(read_artifact(small_artifact), threads=1)
    beta = small_bundle.settings.iterative.beta
    exact = Autograd(deepcopy(GenerationLoss(small_bundle, beta)).double())
    rounded = Autograd(GenerationLoss(small_bundle, beta))
    for face in small_faces.images[:3]:
        with torch.no_grad():
            identity, content = small_bundle.similarity.describe(torch.from_numpy(face[None]))
        state = average_state(small_bundle, 1)
        gradient, loss = exact(state.double(), identity.double(), content.double())
        of_rounding = cosine(flat(rounded(state, identity, content)[0]), flat(gradient))
        outputs = runtime.step(state.numpy(), identity.numpy(), content.numpy(), 1.0)
        found = cosine(flat(state - torch.from_numpy(outputs.next_state)), flat(gradient))
        assert found > min(0.9999, of_rounding - 1e-4)
        assert outputs.loss[0] == pytest.approx(float(loss), rel=1e-4)
