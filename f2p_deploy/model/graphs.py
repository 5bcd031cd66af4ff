"""The functions of a bundle as modules with named tensors of static shape, for the export and for PyTorch."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from f2p_deploy.artifact.artifact import Arrays, TensorSpec
from f2p_deploy.artifact.manifest import STEPS
from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.gradient_step import Step
from f2p_deploy.model.one_shot import OneShot
from f2p_deploy.model.search_loss import describer
from f2p_deploy.model.settings import shown_by_content, to_data
from f2p_deploy.model.shortcut_owner import why_other_shortcut
from f2p_deploy.model.shortcut_search import CompareFast
from f2p_deploy.model.similarity import Segment
from f2p_deploy.model.state import first_state
from f2p_deploy.model.training_line import no_part_yet
from f2p_deploy.system.errors import InputError

#: Names of the functions of a bundle, in the order of their graphs.
GRAPHS = ("one_shot", "describe", "render", "step", "step_fast", "compare_fast", "segment")

#: Graphs through the shortcut.
FAST = ("step_fast", "compare_fast")

#: Largest number of characters that `compare_fast` takes, and of values of their contents together.
COMPARED, COMPARED_VALUES = 64, 2**23


@dataclass(frozen=True)
class BundleGraph:
    """One function of a bundle.

    Args:
        name: one of `GRAPHS`.
        module: in evaluation mode; takes the inputs in order and gives the outputs in order.
        inputs, outputs: their tensors; the first axis is the batch.
        shared: names of inputs that belong to the whole batch, without an axis for it.
    """

    name: str
    module: nn.Module
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    shared: tuple[str, ...] = ()

    @property
    def batch(self) -> int:
        """The static batch size."""
        return self.inputs[0].shape[0]

    def compute(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Run the module in PyTorch, float32, on one batch: the reference for every target."""
        with torch.no_grad():
            outputs = self.module(*(torch.from_numpy(inputs[spec.name]) for spec in self.inputs))
        return dict(zip((spec.name for spec in self.outputs), _arrays(outputs), strict=True))


def bundle_facts(bundle: Bundle) -> dict[str, Any]:
    """Return the fields of a `Manifest` that describe the bundle and not the compiled graphs."""
    lacks_start = bundle.settings.iterative.from_prior and bundle.priors is None
    return {
        "bundle": bundle.name,
        "bundle_fingerprint": bundle.fingerprint,
        "schema": bundle.schema.to_dict(),
        "settings": to_data(bundle.settings),
        "first_state": () if lacks_start else tuple(first_state(bundle, 1)[0].tolist()),
        "image_size": bundle.settings.architecture.image_size,
        "unread": bundle.unread,
    }


def bundle_graphs(bundle: Bundle, batch: int = 1, names: Collection[str] = GRAPHS) -> tuple[BundleGraph, ...]:
    """Return graphs of a bundle.

    `segment` is left out if the content that `describe` gives contains the class probabilities already. The graphs of
    `FAST` are left out if the bundle has no shortcut.

    Args:
        bundle: loaded, in evaluation mode.
        batch: the static batch size N.
        names: the graphs to return.

    Raises:
        InputError: the batch size is below 1, or the bundle lacks a part of a graph.
    """
    if batch < 1:
        raise InputError(f"the batch size must be at least 1, found {batch}")
    wanted = [name for name in GRAPHS if name in names and not _left_out(bundle, name)]
    for name in wanted:
        if reason := why_incomplete(bundle, name):
            raise InputError(reason)
    return tuple(_BUILDERS[name](bundle, batch) for name in wanted)


def available_graphs(bundle: Bundle) -> tuple[str, ...]:
    """Return the names of the graphs whose networks and priors the bundle has."""
    return tuple(name for name in GRAPHS if not why_incomplete(bundle, name) and not _left_out(bundle, name))


def _left_out(bundle: Bundle, graph: str) -> bool:
    """Return whether a bundle has no use for a graph, or no shortcut for it."""
    if graph == "segment":
        return shown_by_content(bundle.settings)
    return graph in FAST and (bundle.settings.search == "surrogate" or "shortcut" not in bundle.networks)


