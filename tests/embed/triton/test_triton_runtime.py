"""A runtime whose graphs are Triton's models: the same results, and a batch axis where the model has one."""

import numpy as np

import f2p_deploy
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.triton.triton_runtime import TritonRuntime
from f2p_deploy.runtimes.step_tensors import SHARED


def test_inputs_that_samples_share_get_an_axis_where_the_model_has_batches(served_artifact: Artifact) -> None:
    onnxruntime = f2p_deploy.load(served_artifact, "onnxruntime", threads=1)
    n = onnxruntime.schema.n
    seen: list[dict[str, tuple[int, ...]]] = []

    def call(model, inputs, outputs):
        seen.append({name: value.shape for name, value in inputs.items()})
        plain = {name: value[0] if name in SHARED and value.ndim == 2 else value for name, value in inputs.items()}
        found = onnxruntime.compute(model, plain)
        # Triton gives a number per sample the shape [1].
        return {name: found[name].reshape(1, -1) if name == "loss" else found[name] for name in outputs}

    state = np.full((1, n), 0.5, np.float32)
    face = np.zeros((1, 3, 128, 128), np.float32)
    expected = onnxruntime.step(state, *onnxruntime.describe(face), 0.1)
    for batched, shape in (((), (n,)), (("step",), (1, n))):
        runtime = TritonRuntime(served_artifact, call, batched)
        found = runtime.step(state, *runtime.describe(face), 0.1)
        assert seen[-1]["locked"] == shape and seen[-1]["state"] == (1, n)
        assert found.loss.shape == (1,) and all(map(np.array_equal, found, expected))
    assert runtime.describe_device() == "Triton Inference Server"
