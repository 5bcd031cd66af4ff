"""TensorRT's engines, run: the golden vectors, arrays that stay on the card, threads, and whole searches in one launch.

Both libraries, each where it is installed: TensorRT builds on this card; TensorRT for RTX needs one that it supports.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.alignment.sample_faces import Faces  # noqa: E402
from f2p_deploy.artifact.artifact import Artifact, read_artifact, write_artifact  # noqa: E402
from f2p_deploy.export import BuildOptions, export_bundle  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.runtimes import load  # noqa: E402
from f2p_deploy.runtimes.search import iterate  # noqa: E402
from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import LIBRARIES, cache_of  # noqa: E402
from f2p_deploy.runtimes.tensorrt.tensorrt_runtime import TensorRt  # noqa: E402
from f2p_deploy.runtimes.verification import verify  # noqa: E402
from f2p_deploy.system.cuda_devices import cuda_devices  # noqa: E402
from f2p_deploy.system.errors import F2PError, InputError, MissingDependency  # noqa: E402


@pytest.fixture(scope="module", params=["tensorrt", "rtx", "tensorrt-lean"])
def artifact(
    request: pytest.FixtureRequest,
    small_bundle: Bundle,
    small_faces: Faces,
    tmp_path_factory: pytest.TempPathFactory,
) -> Artifact:
    """The small bundle as float32 engines that this card runs."""
    library = LIBRARIES[request.param]
    if library.why_not_here():
        pytest.skip(library.why_not_here())
    card = cuda_devices()[0]
    folder = tmp_path_factory.mktemp(request.param) / "engines"
    capabilities = (card.compute_capability,) if request.param == "rtx" else ()
    try:
        export_bundle(
            small_bundle,
            "trt-fp32",
            folder,
            faces=small_faces,
            trajectories=0,
            options=BuildOptions(request.param, capabilities),
        )
        made = read_artifact(folder)
        load(made, "tensorrt").prepare(("render",))
    except F2PError as error:
        pytest.skip(f"{library.title} and {card.name}: {error}")
    return made


@pytest.fixture
def runtime(artifact: Artifact) -> TensorRt:
    found = load(artifact, "tensorrt")
    assert isinstance(found, TensorRt)
    return found


def faces_of(artifact: Artifact) -> np.ndarray:
    return artifact.golden()["one_shot.face"][:1]


def test_the_golden_vectors(artifact: Artifact) -> None:
    found = verify(artifact.folder, "tensorrt")
    assert found.measured.verified == "runtime" and found.why_not_run == ""
    found.measured.require_parity()


def test_arrays_stay_on_the_card(runtime: TensorRt) -> None:
    face = faces_of(runtime.artifact)
    expected = runtime.one_shot(face)
    on_card = torch.from_numpy(face).cuda()
    found = runtime.on_device("one_shot", {"face": on_card})["parameters"]
    np.testing.assert_allclose(torch.from_dlpack(found).cpu().numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(torch.as_tensor(found, device="cuda").cpu().numpy(), expected, atol=1e-6)
    # Into the next graph without a copy; and outputs are nobody's but the caller's.
    image = runtime.on_device("render", {"parameters": found})["image"]
    again = runtime.on_device("one_shot", {"face": torch.flip(on_card, (-1,)).contiguous()})["parameters"]
    assert again.pointer != found.pointer and image.shape[1] == 3
    np.testing.assert_allclose(torch.from_dlpack(found).cpu().numpy(), expected, atol=1e-6)
    static = runtime.on_device("one_shot", {"face": on_card}, alias=True)["parameters"]
    assert static.pointer == runtime.on_device("one_shot", {"face": on_card}, alias=True)["parameters"].pointer


def test_pycudas_context_and_arrays_are_taken(runtime: TensorRt) -> None:
    gpuarray = pytest.importorskip("pycuda.gpuarray")
    driver = pytest.importorskip("pycuda.driver")
    pytest.importorskip("pycuda.autoprimaryctx")
    before = driver.Context.get_current()
    face = faces_of(runtime.artifact)
    found = runtime.on_device("one_shot", {"face": gpuarray.to_gpu(face)})["parameters"]
    assert driver.Context.get_current() == before
    copied = np.empty(found.shape, np.float32)
    driver.memcpy_dtoh(copied, found.pointer)
    np.testing.assert_allclose(copied, runtime.one_shot(face), atol=1e-6)


def test_a_context_of_pycudas_own_is_used_in_every_thread(artifact: Artifact) -> None:
    driver = pytest.importorskip("pycuda.driver")
    gpuarray = pytest.importorskip("pycuda.gpuarray")
    face = faces_of(artifact)
    expected = load(artifact, "tensorrt").one_shot(face)
    driver.init()
    context = driver.Device(0).make_context()
    try:
        runtime = load(artifact, "tensorrt")
        array = gpuarray.to_gpu(face)
        np.testing.assert_allclose(runtime.one_shot(array), expected, atol=1e-6)
        elsewhere: list[np.ndarray] = []
        thread = threading.Thread(target=lambda: elsewhere.append(runtime.one_shot(array)))
        thread.start()
        thread.join()
        np.testing.assert_allclose(elsewhere[0], expected, atol=1e-6)
        assert driver.Context.get_current() == context
        with pytest.raises(InputError, match="'face' lies in another CUDA context"):
            runtime.one_shot(torch.from_numpy(face).cuda())
    finally:
        context.pop()


def test_arrays_on_the_card_are_taken_by_every_call(runtime: TensorRt) -> None:
    face = faces_of(runtime.artifact)
    expected = runtime.one_shot(face)
    larger = torch.zeros(face.size + 1, device="cuda")
    larger[1:] = torch.from_numpy(face).cuda().flatten()
    askew = larger[1:].view(face.shape)  # begins four bytes behind where TensorRT can read
    np.testing.assert_allclose(runtime.one_shot(askew), expected, atol=1e-6)
    identity, _ = runtime.describe(torch.from_numpy(face).cuda())
    np.testing.assert_allclose(identity, runtime.describe(face)[0], atol=1e-6)
    with pytest.raises(InputError, match="one_shot takes the tensors face; found face, mask"):
        runtime.on_device("one_shot", {"face": face, "mask": face})
    with pytest.raises(InputError, match="'face' must be float32"):
        runtime.one_shot(torch.from_numpy(face).cuda().half())


def test_an_output_can_be_copied(runtime: TensorRt) -> None:
    found = runtime.on_device("one_shot", {"face": faces_of(runtime.artifact)}, alias=True)["parameters"]
    copied = torch.from_dlpack(found.__dlpack__(copy=True))
    assert copied.data_ptr() != found.pointer
    assert torch.equal(copied, torch.from_dlpack(found))


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda faces: faces[:, :, 1:], "must have the shape"),
        (lambda faces: faces.astype(np.float64), "must be float32"),
        (lambda faces: faces * np.float32(255), r"must lie in \[0, 1\]"),
        (lambda faces: faces * np.float32("nan"), "holds NaN"),
    ],
    ids=["size", "dtype", "range", "NaN"],
)
def test_a_search_refuses_wrong_photos(
    runtime: TensorRt, broken: Callable[[np.ndarray], np.ndarray], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        iterate(runtime, broken(faces_of(runtime.artifact)), replace(runtime.settings.iterative, iterations=2))


def test_two_threads_at_once(runtime: TensorRt) -> None:
    golden = runtime.artifact.golden()
    expected = [runtime.one_shot(golden["one_shot.face"][i : i + 1]) for i in range(2)]
    wrong: list[float] = []

    def work(i: int) -> None:
        for _ in range(50):
            found = runtime.one_shot(golden["one_shot.face"][i : i + 1])
            if not np.array_equal(found, expected[i]):
                wrong.append(float(np.abs(found - expected[i]).max()))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("momentum", [0.0, 0.6])
def test_a_search_in_one_launch_is_the_plain_loop(
    runtime: TensorRt, monkeypatch: pytest.MonkeyPatch, momentum: float
) -> None:
    settings = replace(runtime.settings.iterative, iterations=6, momentum=momentum, discrete_rate=0.5, beta=50.0)
    faces = runtime.artifact.golden()["one_shot.face"]
    locked = np.zeros(runtime.schema.n, bool)
    locked[[1, -1]] = True
    found = iterate(runtime, faces, settings, locked=locked, strict=True)
    loops = runtime._local.loops
    assert [loop.captured for loop in loops.values()] == [True]
    again = iterate(runtime, faces, settings, locked=locked, strict=True)
    assert runtime._local.loops is loops and np.array_equal(found.losses, again.losses)
    monkeypatch.setattr(TensorRt, "capture", lambda self, plan, strict=False: None)
    plain = iterate(runtime, faces, settings, locked=locked)
    np.testing.assert_allclose(found.losses, plain.losses, rtol=1e-4)
    np.testing.assert_allclose(found.parameters, plain.parameters, atol=2e-3)


def test_other_settings_are_captured_again(runtime: TensorRt) -> None:
    faces = faces_of(runtime.artifact)
    short = iterate(runtime, faces, replace(runtime.settings.iterative, iterations=2), strict=True)
    longer = iterate(runtime, faces, replace(runtime.settings.iterative, iterations=3), strict=True)
    assert (len(short.losses), len(longer.losses)) == (3, 4)
    np.testing.assert_allclose(short.losses[:2], longer.losses[:2], rtol=1e-5)


def test_an_engine_for_another_card_is_refused(artifact: Artifact, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    with write_artifact(folder) as draft:
        for name in artifact.manifest.files:
            (draft.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (draft.folder / name).write_bytes((artifact.folder / name).read_bytes())
        hardware = {**artifact.manifest.hardware, "compute_capability": "3.5"}
        draft.manifest = replace(artifact.manifest, hardware=hardware)
    with pytest.raises(MissingDependency, match="Make it again for this machine|Build them again for it"):
        load(folder, "tensorrt")


def test_what_rtx_compiled_is_kept_beside_the_engine(artifact: Artifact, runtime: TensorRt) -> None:
    runtime.one_shot(faces_of(artifact))
    place = cache_of(artifact.path("one_shot"))
    assert place.is_file() == (runtime.library.flavor == "rtx")
    assert os.path.getsize(place) > 0 if place.is_file() else True
    read_artifact(artifact.folder)
