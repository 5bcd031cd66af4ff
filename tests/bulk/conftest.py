"""Small sources of photos, and what finds their faces and makes their characters."""

import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from f2p_deploy.pipeline import ChosenFinder
    from f2p_deploy.runtimes import Runtime

#: Number of photos in each source; number 3 is no picture.
COUNT, BROKEN = 7, 3


def names() -> list[str]:
    """Keys of the photos."""
    return [f"p{i}" for i in range(COUNT)]


@pytest.fixture(scope="session")
def pictures(astronaut: np.ndarray) -> list[bytes]:
    """The astronaut in several brightnesses as JPEG files, and one file that is no picture."""
    files = []
    for i in range(COUNT):
        file = io.BytesIO()
        Image.fromarray((astronaut * (1 - 0.08 * i)).astype(np.uint8)).save(file, "JPEG", quality=88)
        files.append(b"no picture" if i == BROKEN else file.getvalue())
    return files


@pytest.fixture
def photo_folder(pictures: list[bytes], tmp_path: Path) -> Path:
    """A folder of the photos, `p0.jpg` and so on."""
    return write_photos(tmp_path / "photos", pictures)


@pytest.fixture(scope="session")
def kept_folder(pictures: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder for all tests, which leave it as it is."""
    return write_photos(tmp_path_factory.mktemp("kept") / "photos", pictures)


def write_photos(folder: Path, pictures: list[bytes]) -> Path:
    """Make a folder of photos, and return it."""
    folder.mkdir()
    for name, content in zip(names(), pictures, strict=True):
        (folder / f"{name}.jpg").write_bytes(content)
    return folder


@pytest.fixture
def write_tar() -> Callable[[Path, Mapping[str, bytes]], Path]:
    """Return the function that writes a tar file of members by name, and returns its path."""

    def write(path: Path, members: Mapping[str, bytes]) -> Path:
        with tarfile.open(path, "w") as archive:
            for name, content in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        return path

    return write


@pytest.fixture(scope="session")
def chosen_finder(tmp_path_factory: pytest.TempPathFactory) -> "ChosenFinder":
    """A finder that knows the astronaut's face, under all names that the sources give the photos."""
    from f2p_deploy.alignment.sample_faces import ASTRONAUT
    from f2p_deploy.pipeline import choose_finder_for

    points = {name: list(point) for name, point in ASTRONAUT.items()}
    keys = [*names(), *(f"{name}.jpg" for name in names()), *(f"a.parquet:{i}" for i in range(COUNT))]
    path = tmp_path_factory.mktemp("landmarks") / "landmarks.json"
    path.write_text(json.dumps(dict.fromkeys(keys, points)))
    return choose_finder_for(landmarks=path)


@pytest.fixture(scope="session")
def demo_runtime() -> "Runtime":
    """The demo bundle's artifact in ONNX Runtime, with one thread: no PyTorch."""
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_artifact import artifact_of
    from f2p_deploy.runtimes import load

    return load(artifact_of(load_bundle(None)), "onnxruntime", threads=1)