def why_incomplete(bundle: Bundle, graph: str) -> str:
    """Return what a bundle lacks for a graph, and the command that makes it; empty if it lacks nothing."""
    settings, surrogate = bundle.settings, bundle.settings.search == "surrogate"
    describing = ("recognition", "segmentation", *(("surrogate", "translator") if surrogate else ()))
    needs = {
        "one_shot": ("recognition", "segmentation", "translator"),
        "describe": describing,
        "render": ("imitator",),
        "step": (*describing, *(() if surrogate else ("imitator",))),
        **dict.fromkeys(FAST, ("recognition", "segmentation", "shortcut")),
        "segment": ("segmentation",),
    }
    if graph in FAST and surrogate:
        return f"the bundle {bundle.path} searches through its surrogate, whose step is the fast one already"
    for name in needs[graph]:
        if name not in bundle.networks:
            return no_part_yet(bundle.path, name)
    if graph in FAST and (reason := why_other_shortcut(bundle)):
        return reason
    through_priors = {"one_shot": settings.one_shot_prior, **dict.fromkeys(STEPS, settings.iterative.use_prior)}
    if through_priors.get(graph) and bundle.priors is None:
        return no_part_yet(bundle.path, "priors")
    return ""


def _one_shot_graph(bundle: Bundle, batch: int) -> BundleGraph:
    return _graph("one_shot", OneShot(bundle), _face(bundle, batch), {"parameters": _parameters(bundle, batch)})


def _render_graph(bundle: Bundle, batch: int) -> BundleGraph:
    image = _image("image", "the imitator's picture of the character, RGB, planes first", bundle, batch)
    return _graph("render", bundle.imitator, _parameters(bundle, batch), {"image": image})


def _describe_graph(bundle: Bundle, batch: int) -> BundleGraph:
    content = "features of the segmentation network, weighted by its class probabilities; compare by L1"
    similarity = bundle.settings.similarity
    if similarity.weighting == "class":
        classes = ", ".join(HELEN_CLASSES[position] for position in similarity.weighted_classes)
        content = f"features of the segmentation network, all of them for each class: {classes}; compare by L1"
    if bundle.settings.search == "surrogate":
        content = f"the state that is read from the photo: {_state(bundle)}; a search takes options, age and sex of it"
        if length := bundle.settings.architecture.shape_length:
            content += f"; then {length} numbers of the face's shape, guessed, for which measured ones may be given"
    identity = "embedding of the recognition network; compare by cosine"
    return _graph("describe", describer(bundle), _face(bundle, batch), {"identity": identity, "content": content})


def _segment_graph(bundle: Bundle, batch: int) -> BundleGraph:
    module = Segment(bundle.segmentation, bundle.settings.architecture.segmentation_size)
    meaning = f"probability of each class at each place: {', '.join(HELEN_CLASSES)}"
    return _graph("segment", module, _face(bundle, batch), {"classes": meaning})


def _step_graph(bundle: Bundle, batch: int, fast: bool = False) -> BundleGraph:
    describe = _describe_graph(bundle, batch)
    n, meaning, loss = bundle.schema.n, _state(bundle), "lambda_1 L_idt + lambda_2 L_ctt at the look-ahead"
    if bundle.settings.search == "surrogate":
        loss = "1 - centred cosine of the look-ahead by the surrogate; distances of shapes, average and content"
    shared = [
        TensorSpec("locked", "float32", (n,), "1 for entries of the state that stay, 0 for the others", 0.0, 1.0),
        TensorSpec("learning_rate", "float32", (1,), "mu of this step", low=0.0),
        TensorSpec("momentum", "float32", (1,), "of Nesterov's; 0 for none", 0.0, 1.0),
    ]
    if bundle.schema.discrete_groups:
        shared += [
            TensorSpec("beta", "float32", (1,), "sharpness of the softmax over discrete groups", low=0.0),
            TensorSpec("discrete_rate", "float32", (1,), "discrete groups' rate / the controllers'", low=0.0),
        ]
    return BundleGraph(
        name="step_fast" if fast else "step",
        module=Step(bundle, fast=fast).eval(),
        inputs=(
            TensorSpec("state", "float32", (batch, n), meaning),
            TensorSpec("before", "float32", (batch, n), "the state that went into the step before; at first `state`"),
            *describe.outputs,
            *shared,
        ),
        outputs=(
            TensorSpec("next_state", "float32", (batch, n), meaning),
            TensorSpec("loss", "float32", (batch,), loss, low=0.0),
            TensorSpec("lookahead", "float32", (batch, n), "where the loss was computed: the state, carried on"),
        ),
        shared=tuple(spec.name for spec in shared),
    )


