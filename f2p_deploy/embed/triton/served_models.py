"""The models of a repository that are written in Python: from photos to faces, and from numbers to characters.

Triton imports `model.py` of each, which names one of these classes; Triton's Python needs f2p-deploy installed, without
extras. The server's module `triton_python_backend_utils` exists only inside Triton, so `model.py` passes it in.
"""

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from f2p_deploy.alignment import AlignedFace, NetworkFinder, align, decode_photo
from f2p_deploy.artifact.artifact import MANIFEST_FILE, Artifact, Manifest
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.triton.triton_runtime import TritonRuntime
from f2p_deploy.model.result import finish, to_planes
from f2p_deploy.model.settings import BundleSettings, from_data
from f2p_deploy.runtimes import search
from f2p_deploy.system.errors import F2PError

logger = logging.getLogger(__name__)

#: The parameter of `config.pbtxt` that names the models with a batch axis, separated by commas.
BATCHED = "batched_models"

#: The name of a photo in error messages: Triton's clients send its content only.
PHOTO = "photo"


class ServedModel:
    """A model in Triton's Python backend, which calls `initialize` once per instance, then `execute`."""

    #: The module `triton_python_backend_utils`.
    backend: ClassVar[Any]

    def initialize(self, args: Mapping[str, str]) -> None:
        """Read the manifest beside `model.py`.

        Args:
            args: Triton's: `model_repository` is the model's folder, `model_config` the configuration as JSON.

        Raises:
            InputError: the manifest is damaged.
        """
        folder = Path(args["model_repository"]) / str(args["model_version"])
        path = folder / MANIFEST_FILE
        manifest = Manifest.from_dict(json.loads(path.read_bytes()), str(path))
        self.artifact = Artifact(folder, manifest)
        self.schema = Schema.from_dict(manifest.schema, f"{path}: schema")
        self.settings: BundleSettings = from_data(BundleSettings, manifest.settings, f"{path}: settings")
        parameters = json.loads(args["model_config"]).get("parameters", {})
        self.prepare({name: value["string_value"] for name, value in parameters.items()})

    def prepare(self, parameters: Mapping[str, str]) -> None:
        """Load what the model needs, given the parameters of its configuration."""

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the outputs of one request.

        Raises:
            F2PError: the request cannot be answered; the client gets the sentence.
        """
        raise NotImplementedError

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer requests; one that fails is answered with an error, and the others are not touched by it."""
        return [self._response(request) for request in requests]

    def _response(self, request: Any) -> Any:
        try:
            outputs = self.answer({tensor.name(): tensor.as_numpy() for tensor in request.inputs()})
        except F2PError as error:
            return self.backend.InferenceResponse(error=self.backend.TritonError(str(error)))
        except Exception as error:
            logger.exception("unexpected failure")
            sentence = f"unexpected {type(error).__name__}: {error}; this is a bug, the server's log shows where"
            return self.backend.InferenceResponse(error=self.backend.TritonError(sentence))
        wanted = set(request.requested_output_names())
        tensors = [self.backend.Tensor(name, value) for name, value in outputs.items() if name in wanted]
        return self.backend.InferenceResponse(output_tensors=tensors)


class PhotoModel(ServedModel):
    """A model that takes photos, and finds and aligns the largest face of each with the built-in networks."""

    def prepare(self, parameters: Mapping[str, str]) -> None:
        """Load the finder's networks."""
        self.finder = NetworkFinder()

    def aligned(self, photos: np.ndarray) -> list[AlignedFace]:
        """Return the aligned faces of (N, 1) or (1,) photos, each the content of a file.

        Raises:
            PhotoError: an unreadable photo, or one without a usable face.
        """
        size, template = self.settings.architecture.image_size, self.settings.alignment.landmarks
        return [
            align(decode_photo(bytes(content), PHOTO, sent=True), self.finder, template, size, name=PHOTO)
            for content in photos.reshape(-1)
        ]


class AlignModel(PhotoModel):
    """`align`: `photo` to `face`, float32 (N, 3, S, S) RGB in [0, 1]."""

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the aligned faces; see `ServedModel.answer`."""
        size = self.settings.architecture.image_size
        return {"face": np.concatenate([to_planes(face.image, size) for face in self.aligned(inputs["photo"])])}


class FinishModel(ServedModel):
    """`finish`: `probabilities`, as `one_shot` computes them, to `parameters` with one option of each group."""

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the characters; see `ServedModel.answer`."""
        lead, unread = self.settings.default_lead, self.artifact.manifest.unread
        made = [finish(self.schema, row, "one-shot", (), None, lead, unread) for row in inputs["probabilities"]]
        return character_tensors([generation.parameters for generation in made])


class HybridModel(PhotoModel):
    """`character_hybrid`: `photo` to `parameters`, by a search that calls the other models."""

    def prepare(self, parameters: Mapping[str, str]) -> None:
        """Load the finder's networks, and learn which models have a batch axis."""
        super().prepare(parameters)
        batched = [name for name in parameters[BATCHED].split(",") if name]
        self.runtime = TritonRuntime(self.artifact, self._call, batched)

    def answer(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Return the characters, and the losses before and after the search; see `ServedModel.answer`."""
        made = [
            search.generate(self.runtime, face.image, "hybrid", shape=face.landmarks.shape)
            for face in self.aligned(inputs["photo"])
        ]
        losses = np.array([(one.losses[0], one.losses[-1]) for one in made], np.float32)
        return character_tensors([one.parameters for one in made]) | {"losses": losses}

    def _call(
        self, model: str, inputs: Mapping[str, np.ndarray], outputs: Collection[str]
    ) -> Mapping[str, np.ndarray]:
        request = self.backend.InferenceRequest(
            model_name=model,
            requested_output_names=list(outputs),
            inputs=[self.backend.Tensor(name, np.ascontiguousarray(value)) for name, value in inputs.items()],
        )
        response = request.exec()
        if response.has_error():
            raise F2PError(f"the model {model} failed: {response.error().message()}")
        return {tensor.name(): tensor.as_numpy() for tensor in response.output_tensors()}


def character_tensors(characters: Sequence[Parameters]) -> dict[str, np.ndarray]:
    """Return `parameters` (N, n) float32, and `parameters_json` (N, 1) the content of `parameters.json` of each."""
    texts = [json.dumps(to_json(one), ensure_ascii=False).encode() for one in characters]
    return {
        "parameters": np.stack([np.asarray(one.values, np.float32) for one in characters]),
        "parameters_json": np.array(texts, np.object_)[:, None],
    }
