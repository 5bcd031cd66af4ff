"""The configuration of a model for Triton Inference Server (`config.pbtxt`), and the check that a repository fits.

The format is the protobuf message `inference.ModelConfig` in text form; Triton's documentation, "Model Configuration",
explains every field.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from f2p_deploy.system.errors import InputError

#: Triton's names of tensor types, by NumPy's; texts and files are `bytes`.
DTYPES = {"float32": "TYPE_FP32", "bytes": "TYPE_STRING"}

#: How long a request waits for others that fill its batch, in microseconds.
QUEUE_DELAY = 500

#: Where the instances of a model run: on a GPU if there is one, on the processor, or on a GPU.
Kind = Literal["KIND_AUTO", "KIND_CPU", "KIND_GPU"]


class Word(str):
    """A word of an enumeration, which the text form writes without quotation marks."""


@dataclass(frozen=True)
class ServedTensor:
    """An input or output of a served model.

    Args:
        name: the tensor's name.
        dtype: a key of `DTYPES`.
        shape: the shape of one sample where the model has a batch axis; else the whole shape.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]

    def message(self) -> dict[str, Any]:
        """Return the message; Triton has no tensors of rank 0, so a number per sample has the shape [1]."""
        fields: dict[str, Any] = {"name": self.name, "data_type": Word(DTYPES[self.dtype])}
        return fields | ({"dims": self.shape} if self.shape else {"dims": (1,), "reshape": {}})


@dataclass(frozen=True)
class EnsembleStep:
    """One model that an ensemble calls.

    Args:
        model: the model's name.
        inputs, outputs: the ensemble's tensors by the names of the model's.
    """

    model: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]

    def message(self) -> dict[str, Any]:
        """Return the message; version -1 is the latest one."""
        fields: dict[str, Any] = {"model_name": self.model, "model_version": -1}
        return fields | {
            key: [{"key": own, "value": others} for own, others in names.items()]
            for key, names in (("input_map", self.inputs), ("output_map", self.outputs))
        }


@dataclass(frozen=True)
class ModelConfig:
    """The configuration of one model.

    Args:
        name: the model's name, and its folder's.
        engine: `{"backend": ...}` or `{"platform": ...}`, which runs it.
        inputs, outputs: its tensors.
        max_batch_size: largest batch; 0 for a model without a batch axis that Triton may fill.
        gathers: whether Triton gathers requests in a batch (dynamic batching).
        kind: where instances run.
        instances: how many run at the same time.
        parameters: texts that the model reads.
        steps: of an ensemble.
    """

    name: str
    engine: Mapping[str, str]
    inputs: tuple[ServedTensor, ...]
    outputs: tuple[ServedTensor, ...]
    max_batch_size: int = 0
    gathers: bool = False
    kind: Kind = "KIND_AUTO"
    instances: int = 1
    parameters: Mapping[str, str] | None = None
    steps: tuple[EnsembleStep, ...] = ()

    def text(self) -> str:
        """Return the content of `config.pbtxt`."""
        fields: dict[str, Any] = {
            "name": self.name,
            **self.engine,
            "max_batch_size": self.max_batch_size,
            "input": [tensor.message() for tensor in self.inputs],
            "output": [tensor.message() for tensor in self.outputs],
            "version_policy": {"latest": {"num_versions": 1}},
        }
        if self.gathers:
            fields["dynamic_batching"] = {"max_queue_delay_microseconds": QUEUE_DELAY}
        if self.steps:
            fields["ensemble_scheduling"] = {"step": [step.message() for step in self.steps]}
        else:
            fields["instance_group"] = [{"count": self.instances, "kind": Word(self.kind)}]
        fields["parameters"] = [
            {"key": key, "value": {"string_value": value}} for key, value in (self.parameters or {}).items()
        ]
        return text_form(fields)


def text_form(message: Mapping[str, Any], indent: str = "") -> str:
    """Return the text form of a protobuf message.

    Args:
        message: numbers, texts, `Word`s, tuples of numbers, messages, and lists of messages, by field.
        indent: spaces before every line.
    """
    lines = []
    for name, value in message.items():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, Mapping):
                lines.append(f"{indent}{name} {{\n{text_form(one, f'{indent}  ')}{indent}}}\n")
            else:
                lines.append(f"{indent}{name}: {_value(one)}\n")
    return "".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[ {', '.join(map(str, value))} ]"
    return str(value) if isinstance(value, Word | int) else json.dumps(value)


def require_resolved(configs: Sequence[ModelConfig]) -> None:
    """Check that every step of every ensemble gets its inputs, in the right type and shape, and gives its outputs.

    Raises:
        InputError: a model or a tensor that is missing, or two that differ.
    """
    models = {config.name: config for config in configs}
    for config in configs:
        known = {tensor.name: tensor for tensor in config.inputs}
        for step in config.steps:
            if step.model not in models:
                raise InputError(f"the ensemble {config.name} calls {step.model!r}, which the repository lacks")
            model = models[step.model]
            if config.max_batch_size > model.max_batch_size:
                raise InputError(f"the ensemble {config.name} takes larger batches than its step {step.model}")
            _require_mapped(config.name, model.name, model.inputs, step.inputs)
            for tensor in model.inputs:
                _require_equal(config.name, step, tensor, known.get(step.inputs[tensor.name]))
            _require_mapped(config.name, model.name, model.outputs, step.outputs)
            known |= {step.outputs[tensor.name]: tensor for tensor in model.outputs}
        for tensor in config.outputs if config.steps else ():
            _require_equal(config.name, config.steps[-1], tensor, known.get(tensor.name))


def _require_mapped(ensemble: str, model: str, tensors: Sequence[ServedTensor], names: Mapping[str, str]) -> None:
    if {tensor.name for tensor in tensors} != set(names):
        raise InputError(f"the ensemble {ensemble} maps {', '.join(names)} of {model}, which has other tensors")


def _require_equal(ensemble: str, step: EnsembleStep, wanted: ServedTensor, found: ServedTensor | None) -> None:
    if found is None or (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
        given = "nothing" if found is None else f"{found.dtype} {found.shape}"
        raise InputError(
            f"the ensemble {ensemble} gives {given} where {step.model} has {wanted.name}, {wanted.dtype} {wanted.shape}"
        )
