"""The libraries that run engines: their calls, the one that built an artifact, and the check of its version."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from f2p_deploy.artifact.artifact import extra_files, read_artifact
from f2p_deploy.artifact.manifest import Manifest
from f2p_deploy.runtimes.tensorrt.tensorrt_libraries import LIBRARIES, Library, cache_of, keep, library_for
from f2p_deploy.system.errors import InputError, MissingDependency
from f2p_deploy.system.extras import install_line


@pytest.fixture
def manifest(forged: Callable[..., Path]) -> Callable[..., Manifest]:
    return lambda **changes: read_artifact(forged(**changes)).manifest


def test_the_manifest_says_which(manifest: Callable[..., Manifest]) -> None:
    assert library_for(manifest(hardware={"flavor": "rtx"})).module == "tensorrt_rtx"
    assert library_for(manifest(hardware={"flavor": "tensorrt"})).module == "tensorrt"
    assert library_for(manifest(hardware={"flavor": "tensorrt-lean"})).module == "tensorrt_lean"
    with pytest.raises(InputError, match="does not say which flavor of TensorRT built its engines, found ''"):
        library_for(manifest(hardware={}))


@pytest.mark.parametrize(
    ("built", "here", "fits"),
    [
        ("1.7.1", "1.7.1.0", True),
        ("10.9", "10.9.0", True),
        ("1.7.1", "1.6.0", False),
        ("odd", "odd", True),
        ("", "1", True),
    ],
)
def test_engines_are_of_one_version(
    manifest: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, built: str, here: str, fits: bool
) -> None:
    library = LIBRARIES["rtx"]
    monkeypatch.setattr(Library, "installed_version", lambda self: here)
    found = manifest(tools={"tensorrt-rtx": built} if built else {})
    if fits:
        library.require_version(found, Path("build"))
        monkeypatch.setattr(Library, "installed_version", lambda self: "")
        library.require_version(found, Path("build"))
        library.require_version(found, Path("build"), here)
        return
    with pytest.raises(MissingDependency, match=rf"built by TensorRT for RTX {built}, here is {here}.*{found.command}"):
        library.require_version(found, Path("build"))
    monkeypatch.setattr(Library, "installed_version", lambda self: "")
    with pytest.raises(MissingDependency, match=f"here is {here}"):
        library.require_version(found, Path("build"), here)


@pytest.mark.parametrize(
    ("built", "here", "fits"),
    [("11.4.0.106", "11.4.0.106", True), ("10.16.1", "11.4.0.106", True), ("11.5.0", "11.4.0.106", False)],
)
def test_the_lean_runtime_runs_engines_of_older_releases(
    manifest: Callable[..., Manifest], built: str, here: str, fits: bool
) -> None:
    library, found = LIBRARIES["tensorrt-lean"], manifest(tools={"tensorrt": built})
    if fits:
        library.require_version(found, Path("build"), here)
        return
    words = rf"built by TensorRT's lean runtime {built}, here is {here}.*tensorrt-lean>={built}"
    with pytest.raises(MissingDependency, match=words):
        library.require_version(found, Path("build"), here)


#: What the runtime calls in every library: class, method, and the types of its arguments and result.
CALLS = (
    ("Runtime", "deserialize_cuda_engine", r"serialized_engine: \S*Buffer\) -> \S*ICudaEngine"),
    ("ICudaEngine", "create_execution_context", r"-> \S*IExecutionContext"),
    ("IExecutionContext", "set_tensor_address", r"name: str, memory: \S*(int|SupportsInt)\) -> bool"),
    ("IExecutionContext", "execute_async_v3", r"stream_handle: \S*(int|SupportsInt)\) -> bool"),
)

#: What it calls in TensorRT for RTX as well.
RTX_CALLS = (
    ("ICudaEngine", "create_runtime_config", r"-> \S*IRuntimeConfig"),
    ("ICudaEngine", "create_execution_context", r"runtime_config: \S*IRuntimeConfig"),
    ("IRuntimeConfig", "create_runtime_cache", r"-> \S*IRuntimeCache"),
    ("IRuntimeConfig", "set_runtime_cache", r"\) -> bool"),
    ("IExecutionContext", "is_stream_capturable", r"stream: \S*(int|SupportsInt)\) -> bool"),
)


@pytest.mark.parametrize("flavor", ["tensorrt", "tensorrt-lean", "rtx"])
def test_a_library_has_every_call_with_these_types(flavor: str) -> None:
    trt: Any = pytest.importorskip(LIBRARIES[flavor].module)
    for owner, method, types in CALLS + (RTX_CALLS if flavor == "rtx" else ()):
        signatures = getattr(getattr(trt, owner), method).__doc__
        assert re.search(types, signatures), f"{owner}.{method}: {signatures}"
    assert trt.Logger(trt.Logger.ERROR) and hasattr(trt.ICudaEngine, "device_memory_size_v2") and trt.__version__
    if flavor == "tensorrt-lean":
        assert trt.BuilderFlag.VERSION_COMPATIBLE and trt.BuilderFlag.EXCLUDE_LEAN_RUNTIME


def test_what_is_not_installed_is_said_with_its_extra() -> None:
    library = Library("rtx", "TensorRT for RTX", "no_such_tensorrt", "no-such-tensorrt", "rtx")
    assert library.why_not_here() == f"no_such_tensorrt missing: {install_line('rtx')}"
    assert library.installed_version() == ""
    with pytest.raises(MissingDependency, match="TensorRT for RTX runs these engines: no_such_tensorrt missing: "):
        library.load()


class Cache:
    """A stand-in for the runtime cache of TensorRT for RTX, whose `serialize` returns a buffer."""

    def serialize(self) -> memoryview:
        return memoryview(b"kernels")


def test_a_cache_is_written_beside_its_engine_and_is_no_part_of_the_artifact(forged: Callable[..., Path]) -> None:
    folder = forged()
    engine = folder / "step.engine"
    keep(None, engine)
    assert not cache_of(engine).exists()
    keep(Cache(), engine)
    assert cache_of(engine).read_bytes() == b"kernels"
    assert extra_files(read_artifact(folder)) == ("step.engine.cache",)


def test_a_folder_that_cannot_be_written_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        keep(Cache(), tmp_path / "nothing" / "step.engine")
    assert "the compiled kernels of step.engine cannot be kept" in caplog.text
