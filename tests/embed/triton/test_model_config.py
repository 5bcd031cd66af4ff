"""Configurations in text form, parsed with Triton's own message, and ensembles that do not fit together."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from f2p_deploy.embed.triton.model_config import (
    EnsembleStep,
    ModelConfig,
    ServedTensor,
    Word,
    require_resolved,
    text_form,
)
from f2p_deploy.system.errors import InputError

FACE = ServedTensor("face", "float32", (3, 8, 8))
LOSS = ServedTensor("loss", "float32", ())
FIRST = ModelConfig("first", {"backend": "python"}, (ServedTensor("photo", "bytes", (1,)),), (FACE,), 8)
SECOND = ModelConfig("second", {"backend": "onnxruntime"}, (FACE,), (LOSS,), 8, gathers=True)
BOTH = ModelConfig(
    "both",
    {"platform": "ensemble"},
    FIRST.inputs,
    (replace(LOSS, name="end"),),
    8,
    steps=(
        EnsembleStep("first", {"photo": "photo"}, {"face": "between"}),
        EnsembleStep("second", {"face": "between"}, {"loss": "end"}),
    ),
)


def test_a_model_with_batches(parsed: Callable) -> None:
    config = parsed(replace(SECOND, kind="KIND_GPU", instances=3, parameters={"key": 'a "b" \\ c'}).text())
    assert (config.name, config.backend, config.max_batch_size) == ("second", "onnxruntime", 8)
    assert config.HasField("dynamic_batching") and config.dynamic_batching.max_queue_delay_microseconds == 500
    group = config.instance_group[0]
    assert (group.count, type(group).Kind.Name(group.kind)) == (3, "KIND_GPU")
    assert config.version_policy.latest.num_versions == 1
    assert config.parameters["key"].string_value == 'a "b" \\ c'
    assert list(config.input[0].dims) == [3, 8, 8] and not config.input[0].HasField("reshape")


def test_a_number_per_sample_is_reshaped(parsed: Callable) -> None:
    output = parsed(SECOND.text()).output[0]
    assert list(output.dims) == [1] and output.HasField("reshape") and list(output.reshape.shape) == []


def test_a_model_without_batches_gathers_nothing(parsed: Callable) -> None:
    config = parsed(replace(FIRST, max_batch_size=0).text())
    assert config.max_batch_size == 0 and not config.HasField("dynamic_batching")


def test_an_ensemble(parsed: Callable) -> None:
    config = parsed(BOTH.text())
    steps = config.ensemble_scheduling.step
    assert [step.model_name for step in steps] == ["first", "second"]
    assert dict(steps[0].output_map) == {"face": "between"} == dict(steps[1].input_map)
    assert not config.instance_group, "Triton refuses instances of an ensemble"


def test_text_form() -> None:
    assert text_form({"a": Word("TYPE_FP32"), "b": (1, 2), "c": [{"d": "x"}, {"d": "y"}], "e": {}}) == (
        'a: TYPE_FP32\nb: [ 1, 2 ]\nc {\n  d: "x"\n}\nc {\n  d: "y"\n}\ne {\n}\n'
    )


def test_ensembles_that_fit_are_accepted() -> None:
    require_resolved((FIRST, SECOND, BOTH))


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ((FIRST, BOTH), "calls 'second', which the repository lacks"),
        ((FIRST, replace(SECOND, max_batch_size=4), BOTH), "takes larger batches than its step second"),
        ((FIRST, replace(SECOND, inputs=(FACE, LOSS)), BOTH), "maps face of second, which has other tensors"),
        ((replace(FIRST, outputs=(FACE, LOSS)), SECOND, BOTH), "maps face of first, which has other tensors"),
        (
            (FIRST, replace(SECOND, inputs=(replace(FACE, shape=(3, 9, 9)),)), BOTH),
            r"gives float32 \(3, 8, 8\) where second has face, float32 \(3, 9, 9\)",
        ),
        ((FIRST, SECOND, replace(BOTH, outputs=(LOSS,))), "gives nothing where second has loss"),
        ((FIRST, SECOND, replace(BOTH, steps=BOTH.steps[::-1])), "gives nothing where second has face"),
    ],
)
def test_ensembles_that_do_not_fit_are_refused(models: tuple[ModelConfig, ...], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        require_resolved(models)
