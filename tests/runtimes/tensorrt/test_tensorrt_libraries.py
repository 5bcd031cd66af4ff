"""The two libraries that run engines: the one that built an artifact, and the check of its version."""

from collections.abc import Callable
from pathlib import Path

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
