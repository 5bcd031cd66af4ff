"""Fixtures of the whole suite: data from outside the repository, the sample photo, and a small bundle."""

import hashlib
import io
import json
import os
import pickle
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from onnx import ModelProto
    from torch import nn

    from f2p_deploy.alignment.mediapipe import MediaPipeFinder
    from f2p_deploy.artifact.artifact import Arrays, Artifact
    from f2p_deploy.export import Faces
    from f2p_deploy.export.export_graphs import ExportGraph
    from f2p_deploy.model.bundle import Bundle

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data that is not in the repository."""
    folder = Path(os.environ.get("F2P_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"no data folder {folder}: set F2P_SHARED")
    return folder


@pytest.fixture(scope="session")
def makehuman_assets(shared: Path) -> Path:
    """The folder that holds `makehuman/` and `mpfb2/`, the reference engine's assets."""
    folder = shared / "data"
    if not (folder / "makehuman").is_dir():
        pytest.skip(f"no MakeHuman assets in {folder}")
    return folder


@pytest.fixture(scope="session")
def landmarker(shared: Path) -> Path:
    """The model file of MediaPipe's FaceLandmarker."""
    path = shared / "data" / "mediapipe" / "face_landmarker.task"
    if not path.is_file():
        pytest.skip(f"no face landmarker at {path}")
    return path


@pytest.fixture(scope="session")
def astronaut() -> np.ndarray:
    """(512, 512, 3) uint8 RGB: NASA's portrait of Eileen Collins, public domain."""
    return pytest.importorskip("skimage.data").astronaut()


@pytest.fixture
def photo(tmp_path: Path, astronaut: np.ndarray) -> Path:
    """The astronaut as a file, in a separate folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    path = folder / "astronaut.png"
    Image.fromarray(astronaut).save(path)
    return path


@pytest.fixture(scope="session")
def served_artifact(small_artifact: Path) -> "Artifact":
    """`small_artifact`, opened."""
    from f2p_deploy.artifact.artifact import read_artifact

    return read_artifact(small_artifact)


@pytest.fixture(scope="session")
def portrait(astronaut: np.ndarray) -> bytes:
    """The astronaut's face as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(astronaut[:320, 80:400]).save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """A bundle of the paper's networks, very narrow and shallow, 128 pixels, with random weights and short searches."""
    torch = pytest.importorskip("torch")
    from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
    from f2p_deploy.model.bundle import create_bundle, store_network
    from f2p_deploy.model.networks.table import REQUIRED_NETWORKS, build_network
    from f2p_deploy.model.settings import Architecture, BundleSettings, IterativeSettings

    controllers = tuple(
        Controller(f"{part}.{axis}", part) for part in ("eye", "nose", "mouth") for axis in ("tx", "ty")
    )
    discrete = (DiscreteGroup("hair", ("none", "short", "long")), DiscreteGroup("lips", ("natural", "red")))
    widths = {f"{name}_width": 0.1 for name in REQUIRED_NETWORKS}
    # One residual block a stage: the same operators as in the whole networks, in a third of the graphs' nodes.
    depths = {"recognition_depth": 0.1, "segmentation_depth": 0.1}
    settings = BundleSettings(
        Architecture(image_size=128, segmentation_size=64, **widths, **depths),
        iterative=IterativeSettings(iterations=12),
        hybrid=IterativeSettings(iterations=5, learning_rate=5.0),
    )
    folder = tmp_path_factory.mktemp("bundle") / "small"
    bundle = create_bundle(folder, "small", Schema("small", controllers, discrete), settings)
    torch.manual_seed(0)
    for name in REQUIRED_NETWORKS:
        gain = 0.45
        if name == "translator":
            # Embeddings of so few blocks are small. With this seed, faces get another hair than the default.
            gain = 0.55
            torch.manual_seed(1)
        network = _lively(build_network(name, bundle.schema, settings), gain)
        bundle = store_network(bundle, name, network, {"command": "tests"})
    return bundle


def _lively(network: "nn.Module", gain: float = 0.45) -> "nn.Module":
    """Give a network random weights that let signals through, and batch norms that do something."""
    import torch

    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            # Statistics of a trained network: a batch norm that does nothing could not be folded wrongly.
            module.running_mean.normal_(0.0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
        # PyTorch's own start lets the signal die, and then every face would give the same character.
        elif isinstance(module, torch.nn.ConvTranspose2d):
            module.weight.data.normal_(0.0, module.in_channels**-0.5)
        elif isinstance(module, torch.nn.Conv2d | torch.nn.Linear):
            torch.nn.init.kaiming_normal_(module.weight).data.mul_(gain)
    return network


@pytest.fixture(scope="session")
def surrogate_bundle(small_bundle: "Bundle", tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """A small bundle that searches through a surrogate: dlib's ResNet, very narrow, a reader, an asymmetric slider."""
    import torch

    from f2p_deploy.character.schema import Controller
    from f2p_deploy.model.bundle import create_bundle, store_network
    from f2p_deploy.model.networks.table import NETWORKS, build_network
    from f2p_deploy.model.settings import IterativeSettings, SimilaritySettings

    further = (Controller("age", "head"), Controller("uneven", "head", asymmetric=True))
    controllers = (*small_bundle.schema.controllers, *further)
    tags = {"age": "age", "hair": "hair", "skin-tone": "lips"}
    schema = replace(small_bundle.schema, name="tagged", controllers=controllers, tags=tags)
    sizes = replace(
        small_bundle.settings.architecture,
        recognition="dlib-resnet",
        recognition_size=150,
        surrogate_width=0.5,
        shape_length=24,
        reader_stage="conv_4",
    )
    search = IterativeSettings(iterations=8, learning_rate=0.3, beta=10.0, momentum=0.9, keep_best=True)
    settings = replace(
        small_bundle.settings,
        architecture=sizes,
        similarity=SimilaritySettings(mirrored=True),
        iterative=search,
        hybrid=replace(search, iterations=4),
        search="surrogate",
    )
    bundle = create_bundle(tmp_path_factory.mktemp("surrogate") / "bundle", "surrogate", schema, settings)
    torch.manual_seed(1)
    for name in [name for name in NETWORKS if name != "shortcut"]:
        bundle = store_network(bundle, name, _lively(build_network(name, schema, settings)), {"command": "tests"})
    return bundle


