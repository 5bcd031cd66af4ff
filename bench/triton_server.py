"""Run a model repository in Triton's server on this machine, and compare its characters with ONNX Runtime's.

    pip install --no-deps --target /tmp/pytriton nvidia-pytriton==0.7.0
    f2p-deploy export --target triton -o /tmp/models
    python bench/triton_server.py /tmp/models portraits --pytriton /tmp/pytriton

The wheel holds the server and its Python backend. It holds no backend `onnxruntime`: `triton/onnxruntime_backend.py`
takes its place, so the backend itself is not tested. Run it in an environment with f2p-deploy, tritonclient, grpcio and
numpy<2: under NumPy 2 this server's Python backend ends without a message. Needs Python's shared library of the same
version too (Debian 12: `apt install libpython3.11`).
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.utils import InferenceServerException

import f2p_deploy
from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.embed.triton.triton_repository import MARKER
from f2p_deploy.pipeline.made_character import align_content
from f2p_deploy.runtimes import search
from f2p_deploy.system.errors import PhotoError

HERE = Path(__file__).resolve().parent


def backends(pytriton: Path, folder: Path) -> Path:
    """Write the folder of backends: Python, with the stub of this interpreter's version, and the stand-in."""
    server = pytriton / "pytriton" / "tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copytree(server / "backends" / "python", folder / "python")
    stub = shutil.copy(server / "python_backend_stubs" / version / "triton_python_backend_stub", folder / "python")
    os.chmod(stub, 0o755)
    (folder / "onnxruntime").mkdir()
    shutil.copy(HERE / "triton" / "onnxruntime_backend.py", folder / "onnxruntime" / "model.py")
    return folder


def start(pytriton: Path, repository: Path, work: Path, port: int) -> subprocess.Popen:
    """Start the server; its log goes to `work`."""
    program = pytriton / "pytriton" / "tritonserver" / "bin" / "tritonserver"
    os.chmod(program, 0o755)
    environment = {
        **os.environ,
        "LD_LIBRARY_PATH": str(pytriton / "nvidia_pytriton.libs"),
        # The stub ignores PYTHONPATH; it takes the packages of the environment whose Python it finds first.
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "OMP_NUM_THREADS": "1",
    }
    line = [program, f"--model-repository={repository}", f"--backend-directory={backends(pytriton, work / 'backends')}"]
    ports = [f"--grpc-port={port}", f"--http-port={port + 1}", "--allow-metrics=false"]
    with (work / "log").open("wb") as log:
        return subprocess.Popen([*map(str, line), *ports], env=environment, stdout=log, stderr=subprocess.STDOUT)


def wait(client: InferenceServerClient, process: subprocess.Popen, log: Path, seconds: float) -> None:
    """Wait until the server is ready."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            if client.is_server_ready():
                return
        except InferenceServerException:
            pass
        time.sleep(0.5)
    raise SystemExit("the server did not become ready; its log ends:\n" + log.read_text()[-16000:])


def ask(client: InferenceServerClient, model: str, *contents: bytes):
    """Return the answer of a model to photos."""
    photo = InferInput("photo", [len(contents), 1], "BYTES")
    photo.set_data_from_numpy(np.array([[content] for content in contents], np.object_))
    return client.infer(model, [photo])


def compare(client: InferenceServerClient, runtime, photos: list[Path]) -> tuple[dict, list[bytes]]:
    """Return the largest differences of both models from ONNX Runtime and what was refused, and the usable photos."""
    finder, worst, refused, usable = NetworkFinder(), {"character": 0.0, "character_hybrid": 0.0}, [], []
    for photo in photos:
        content = photo.read_bytes()
        try:
            face = align_content(content, photo.name, finder, runtime.settings)
        except PhotoError as error:
            try:
                ask(client, "character", content)
                raise SystemExit(f"{photo.name}: Triton made a character, f2p-deploy did not: {error}")
            except InferenceServerException as answer:
                refused.append(f"{photo.name}: {answer.message()}")
            continue
        usable.append(content)
        for model, mode in (("character", "one-shot"), ("character_hybrid", "hybrid")):
            expected = search.generate(runtime, face.image, mode, shape=face.landmarks.shape).parameters
            found = ask(client, model, content).as_numpy("parameters")[0]
            worst[model] = max(worst[model], float(np.abs(found - expected.values).max()))
    return {"photos": len(usable), "refused": refused, "largest_difference": worst}, usable


def gathered(client: InferenceServerClient, model: str) -> dict[int, int]:
    """Return how many batches of each size a model has run."""
    stats = client.get_inference_statistics(model).model_stats[0]
    return {batch.batch_size: batch.compute_infer.count for batch in stats.batch_stats}


def main() -> None:
    """Parse the command line, run the server, and print the result as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("photos", type=Path, help="a folder of photos, or one")
    parser.add_argument("--pytriton", type=Path, required=True, help="the unpacked wheel")
    parser.add_argument("--artifact", default=None, help="what the repository was made from; the demo bundle's own")
    parser.add_argument("--count", type=int, default=5, help="number of photos")
    parser.add_argument("--port", type=int, default=18001)
    asked = parser.parse_args()
    if not (asked.repository / MARKER).is_file():
        raise SystemExit(f"{asked.repository} was not written by f2p-deploy export --target triton")
    photos = sorted(asked.photos.iterdir())[: asked.count] if asked.photos.is_dir() else [asked.photos]
    source = asked.artifact or f2p_deploy.model.bundle.demo_bundle_path()
    runtime = f2p_deploy.load(source, "onnxruntime", threads=1)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        process = start(asked.pytriton, asked.repository, work, asked.port)
        try:
            client = InferenceServerClient(f"localhost:{asked.port}")
            wait(client, process, work / "log", 300)
            compared, usable = compare(client, runtime, photos)
            before = gathered(client, "step")
            with ThreadPoolExecutor(2) as pool:
                list(pool.map(lambda content: ask(client, "character_hybrid", content), usable[:2]))
            after = gathered(client, "step")
            server = client.get_server_metadata()
            result = {
                "server": f"{server.name} {server.version}",
                "python": platform.python_version(),
                "numpy": np.__version__,
                **compared,
                "step_batches_of_two_searches": {size: n - before.get(size, 0) for size, n in after.items()},
            }
            print(json.dumps(result, indent=1))
        finally:
            process.terminate()
            process.wait(60)


if __name__ == "__main__":
    main()
