"""An artifact to embed; F2PKit's Swift and f2pkit's Kotlin, run with stand-ins if there is a compiler."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from f2p_deploy.artifact.artifact import Artifact
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.runtimes.coreml.mil.program import Program

#: Returns the folder of an artifact by its name, which the function makes if no process has.
MadeOnce = Callable[[str, Callable[[Path], object]], Path]

STAND_INS = Path(__file__).parent / "apple"
C_CALLER = Path(__file__).parent / "c_caller"

#: Stand-ins for Android's and ONNX Runtime's classes, and the Kotlin compiler among its packages (`make kotlin`).
ANDROID = Path(__file__).parent / "android"

#: The frameworks with their imports, in the order of their dependencies.
FRAMEWORKS = {"CoreGraphics": [], "CoreVideo": [], "CoreML": ["CoreVideo"], "Vision": ["CoreGraphics", "CoreML"]}


#: The sources of the page, and onnxruntime-web among their packages (`make web` installs them).
WEB = Path(__file__).parents[2] / "web"


@pytest.fixture(scope="session")
def page_lock() -> dict[str, Any]:
    """The lock file of the page's packages."""
    if not (WEB / "package-lock.json").is_file():
        pytest.skip("web/ is in a clone only")
    return json.loads((WEB / "package-lock.json").read_text())


@pytest.fixture(scope="session")
def ort_folder() -> Path:
    """npm's folder of onnxruntime-web."""
    folder = WEB / "node_modules" / "onnxruntime-web"
    if not folder.is_dir():
        pytest.skip("onnxruntime-web is not installed: make web")
    return folder


@pytest.fixture(scope="session")
def coreml_artifact(coreml_folder: Path) -> "Artifact":
    """The artifact in `coreml_folder`."""
    from f2p_deploy.artifact.artifact import read_artifact

    return read_artifact(coreml_folder)


@pytest.fixture(scope="session")
def demo_artifact(swift_compiler: str, made_once: MadeOnce) -> "Artifact":
    """The demo bundle as Core ML packages, once for all processes of the suite."""
    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.export import export_bundle
    from f2p_deploy.model.bundle import load_bundle

    return read_artifact(made_once("demo_coreml", lambda folder: export_bundle(load_bundle(), "coreml", folder)))


@pytest.fixture(scope="session")
def shortcut_artifact(
    swift_compiler: str,
    fast_bundle: "Bundle",
    small_faces: "Faces",
    made_once: MadeOnce,
    tmp_path_factory: pytest.TempPathFactory,
) -> "Artifact":
    """A bundle with a shortcut as Core ML packages, once for all processes of the suite.

    Its shortcut is wider than that of `fast_bundle`: in half precision, the smallest layers stay float32.
    """
    import torch

    from f2p_deploy.artifact.artifact import read_artifact
    from f2p_deploy.export import export_bundle
    from f2p_deploy.model.bundle import create_bundle, store_network
    from f2p_deploy.model.networks.table import build_network
    from f2p_deploy.model.shortcut_owner import described_by

    folder = tmp_path_factory.mktemp("shortcut")
    sizes = replace(fast_bundle.settings.architecture, shortcut_width=0.3)
    search = replace(fast_bundle.settings.iterative, learning_rate=50.0)
    settings = replace(
        fast_bundle.settings, architecture=sizes, iterative=search, hybrid=search, choose_options=True
    )
    bundle = create_bundle(folder / "bundle", "fast", fast_bundle.schema, settings)
    for name in fast_bundle.networks:
        if name != "shortcut":
            bundle = store_network(bundle, name, getattr(fast_bundle, name), {"command": "tests"})
    torch.manual_seed(2)
    network = build_network("shortcut", bundle.schema, settings)
    for weights in network.parameters():
        if weights.dim() > 1:
            torch.nn.init.kaiming_normal_(weights)
    bundle = store_network(bundle, "shortcut", network, {"command": "tests", "described_by": described_by(bundle)})
    return read_artifact(
        made_once(
            "shortcut_coreml",
            lambda folder: export_bundle(bundle, "coreml", folder, faces=small_faces, trajectories=0),
        )
    )


@pytest.fixture(scope="session")
def swift_compiler() -> str:
    """The Swift compiler's command (OpenStack also has a `swift`)."""
    command = shutil.which("swift")
    if command is not None:
        with suppress(OSError, subprocess.TimeoutExpired):
            version = subprocess.run([command, "--version"], capture_output=True, text=True, timeout=60, check=False)
            if "Swift version" in version.stdout + version.stderr:
                return command
    pytest.skip("no Swift compiler: F2PKit is parsed, not run")