@pytest.fixture(scope="session")
def fast_bundle(small_bundle: "Bundle", tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """The small bundle with a narrow shortcut of random weights, which searches use by default."""
    import torch

    from f2p_deploy.model.bundle import create_bundle, store_network
    from f2p_deploy.model.networks.table import build_network
    from f2p_deploy.model.shortcut_owner import described_by

    sizes = replace(small_bundle.settings.architecture, shortcut_width=0.1)
    iterative = replace(small_bundle.settings.iterative, iterations=4, learning_rate=50.0, beta=3.0, keep_best=True)
    settings = replace(
        small_bundle.settings, architecture=sizes, iterative=iterative, hybrid=iterative, fast=True
    )
    bundle = create_bundle(tmp_path_factory.mktemp("fast") / "bundle", "fast", small_bundle.schema, settings)
    for name in small_bundle.networks:
        bundle = store_network(bundle, name, getattr(small_bundle, name), {"command": "tests"})
    torch.manual_seed(2)
    network = _lively(build_network("shortcut", bundle.schema, settings))
    return store_network(bundle, "shortcut", network, {"command": "tests", "described_by": described_by(bundle)})


@pytest.fixture(scope="session")
def half_bundle(small_bundle: "Bundle", tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """The small bundle, its weights stored in float16."""
    return _stored_in_half(small_bundle, tmp_path_factory.mktemp("half") / "bundle")


@pytest.fixture(scope="session")
def carrying_bundle(
    surrogate_bundle: "Bundle", small_faces: "Faces", tmp_path_factory: pytest.TempPathFactory
) -> "Bundle":
    """The bundle with a surrogate, stored in float16, with its artifact in its folder. Changed only in copies."""
    pytest.importorskip("onnxsim")
    from f2p_deploy.export.beside_bundle import export_beside
    from f2p_deploy.model.bundle import load_bundle

    def make(folder: Path) -> None:
        export_beside(_stored_in_half(surrogate_bundle, folder), "tests", small_faces)

    return load_bundle(_made_once(tmp_path_factory, "carrying_bundle", make))


def _made_once(factory: pytest.TempPathFactory, name: str, make: "Callable[[Path], object]") -> Path:
    """Return a folder that the first process of the suite that needs it makes, and all others share."""
    from filelock import FileLock

    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not (folder / "manifest.json").exists():
            make(folder)
    return folder


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> "Callable[[str, Callable[[Path], object]], Path]":
    """Return the folder of an artifact by its name; the first process of the suite that needs it makes it."""
    return partial(_made_once, tmp_path_factory)


@pytest.fixture(autouse=True)
def _operators_are_listed_once() -> None:
    """Keep the exporter's table of operators, once PyTorch's exporter is loaded: it makes one for every graph."""
    module = sys.modules.get("torch.onnx._internal.exporter._registration")
    if module and not hasattr(module.ONNXRegistry.from_torchlib, "cache_info"):
        module.ONNXRegistry.from_torchlib = staticmethod(lru_cache(module.ONNXRegistry.from_torchlib))


@pytest.fixture(autouse=True)
def _graphs_are_traced_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share what PyTorch's exporter makes of a graph among the tests and processes that export the same one.

    A step takes ten seconds to trace, and many tests export the same bundle for another target. What is shared belongs
    to the graph's whole content: its modules with weights and settings, its inputs and the arguments.
    """
    module = sys.modules.get("f2p_deploy.export.onnx.convert_onnx")
    if not module or hasattr(module._trace, "__wrapped__"):
        return
    trace, base = module._trace, tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "traced"

    @wraps(trace)
    def shared(graph: "ExportGraph", inputs: "Arrays", *arguments: object) -> "ModelProto":
        import onnx

        try:
            content = pickle.dumps((graph.name, graph.batch, graph.module, graph.lower, inputs, arguments))
        except (pickle.PicklingError, AttributeError):  # a module that a test defines within itself
            return trace(graph, inputs, *arguments)
        path = folder / f"{hashlib.sha256(content).hexdigest()}.onnx"
        if not path.exists():
            folder.mkdir(exist_ok=True)
            written = path.with_suffix(f".{os.getpid()}")
            written.write_bytes(trace(graph, inputs, *arguments).SerializeToString())
            written.replace(path)
        return onnx.load(path)

    module._trace = shared


@pytest.fixture(scope="session")
def exporting() -> "Callable[..., AbstractContextManager[None]]":
    """Inside `with exporting("render"):`, an export makes the named graphs alone: a whole one takes half a minute."""
    pytest.importorskip("torch")
    from f2p_deploy.export.export_graphs import ExportGraph, exportable_graphs

    @contextmanager
    def only(*names: str) -> Iterator[None]:
        def chosen(bundle: "Bundle", batch: int = 1) -> tuple[ExportGraph, ...]:
            return tuple(graph for graph in exportable_graphs(bundle, batch) if graph.name in names)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("f2p_deploy.export.export_graphs.exportable_graphs", chosen)
            yield

    return only


def _stored_in_half(bundle: "Bundle", folder: Path) -> "Bundle":
    from f2p_deploy.model.bundle import create_bundle, store_network

    settings = replace(bundle.settings, storage="float16")
    made = create_bundle(folder, bundle.name, bundle.schema, settings)
    for name in bundle.networks:
        made = store_network(made, name, getattr(bundle, name), {"command": "tests"})
    return made


@pytest.fixture(scope="session")
def bundle_with_priors(small_bundle: "Bundle", tmp_path_factory: pytest.TempPathFactory) -> "Bundle":
    """The small bundle, with priors by which the controllers of one group move together."""
    from f2p_deploy.character.parameters import random_batch
    from f2p_deploy.character.priors import fit_priors
    from f2p_deploy.model.bundle import copy_bundle, load_bundle, store_priors

    copy = copy_bundle(small_bundle, tmp_path_factory.mktemp("priors") / "bundle", "priors")
    rng = np.random.default_rng(0)
    vectors = random_batch(copy.schema, 50, 1)
    for indices in copy.schema.groups.values():
        vectors[:, list(indices)] = np.clip(0.5 + 0.2 * rng.standard_normal((50, 1)), 0, 1)
    store_priors(copy, fit_priors(copy.schema, vectors, components=1), {})
    return load_bundle(copy.path)


@pytest.fixture(scope="session")
def small_faces(astronaut: np.ndarray) -> "Faces":
    """The astronaut's face at the size of `small_bundle`, and variations of it."""
    from f2p_deploy.alignment.sample_faces import varied

    face = np.ascontiguousarray(
        astronaut[20:276, 96:352].reshape(128, 2, 128, 2, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    )
    return varied((face / 255).astype(np.float32), "astronaut")


@pytest.fixture(scope="session")
def small_artifact(small_bundle: "Bundle", small_faces: "Faces", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`small_bundle` exported to ONNX, once for all processes of the suite. Tests that change it work on a copy."""
    pytest.importorskip("onnxsim")
    from f2p_deploy.export import export_bundle

    def make(folder: Path) -> None:
        export_bundle(small_bundle, "onnx", folder, faces=small_faces)

    return _made_once(tmp_path_factory, "small_artifact", make)


@pytest.fixture(scope="session")
def fast_artifact(fast_bundle: "Bundle", small_faces: "Faces", tmp_path_factory: pytest.TempPathFactory) -> "Artifact":
    """`fast_bundle` exported to ONNX, once for all processes of the suite."""
    pytest.importorskip("onnxsim")
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.export import export_bundle

    def make(folder: Path) -> None:
        export_bundle(fast_bundle, "onnx", folder, faces=small_faces)

    return read_artifact(_made_once(tmp_path_factory, "fast_artifact", make))


@pytest.fixture
def forged(small_artifact: Path, tmp_path: Path) -> "Callable[..., Path]":
    """Make a copy of `small_artifact`, change it, and seal it again: what a careless or malicious hand could leave."""

    def forge(change: "Callable[[Path], object]" = lambda folder: None, **manifest: object) -> Path:
        return _sealed_again(small_artifact, tmp_path / "forged", change, **manifest)

    return forge


@pytest.fixture(scope="session")
def ways_to_break() -> "dict[str, Callable[[Path], None]]":
    """Five mistakes of real deployments, by name; each changes the graphs in a folder of `small_artifact`'s files."""
    onnx = pytest.importorskip("onnx")
    from onnx.helper import make_node

    def with_face(path: Path, nodes: "Sequence[object]", name: str, value: np.ndarray) -> None:
        """Let a graph compute with a changed `face`: the nodes turn `face` and a constant into `changed`."""
        model = onnx.load(path, load_external_data=False)
        for node in model.graph.node:
            node.input[:] = ["changed" if given == "face" else given for given in node.input]
        for i, node in enumerate(nodes):
            model.graph.node.insert(i, node)
        model.graph.initializer.append(onnx.numpy_helper.from_array(value, name))
        onnx.save(model, path)

    def bgr(folder: Path) -> None:
        swap = make_node("Gather", ["face", "order"], ["changed"], axis=1)
        with_face(folder / "one_shot.onnx", [swap], "order", np.array([2, 1, 0]))

    def scaled_twice(folder: Path) -> None:
        smaller = make_node("Mul", ["face", "factor"], ["changed"])
        with_face(folder / "one_shot.onnx", [smaller], "factor", np.array(1 / 255, np.float32))

    def layout(folder: Path) -> None:
        pixels = make_node("Reshape", ["face", "pixels"], ["by_pixel"])
        planes = make_node("Transpose", ["by_pixel"], ["changed"], perm=[0, 3, 1, 2])
        with_face(folder / "one_shot.onnx", [pixels, planes], "pixels", np.array([1, 128, 128, 3]))

    def gradient(folder: Path) -> None:
        """Invert the comparison that lets a gradient pass where a ReLU's input was positive."""
        step = onnx.load(folder / "step.onnx", load_external_data=False)
        for node in step.graph.node:
            node.op_type = "Greater" if node.op_type == "LessOrEqual" else node.op_type
        onnx.save(step, folder / "step.onnx")

    def stale_weights(folder: Path) -> None:
        weights = bytearray((folder / "weights.bin").read_bytes())
        half = len(weights) // 2
        weights[:half] = weights[half : 2 * half]
        (folder / "weights.bin").write_bytes(weights)

    ways = (bgr, scaled_twice, layout, gradient, stale_weights)
    return {way.__name__.replace("_", " "): way for way in ways}


@pytest.fixture(scope="session")
def coreml_folder(small_bundle: "Bundle", small_faces: "Faces", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`small_bundle` as Core ML packages, once for all processes of the suite. Tests that change it work on a copy.

    Without what was measured of it: in half precision, random weights miss floors.
    """
    pytest.importorskip("coremltools")
    from f2p_deploy.export import export_bundle

    def make(folder: Path) -> None:
        exported = folder.with_name("coreml_exported")
        export_bundle(small_bundle, "coreml", exported, faces=small_faces, trajectories=0)
        _sealed_again(exported, folder, parity=())

    return _made_once(tmp_path_factory, "coreml_artifact", make)


@pytest.fixture
def missed_coreml_folder(coreml_folder: Path, tmp_path: Path) -> Path:
    """The same with a measurement that missed its floor."""
    from f2p_deploy.artifact.manifest import Parity

    missed = Parity("render", "image", "PSNR dB", 20.0, 45.0, "higher", "astronaut", 6)
    return _sealed_again(coreml_folder, tmp_path / "missed", parity=(missed,))


def _sealed_again(
    source: Path, folder: Path, change: "Callable[[Path], object]" = lambda folder: None, **manifest: object
) -> Path:
    """Copy an artifact, change its files and its manifest, and seal it."""
    from dataclasses import replace

    from f2p_deploy.artifact.artifact import read_artifact, write_artifact

    artifact = read_artifact(source)
    with write_artifact(folder) as draft:
        for name in artifact.manifest.files:
            (draft.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (draft.folder / name).write_bytes((source / name).read_bytes())
        change(draft.folder)
        draft.manifest = replace(artifact.manifest, **manifest)
    return folder


@pytest.fixture(scope="session")
def make_calibration_set(small_bundle: "Bundle", astronaut: np.ndarray) -> "Callable[..., Path]":
    """Writes a calibration set for `small_bundle`: squares of the astronaut's photo, which lies beside it."""
    from f2p_deploy.export.calibration.calibration_set import (
        CalibrationFace,
        CalibrationSet,
        face_file,
        sha256_of_pixels,
        store_calibration_set,
    )
    from f2p_deploy.system.files import sha256_of

    def make(folder: Path, count: int = 64) -> Path:
        size = small_bundle.settings.architecture.image_size
        photo = folder.with_name("photo.png")
        Image.fromarray(astronaut).save(photo)
        pixels = {}
        for number in range(count):
            top, left = 20 + 4 * (number // 12), 96 + 4 * (number % 12)
            square = Image.fromarray(astronaut[top : top + 224, left : left + 224]).resize((size, size))
            pixels[sha256_of_pixels(np.array(square))] = np.array(square)
        faces = tuple(
            CalibrationFace(face_file(key), key, str(photo), sha256_of(photo), 0.0, 0.5) for key in sorted(pixels)
        )
        command = f"f2p-deploy calibrate photos -o {folder}"
        store_calibration_set(
            CalibrationSet(folder, small_bundle.name, small_bundle.fingerprint, size, faces, (), command), pixels
        )
        return folder

    return make


def _age_sex_shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    def separable(name: str, given: int, made: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield f"{name}/depthwise_filter", (3, 3, given, 1)
        yield f"{name}/pointwise_filter", (1, 1, given, made)
        yield f"{name}/bias", (made,)

    def reduction(name: str, given: int, made: int) -> Iterator[tuple[str, tuple[int, ...]]]:
        yield from separable(f"{name}/separable_conv0", given, made)
        yield from separable(f"{name}/separable_conv1", made, made)
        yield f"{name}/expansion_conv/filters", (1, 1, given, made)
        yield f"{name}/expansion_conv/bias", (made,)

    yield "entry_flow/conv_in/filters", (3, 3, 3, 32)
    yield "entry_flow/conv_in/bias", (32,)
    yield from reduction("entry_flow/reduction_block_0", 32, 64)
    yield from reduction("entry_flow/reduction_block_1", 64, 128)
    for block in range(2):
        for i in range(3):
            yield from separable(f"middle_flow/main_block_{block}/separable_conv{i}", 128, 128)
    yield from reduction("exit_flow/reduction_block", 128, 256)
    yield from separable("exit_flow/separable_conv", 256, 512)
    for name, made in (("fc/age", 1), ("fc/gender", 2)):
        yield f"{name}/weights", (512, made)
        yield f"{name}/bias", (made,)


@pytest.fixture(scope="session")
def age_sex_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """face-api's age and sex network with random weights, in the files and shapes of the real one."""
    folder = tmp_path_factory.mktemp("age-sex")
    rng, weights, data = np.random.default_rng(0), [], b""
    for name, shape in _age_sex_shapes():
        facts: dict = {"name": name, "shape": list(shape), "dtype": "float32"}
        if len(shape) == 1:
            data += rng.uniform(-0.1, 0.1, shape).astype("<f4").tobytes()
        else:
            inputs = 9 if "depthwise" in name else int(np.prod(shape[:-1]))
            reach = float((6.0 / inputs) ** 0.5)
            facts["quantization"] = {"dtype": "uint8", "scale": 2 * reach / 255, "min": -reach}
            data += rng.integers(0, 256, shape).astype(np.uint8).tobytes()
        weights.append(facts)
    (folder / "age_gender_model.bin").write_bytes(data)
    path = folder / "age_gender_model-weights_manifest.json"
    path.write_text(json.dumps([{"weights": weights, "paths": ["age_gender_model.bin"]}]))
    return path


@pytest.fixture(scope="session")
def toy_model() -> "Callable[..., ModelProto]":
    """Makes a model from x to y of nodes (operator, inputs, output), called like their output, and of weights."""
    onnx = pytest.importorskip("onnx")

    def make(
        nodes: list[tuple[str, list[str], str]], weights: dict[str, np.ndarray], shape: tuple[int, ...] = (1, 2)
    ) -> "ModelProto":
        info = onnx.helper.make_tensor_value_info
        graph = onnx.helper.make_graph(
            [onnx.helper.make_node(operator, inputs, [output], name=output) for operator, inputs, output in nodes],
            "toy",
            [info("x", onnx.TensorProto.FLOAT, shape)],
            [info("y", onnx.TensorProto.FLOAT, shape)],
            [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()],
        )
        return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10)

    return make


@pytest.fixture(scope="session")
def run_toy() -> Callable[..., list[float]]:
    """Checks a model of `toy_model` and runs it on the numbers of x."""
    onnx = pytest.importorskip("onnx")
    from f2p_deploy.runtimes.onnxruntime.onnx_runtime import open_session

    def run(model: "ModelProto", *x: float) -> list[float]:
        onnx.checker.check_model(model, full_check=True)
        (y,) = open_session(model.SerializeToString()).run(["y"], {"x": np.array([x], np.float32)})
        return y[0].tolist()

    return run


@pytest.fixture(scope="session")
def mesh_finder(landmarker: Path) -> "MediaPipeFinder":
    """MediaPipe's finder, opened once."""
    pytest.importorskip("mediapipe")
    from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker

    return open_landmarker(landmarker)
