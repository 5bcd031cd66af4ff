"""Write an artifact of ONNX graphs as a Gradle library module for Android games: f2pkit."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from f2p_deploy import __version__
from f2p_deploy.alignment import NetworkFinder
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.artifact.manifest import FileRecord
from f2p_deploy.embed import kotlin_sources
from f2p_deploy.embed.android_contract import android_contract
from f2p_deploy.embed.embedded_modes import WANTED, graphs_of_modes, modes_of_graphs
from f2p_deploy.embed.golden_files import GOLDEN_INDEX, golden_files
from f2p_deploy.embed.kotlin_cases import kotlin_cases
from f2p_deploy.embed.lean_weights import lean_weights
from f2p_deploy.embed.package_files import copy_own, filled, json_bytes, put_file, sizes_of_files
from f2p_deploy.embed.web_contract import FINDER, require_onnx, weights_of
from f2p_deploy.system.files import sha256_of, write_folder

#: Path of the assets inside the module, and the file that identifies a module of f2pkit.
ASSETS = Path("src") / "main" / "assets" / "f2pkit"
CONTRACT = (ASSETS / "contract.json").as_posix()

KIND = "module of f2pkit"

#: The version of ONNX Runtime's AAR whose classes f2pkit was compiled with.
ONNXRUNTIME_ANDROID = "1.29.0"

#: The graphs that are checked before their first use, without pictures, which would make the app larger; and the number
#: of samples.
CHECKED_AT_START = ("one_shot", "step", "step_fast", "compare_fast")
SAMPLES_AT_START = 1

_KOTLIN = Path("src") / "main" / "kotlin" / "f2p" / "kit"
_REFERENCE = Path("src") / "test" / "resources" / "reference"
_GOLDEN = Path("src") / "androidTest" / "assets" / "golden"


@dataclass(frozen=True)
class AndroidModule:
    """A Gradle library module that has been written.

    Args:
        folder: the module's folder.
        files: size in bytes of each file by its path inside the module, with `/`, in sorted order.
        modes: the words of `--modes` that it can do.
    """

    folder: Path
    files: dict[str, int]
    modes: tuple[str, ...]

    def folders(self) -> list[tuple[str, int, str]]:
        """Return the folders down to the source sets, with the number of their files and the size as text."""
        sizes: dict[str, list[int]] = {}
        for name, size in self.files.items():
            sizes.setdefault("/".join(name.split("/")[:-1][:3]), []).append(size)
        return [(name, len(own), f"{sum(own) / 1e6:.2f} MB") for name, own in sorted(sizes.items())]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        facts = {"module": str(self.folder), "modes": list(self.modes), "assets_bytes": self.assets_size}
        return facts | {"files": self.files}

    @property
    def assets_size(self) -> int:
        """Bytes of the module's assets, by which the app grows, before the store compresses them."""
        return sum(size for name, size in self.files.items() if name.startswith(f"{ASSETS.as_posix()}/"))


def embed_android(
    artifact: Artifact, out: Path, *, modes: Sequence[str] = WANTED, finder: bool = True
) -> AndroidModule:
    """Write a Gradle library module with an artifact's graphs, atomically and reproducibly.

    Args:
        artifact: an artifact of ONNX graphs.
        out: the module's folder; a module of f2pkit that is already there is replaced.
        modes: what the game needs, some of `WANTED`; the graphs and weights of others are left out.
        finder: include the two networks of the built-in face finder.

    Raises:
        InputError: an artifact that cannot be embedded, see `require_onnx`, an unknown mode, or a folder that cannot be
            written to.
        FloorMissed: the artifact's parity failed.
        MissingDependency: the face finder is damaged, or leaving weights out needs the package `onnx`.
    """
    graphs = graphs_of_modes(artifact, modes)
    require_onnx(artifact, "android", "a game", graphs)
    if finder:
        NetworkFinder().prepare()
    lean = lean_weights(artifact, graphs)
    index, golden = golden_files(artifact, only=graphs)
    with write_folder(Path(out), CONTRACT, KIND) as folder:
        copy_own("android_module", folder)
        contract = _write_assets(artifact, folder / ASSETS, graphs, lean, finder)
        for name, content in golden.items():
            put_file(folder / _GOLDEN / name, content)
        put_file(folder / _GOLDEN / GOLDEN_INDEX, json_bytes(index))
        put_file(folder / _REFERENCE / "contract.json", json_bytes(contract))
        put_file(folder / _REFERENCE / "reference.json", json_bytes(kotlin_cases(artifact)))
        put_file(folder / _KOTLIN / "CharacterMaker.kt", kotlin_sources.kotlin_interface().encode())
        put_file(folder / _KOTLIN / "BlockingGenerator.kt", kotlin_sources.kotlin_blocking_generator().encode())
        put_file(folder / "build.gradle.kts", filled("android.gradle.in", onnxruntime=ONNXRUNTIME_ANDROID).encode())
        put_file(folder / "README.md", _page(artifact, folder, contract, modes_of_graphs(graphs), finder).encode())
    return AndroidModule(Path(out), sizes_of_files(Path(out)), modes_of_graphs(graphs))


def _write_assets(
    artifact: Artifact, folder: Path, graphs: Sequence[str], lean: Mapping[str, bytes], finder: bool
) -> dict[str, Any]:
    """Write graphs, weights, golden vectors for the check at the start, and the contract; return the contract."""
    entries = [artifact.manifest.graphs[name] for name in graphs]
    names = {name for entry in entries for name in (entry.file, *weights_of(artifact, entry))}
    folder.mkdir(parents=True)
    for name in sorted(names - set(lean)):
        shutil.copyfile(artifact.folder / name, folder / name)
    for name, content in lean.items():
        put_file(folder / name, content)
    if finder:
        for name in FINDER.values():
            network = files("f2p_deploy.alignment") / "face_finder" / Path(name).name
            put_file(folder / name, network.read_bytes())
    records = {name: FileRecord(size, sha256_of(folder / name)) for name, size in sizes_of_files(folder).items()}
    index, golden = golden_files(artifact, SAMPLES_AT_START, [name for name in graphs if name in CHECKED_AT_START])
    for name, content in golden.items():
        put_file(folder / "golden" / name, content)
    put_file(folder / "golden" / GOLDEN_INDEX, json_bytes(index))
    contract = android_contract(artifact, graphs, records)
    put_file(folder / "contract.json", json_bytes(contract))
    return contract


def _page(
    artifact: Artifact, folder: Path, contract: dict[str, Any], modes: Sequence[str], finder: bool
) -> str:
    """Return the module's README, on how to add it to a game."""
    manifest = artifact.manifest
    sizes = {name: record["size"] for name, record in contract["files"].items()}
    return filled(
        "ANDROID.md.in",
        version=__version__,
        bundle=manifest.bundle,
        target=manifest.target,
        modes=", ".join(modes),
        size=str(manifest.image_size),
        files="\n".join(f"| `{name}` | {size / 1e6:.2f} MB |" for name, size in sizes.items()),
        total=f"{sum(sizes_of_files(folder / ASSETS).values()) / 1e6:.1f}",
        interface=kotlin_sources.kotlin_table(),
        controllers=str(len(manifest.schema.get("controllers", []))),
        groups=str(len(manifest.schema.get("discrete", []))),
        controller=str(manifest.schema["controllers"][0]["name"]),
        iterations=str(len(contract["hybrid"]["learningRates"])),
        finder="its own two networks" if finder else "nothing: it was made with `--no-finder`, so give it one",
        onnxruntime=ONNXRUNTIME_ANDROID,
        verified=manifest.verified_with,
    )
