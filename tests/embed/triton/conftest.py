"""A repository of the small bundle, and a stand-in for the module that only Triton's Python has."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from f2p_deploy.artifact.artifact import Artifact
    from f2p_deploy.embed.triton import TritonRepository

#: NumPy's types of Triton's.
DTYPES = {"TYPE_FP32": np.float32, "TYPE_STRING": np.object_}


@pytest.fixture(scope="session")
def repository(served_artifact: "Artifact", tmp_path_factory: pytest.TempPathFactory) -> "TritonRepository":
    """`served_artifact` as a model repository."""
    from f2p_deploy.embed.triton import embed_triton

    return embed_triton(served_artifact, tmp_path_factory.mktemp("triton") / "models")


@pytest.fixture(scope="session")
def parsed() -> Callable[[str], Any]:
    """Parses a `config.pbtxt` with Triton's own message."""
    config = pytest.importorskip("tritonclient.grpc.model_config_pb2")
    from google.protobuf import text_format

    return lambda text: text_format.Parse(text, config.ModelConfig())


class Tensor:
    """`triton_python_backend_utils.Tensor`: a named array."""

    def __init__(self, name: str, value: np.ndarray) -> None:
        self._name, self._value = name, value

    def name(self) -> str:
        return self._name

    def as_numpy(self) -> np.ndarray:
        return self._value


class Message:
    """`triton_python_backend_utils.TritonError`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def message(self) -> str:
        return self.text


class Response:
    """`triton_python_backend_utils.InferenceResponse`."""

    def __init__(self, output_tensors: Sequence[Tensor] = (), error: Message | None = None) -> None:
        self.tensors, self.failure = output_tensors, error

    def output_tensors(self) -> Sequence[Tensor]:
        return self.tensors

    def has_error(self) -> bool:
        return self.failure is not None

    def error(self) -> Message | None:
        return self.failure

    def arrays(self) -> dict[str, np.ndarray]:
        """The outputs by name; a failure fails the test."""
        assert self.failure is None, self.failure and self.failure.text
        return {tensor.name(): tensor.as_numpy() for tensor in self.tensors}


class Request:
    """`triton_python_backend_utils.InferenceRequest`; `exec` runs the model's file, as the server would."""

    folder: Path

    def __init__(
        self, inputs: Sequence[Tensor], requested_output_names: Sequence[str], model_name: str = ""
    ) -> None:
        self.given, self.names, self.model = inputs, requested_output_names, model_name

    def inputs(self) -> Sequence[Tensor]:
        return self.given

    def requested_output_names(self) -> Sequence[str]:
        return self.names

    def exec(self) -> Response:
        from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

        file = self.folder / self.model / "1" / "model.onnx"
        if not file.is_file():
            return Response(error=Message("unknown model"))
        session = open_session(str(file), threads=1)
        outputs = session.run(list(self.names), {tensor.name(): tensor.as_numpy() for tensor in self.given})
        return Response([Tensor(name, value) for name, value in zip(self.names, outputs, strict=True)])


@pytest.fixture(scope="session")
def backend_of() -> Callable[[Path], Any]:
    """Returns a stand-in for `triton_python_backend_utils` whose requests go to the models of a repository."""

    def module(folder: Path) -> Any:
        requests = type("Request", (Request,), {"folder": folder})
        return SimpleNamespace(
            Tensor=Tensor, InferenceRequest=requests, InferenceResponse=Response, TritonError=Message
        )

    return module


@pytest.fixture(scope="session")
def served(parsed: Callable[[str], Any], backend_of: Callable) -> Callable[[Path, str], Callable[..., list[Response]]]:
    """Starts a Python model of a repository as Triton does; the result answers requests, one per keyword dictionary.

    Answers are checked against the model's configuration, as the server checks them.
    """
    import sys

    from google.protobuf.json_format import MessageToJson

    def start(folder: Path, model: str) -> Callable[..., list[Response]]:
        config = parsed((folder / model / "config.pbtxt").read_text())
        sys.modules["triton_python_backend_utils"] = backend_of(folder)
        try:
            scope: dict[str, Any] = {}
            exec((folder / model / "1" / "model.py").read_text(), scope)
        finally:
            del sys.modules["triton_python_backend_utils"]
        instance = scope["TritonPythonModel"]()
        text = MessageToJson(config, preserving_proto_field_name=True)
        instance.initialize({"model_repository": str(folder / model), "model_version": "1", "model_config": text})
        names = [output.name for output in config.output]

        def ask(*requests: dict[str, np.ndarray]) -> list[Response]:
            given = [Request([Tensor(*item) for item in one.items()], names) for one in requests]
            answers = instance.execute(given)
            for answer in answers:
                for output in config.output if not answer.has_error() else ():
                    value = answer.arrays()[output.name]
                    shape = value.shape[1:] if config.max_batch_size else value.shape
                    assert list(shape) == list(output.dims) and value.dtype == DTYPES[_name(output.data_type)]
            return answers

        return ask

    return start


def _name(data_type: int) -> str:
    from tritonclient.grpc import model_config_pb2

    return model_config_pb2.DataType.Name(data_type)