@dataclass(frozen=True)
class SwiftRun:
    """F2PKit, built with stand-ins for Apple's frameworks.

    Args:
        package: the package's folder.
        compiler: the Swift compiler's command.
        built: the folder for the build.
    """

    package: Path
    compiler: str
    built: Path

    def run(self, *words: str, env: dict[str, str], timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run `swift` with a subcommand and arguments."""
        first, *rest = words
        line = [self.compiler, first, "--package-path", str(self.package), "--scratch-path", str(self.built), *rest]
        return subprocess.run(line, env=env, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="session")
def swift_run(swift_compiler: str, demo_artifact: "Artifact", tmp_path_factory: pytest.TempPathFactory) -> SwiftRun:
    """The package of `demo_artifact`, ready to build."""
    return _ready_to_build(demo_artifact, swift_compiler, tmp_path_factory.mktemp("swift"))


@pytest.fixture(scope="session")
def shortcut_run(
    swift_compiler: str, shortcut_artifact: "Artifact", tmp_path_factory: pytest.TempPathFactory
) -> SwiftRun:
    """The package of `shortcut_artifact`, ready to build."""
    return _ready_to_build(shortcut_artifact, swift_compiler, tmp_path_factory.mktemp("swift-shortcut"))


@dataclass(frozen=True)
class KotlinRun:
    """f2pkit, compiled with stand-ins for the classes of Android and of ONNX Runtime.

    Args:
        module: the module's folder.
        classes: folder of the compiled classes.
        library: folder of the compiler's jars.
    """

    module: Path
    classes: Path
    library: Path

    def run(
        self, main: str, *words: object, module: Path | None = None, **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a class with a main function.

        Args:
            main: the class.
            words: its arguments.
            module: the module whose assets are used; its Kotlin is the same as that of every other.
            env: further environment variables.
        """
        module = module or self.module
        names = ("kotlin-stdlib", "kotlinx-coroutines-core-jvm", "kotlin-test")
        jars = [self.library / f"{name}.jar" for name in names]
        path = os.pathsep.join(map(str, (self.classes, module / "src" / "test" / "resources", *jars)))
        line = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", path, main, *map(str, words)]
        folders = {
            "F2P_PYTHON": sys.executable,
            "F2P_BRIDGE": str(ANDROID / "bridge.py"),
            "F2P_ASSETS": str(module / "src" / "main" / "assets"),
            "F2P_TEST_ASSETS": str(module / "src" / "androidTest" / "assets"),
        }
        return subprocess.run(
            line, env={**os.environ, **folders, **env}, capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(scope="session")
def kotlin_library() -> Path:
    """The folder of the Kotlin compiler's jars."""
    folder = ANDROID / "node_modules" / "kotlin-compiler" / "lib"
    if not folder.is_dir():
        pytest.skip("no Kotlin compiler: make kotlin")
    if shutil.which("java") is None:
        pytest.skip("no java for the Kotlin compiler")
    return folder


@pytest.fixture(scope="session")
def kotlin_run(kotlin_library: Path, tmp_path_factory: pytest.TempPathFactory) -> KotlinRun:
    """The module of the demo bundle, compiled once for all processes of the suite."""
    from filelock import FileLock

    from f2p_deploy.embed import default_onnx_artifact, embed_android

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "kotlin"
    module, classes, done = folder / "f2pkit", folder / "classes", folder / "done.txt"
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            embed_android(default_onnx_artifact(), module)
            sources = [*(module / "src" / name / "kotlin" for name in ("main", "test", "androidTest")), ANDROID]
            done.write_text(compile_kotlin(kotlin_library, classes, sources))
    assert done.read_text() == ""
    return KotlinRun(module, classes, kotlin_library)


def compile_kotlin(library: Path, classes: Path, sources: list[Path]) -> str:
    """Compile Kotlin and return what the compiler says: nothing, unless there are errors or warnings.

    Args:
        library: the folder of the compiler's jars.
        classes: the folder for the classes.
        sources: files and folders.
    """
    names = ("compiler", "stdlib", "script-runtime", "reflect", "daemon-client")
    jars = [library / f"kotlin-{name}.jar" for name in names]
    jars += [library / "kotlinx-coroutines-core-jvm.jar", library / "annotations-13.0.jar"]
    path = [library / "kotlinx-coroutines-core-jvm.jar", library / "kotlin-test.jar"]
    line = ["java", "-Xmx900m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", os.pathsep.join(map(str, jars))]
    line += ["org.jetbrains.kotlin.cli.jvm.K2JVMCompiler", "-kotlin-home", str(library.parent), "-no-reflect"]
    line += ["-Werror", "-jvm-target", "11", "-cp", os.pathsep.join(map(str, path))]
    line += ["-d", str(classes), *map(str, sources)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)
    return done.stdout + done.stderr


def _ready_to_build(artifact: "Artifact", compiler: str, folder: Path) -> SwiftRun:
    from f2p_deploy.embed import embed_ios

    package = embed_ios(artifact, folder / "F2PKit").folder
    with_stand_ins(package)
    return SwiftRun(package, compiler, folder / "built")


def with_stand_ins(package: Path) -> None:
    """Add stand-ins for Apple's frameworks, and a caller in C, to a Swift package; its sources are not changed."""
    shutil.copytree(STAND_INS, package / "Apple")
    shutil.copytree(C_CALLER, package / "CCaller")
    manifest = package / "Package.swift"
    text = manifest.read_text()
    for name, needs in FRAMEWORKS.items():
        listed = ", ".join(f'"{need}"' for need in needs)
        target = f'.target(name: "{name}", dependencies: [{listed}], path: "Apple/{name}"),\n        '
        text = text.replace('.target(name: "F2PCore"),', target + '.target(name: "F2PCore"),')
    names = ", ".join(f'"{name}"' for name in FRAMEWORKS)
    needed = f'dependencies: ["F2PCore", "F2PKitC", {names}]'
    text, count = re.subn(r'dependencies: \["F2PCore", "F2PKitC"\]', needed, text)
    assert count == 1
    caller = '.executableTarget(name: "c-caller", dependencies: ["F2PKit", "F2PKitC"], path: "CCaller"),'
    text = text.replace('.target(name: "F2PKitC"),', f'.target(name: "F2PKitC"),\n        {caller}')
    manifest.write_text(text)


@pytest.fixture
def host() -> Any:
    """The context manager `host(folder, faces)`, which answers the stand-ins inside its block; see `_host`."""
    return _host


@contextmanager
def _host(folder: Path, faces: Any = None) -> Iterator[dict[str, str]]:
    """Yield the environment for the stand-ins, and compute the results that they request.

    Args:
        folder: the folder for the pipes.
        faces: finds the outlines of faces in a photo; None if Vision is not used.
    """
    for name in ("requests", "answers"):
        os.mkfifo(folder / name)
    programs: dict[tuple[str, str | None], Program] = {}
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with (folder / "requests").open("rb") as stream:
                content = stream.read()
            if not content:
                continue
            head, _, body = content.partition(b"\n")
            try:
                answer, given = _answer(json.loads(head), body, programs, faces)
            except Exception as error:  # any error is reported to the other process
                answer, given = {"what": "error", "model": f"{type(error).__name__}: {error}", "values": []}, b""
            line = json.dumps({"length": len(given), "model": "", **answer}).encode() + b"\n"
            with (folder / "answers").open("wb") as stream:
                stream.write(line + given)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield {**os.environ, "F2P_HOST": str(folder), "HOME": str(folder)}
    finally:
        stop.set()
        with suppress(OSError):
            os.close(os.open(folder / "requests", os.O_WRONLY | os.O_NONBLOCK))
        thread.join(timeout=10)


def _answer(
    asked: dict[str, Any], body: bytes, programs: "dict[tuple[str, str | None], Program]", faces: Any
) -> tuple[dict[str, Any], bytes]:
    from f2p_deploy.runtimes.coreml.mil.program import Program

    if asked["what"] == "faces":
        shape = asked["values"][0]["shape"]
        photo = np.frombuffer(body, np.uint8).reshape(shape)[..., :3]
        return _regions(faces(np.ascontiguousarray(photo)))
    key = (asked["model"], asked.get("function"))
    if key not in programs:
        programs[key] = Program(Path(asked["model"]), function=key[1] or "main")
    program = programs[key]
    if asked["what"] == "load":
        inputs = program.function.inputs.items()
        return {"what": "loaded", "values": [_value(name, tuple(declared.shape)) for name, declared in inputs]}, b""
    given, start = {}, 0
    for value in asked["values"]:
        kind, size = (np.uint8, 1) if value["bytes"] == "bgra" else (np.float32, 4)
        count = int(np.prod(value["shape"]))
        array = np.frombuffer(body[start : start + size * count], kind).reshape(value["shape"]).copy()
        start += size * count
        # A pixel buffer declares its layout, which Core ML converts to that of the program.
        given[value["name"]] = array[..., 2::-1].transpose(0, 3, 1, 2).astype(np.float32) if size == 1 else array
    found = {name: np.asarray(value, np.float32) for name, value in program.compute(given).items()}
    answer = {"what": "computed", "values": [_value(name, value.shape) for name, value in found.items()]}
    return answer, b"".join(np.ascontiguousarray(value).tobytes() for value in found.values())


def _value(name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    return {"name": name, "shape": list(shape), "bytes": "f32"}


def _regions(faces: list[dict[str, np.ndarray]]) -> tuple[dict[str, Any], bytes]:
    """Return the outlines of faces; the last entry of each is a `box` of origin and size."""
    values, content = [], b""
    for face in faces:
        for name in ("leftEye", "rightEye", "noseCrest", "outerLips", "box"):
            values.append(_value(name, face[name].shape))
            content += np.ascontiguousarray(face[name], np.float32).tobytes()
    return {"what": "faces", "values": values}, content