def _compare_fast_graph(bundle: Bundle, batch: int) -> BundleGraph:
    """Return the graph for as many characters as their contents allow, whatever the artifact's batch is."""
    photo = _describe_graph(bundle, 1).outputs
    values = int(np.prod(photo[1].shape))
    count = max(1, min(COMPARED, COMPARED_VALUES // values))
    return BundleGraph(
        name="compare_fast",
        module=CompareFast(bundle).eval(),
        inputs=(_parameters(bundle, count), *photo),
        outputs=(
            TensorSpec("loss", "float32", (count,), "lambda_1 L_idt + lambda_2 L_ctt of each character", low=0.0),
            TensorSpec("content_loss", "float32", (count,), "L_ctt of each character", low=0.0),
        ),
        shared=("identity", "content"),
    )


def _state(bundle: Bundle) -> str:
    n_c, beta = bundle.schema.n_c, bundle.settings.iterative.beta
    free = f", then free numbers z whose softmax({beta:g} z) is each discrete group's" if bundle.schema.n_d else ""
    return f"{n_c} controllers in [0, 1]{free}"


def _face(bundle: Bundle, batch: int) -> TensorSpec:
    return _image("face", "aligned face, RGB, planes first", bundle, batch)


def _parameters(bundle: Bundle, batch: int) -> TensorSpec:
    schema = bundle.schema
    groups = f", then {len(schema.discrete_groups)} discrete groups" if schema.discrete_groups else ""
    order = f"{schema.n_c} controllers{groups} of the schema {schema.name}, in its order"
    return TensorSpec("parameters", "float32", (batch, schema.n), order, 0.0, 1.0)


def _image(name: str, meaning: str, bundle: Bundle, batch: int) -> TensorSpec:
    size = bundle.settings.architecture.image_size
    return TensorSpec(name, "float32", (batch, 3, size, size), meaning, 0.0, 1.0)


def _graph(name: str, module: nn.Module, source: TensorSpec, outputs: Mapping[str, TensorSpec | str]) -> BundleGraph:
    """Return a graph with one input; an output with only a description gets the shape that the module computes."""
    module, batch = module.eval(), source.shape[0]
    with torch.no_grad():
        values = _arrays(module(torch.full((1, *source.shape[1:]), 0.5)))
    specs = []
    for (tensor, spec), value in zip(outputs.items(), values, strict=True):
        shape = (batch, *value.shape[1:])
        output = TensorSpec(tensor, str(value.dtype), shape, spec) if isinstance(spec, str) else spec
        if shape != output.shape:
            raise InputError(f"{name} should give {tensor} of the shape {output.shape}, the networks give {shape}")
        specs.append(output)
    return BundleGraph(name, module, (source,), tuple(specs))


#: The function that builds each graph for a batch size.
_BUILDERS: dict[str, Callable[[Bundle, int], BundleGraph]] = {
    "one_shot": _one_shot_graph,
    "describe": _describe_graph,
    "render": _render_graph,
    "step": _step_graph,
    "step_fast": partial(_step_graph, fast=True),
    "compare_fast": _compare_fast_graph,
    "segment": _segment_graph,
}


def _arrays(outputs: torch.Tensor | tuple[torch.Tensor, ...]) -> list[np.ndarray]:
    tensors = (outputs,) if isinstance(outputs, torch.Tensor) else outputs
    return [tensor.detach().cpu().numpy() for tensor in tensors]
