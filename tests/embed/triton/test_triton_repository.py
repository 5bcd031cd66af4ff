"""The repository: configurations that Triton's message parses and the graphs confirm; whole, and the same each time."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.triton import TritonRepository, embed_triton
from f2p_deploy.embed.triton.triton_repository import MARKER
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of


def test_every_configuration_says_what_the_graph_takes_and_gives(
    repository: TritonRepository, served_artifact: Artifact, parsed: Callable
) -> None:
    onnx = pytest.importorskip("onnx")
    for name in served_artifact.manifest.graphs:
        config = parsed((repository.folder / name / "config.pbtxt").read_text())
        assert config.name == name and config.backend == "onnxruntime"
        model = onnx.load(repository.folder / name / "1" / "model.onnx", load_external_data=False)
        assert not any(weight.external_data for weight in model.graph.initializer), "the file is whole"
        for tensors, values in ((config.input, model.graph.input), (config.output, model.graph.output)):
            assert [tensor.name for tensor in tensors] == [value.name for value in values]
            for tensor, value in zip(tensors, values, strict=True):
                sizes = [one.dim_param or one.dim_value for one in value.type.tensor_type.shape.dim]
                dims = list(tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims)
                assert sizes == (["batch", *dims] if config.max_batch_size else dims)
                assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT and tensor.data_type == 11
        assert config.HasField("dynamic_batching") == (config.max_batch_size > 0)


def test_the_ensemble_leads_from_photo_to_parameters(repository: TritonRepository, parsed: Callable) -> None:
    config = parsed((repository.folder / "character" / "config.pbtxt").read_text())
    assert config.platform == "ensemble"
    assert [step.model_name for step in config.ensemble_scheduling.step] == ["align", "one_shot", "finish"]
    assert [tensor.name for tensor in config.output] == ["face", "parameters", "parameters_json"]
    assert any((repository.folder / "character" / "1").iterdir()), "storage without empty folders keeps the version"


def test_what_lies_beside_the_models(repository: TritonRepository, served_artifact: Artifact) -> None:
    marker = json.loads((repository.folder / MARKER).read_text())
    assert marker["target"] == "onnx" and set(marker["models"]) == set(repository.models)
    assert marker["fixed"] == repository.fixed == {
        "step": "ONNX Runtime does not run a batch of 3: the batch size is written inside"
    }
    schema = json.loads((repository.folder / "schema.json").read_text())
    assert [one["name"] for one in schema["controllers"]][:1] == ["eye.tx"]
    page = (repository.folder / "README.md").read_text()
    assert "$" not in page and "`step` has a fixed batch: " in page
    assert all(f"| `{name}` |" in page for name in repository.models)
    folders = {path.name for path in repository.folder.iterdir() if path.is_dir()}
    assert folders == set(repository.models), "Triton takes every folder for a model"
    assert repository.files == {
        path.relative_to(repository.folder).as_posix(): path.stat().st_size
        for path in sorted(repository.folder.rglob("*"))
        if path.is_file()
    }


def test_the_example_in_the_page_is_python_and_names_the_tensors(repository: TritonRepository) -> None:
    page = (repository.folder / "README.md").read_text()
    code = page.split("```python\n")[1].split("```")[0]
    compile(code, "README.md", "exec")
    assert 'InferInput("photo", [1, 1], "BYTES")' in code and 'as_numpy("parameters_json")[0, 0]' in code


def test_the_same_artifact_gives_the_same_bytes(
    repository: TritonRepository, served_artifact: Artifact, tmp_path: Path
) -> None:
    again = embed_triton(served_artifact, tmp_path / "models")
    assert again.files == repository.files
    assert all(sha256_of(again.folder / name) == sha256_of(repository.folder / name) for name in again.files)
    (tmp_path / "models" / "old.txt").write_text("left over")
    embed_triton(served_artifact, tmp_path / "models")
    assert not (tmp_path / "models" / "old.txt").exists()


def test_a_model_that_somebody_added_stays(
    repository: TritonRepository, served_artifact: Artifact, tmp_path: Path
) -> None:
    models = tmp_path / "models"
    (models / "mine").mkdir(parents=True)
    shutil.copy(repository.folder / MARKER, models)
    with pytest.raises(InputError, match="also holds the model mine, which was not written by f2p-deploy .* with -o"):
        embed_triton(served_artifact, models)
    (models / MARKER).write_text("{")
    with pytest.raises(InputError, match=f"{MARKER} is damaged, so .*models is not replaced"):
        embed_triton(served_artifact, models)
    assert {path.name for path in models.iterdir()} == {"mine", MARKER}


def test_a_folder_of_somebody_else_stays(served_artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="exists and is not a Triton model repository, so it is not replaced"):
        embed_triton(served_artifact, tmp_path / "models")
    assert [path.name for path in tmp_path.rglob("*")] == ["models", "mine.txt"]


def test_plain_data(repository: TritonRepository) -> None:
    data = json.loads(json.dumps(repository.to_dict()))
    assert data["models"]["one_shot"] == {"backend": "onnxruntime", "max_batch_size": 8, "fixed": None}
    assert data["models"]["step"]["fixed"] and data["bytes"] == sum(data["files"].values())
    rows = {row[0]: row[1:3] for row in repository.rows()}
    assert rows["step"] == ("onnxruntime", "fixed") and rows["character"] == ("ensemble", "8")
