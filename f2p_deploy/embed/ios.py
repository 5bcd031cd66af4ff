"""Write an artifact of Core ML packages as a Swift package for a game: F2PKit."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from f2p_deploy import __version__
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed import sources
from f2p_deploy.embed.contract import contract_of, packages_of, require_embeddable
from f2p_deploy.embed.embedded_modes import WANTED, graphs_of_modes
from f2p_deploy.embed.golden_files import GOLDEN_INDEX, golden_files
from f2p_deploy.embed.package_files import copy_own, filled, json_bytes, put_file, sizes_of_files
from f2p_deploy.embed.reference_cases import reference_cases
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_folder

#: Path of the models inside the package, and the file that identifies a package of F2PKit.
MODELS = Path("Sources") / "F2PKit" / "Models"
CONTRACT = MODELS / "contract.json"

KIND = "package of F2PKit"

#: The release of macOS that belongs to each release of iOS.
MACOS = {"16": "13", "17": "14", "18": "15", "26": "26"}


@dataclass(frozen=True)
class SwiftPackage:
    """A Swift package that has been written.

    Args:
        folder: the package's folder.
        files: size in bytes of each file by its path inside the package, with `/`, in sorted order.
        ios: the oldest release of iOS that it runs on.
    """

    folder: Path
    files: dict[str, int]
    ios: str

    def folders(self) -> list[tuple[str, int, str]]:
        """Return the folders down to those of models and tests, with the number of their files and the size as text."""
        sizes_of: dict[str, list[int]] = {}
        for name, size in self.files.items():
            sizes_of.setdefault("/".join(name.split("/")[:-1][:4]), []).append(size)
        return [(name, len(sizes), f"{sum(sizes) / 1e6:.2f} MB") for name, sizes in sorted(sizes_of.items())]

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {"package": str(self.folder), "ios": self.ios, "models_bytes": self.models_size, "files": self.files}

    @property
    def models_size(self) -> int:
        """Bytes in the models' folder, by which the app grows."""
        return sum(size for name, size in self.files.items() if name.startswith(f"{MODELS.as_posix()}/"))


def default_artifact() -> Path:
    """Return the folder into which `f2p-deploy export --target coreml` writes the demo bundle's artifact.

    Raises:
        InputError: the folder does not exist yet.
    """
    folder = Path("build") / "demo" / "coreml"
    if not folder.exists():
        raise InputError(
            f"there is no {folder} yet: run f2p-deploy export --target coreml, or name another artifact with --from"
        )
    return folder


def embed_ios(artifact: Artifact, out: Path, *, modes: Sequence[str] = WANTED) -> SwiftPackage:
    """Write a Swift package with an artifact's models, atomically and reproducibly.

    Args:
        artifact: an artifact of the target `coreml`, `coreml-int8` or `coreml-int4`.
        out: the package's folder; a package of F2PKit that is already there is replaced.
        modes: what the game needs, some of `WANTED`; the packages of other modes are left out.

    Raises:
        InputError: an artifact that cannot be embedded, see `require_embeddable`, an unknown mode, or a folder that
            cannot be written to.
        FloorMissed: the artifact's parity failed.
    """
    graphs = graphs_of_modes(artifact, modes)
    require_embeddable(artifact, graphs)
    ios = _ios(artifact)
    cases = reference_cases(artifact)
    # From here on the artifact has the wanted graphs only.
    chosen = {name: artifact.manifest.graphs[name] for name in graphs}
    artifact = Artifact(artifact.folder, replace(artifact.manifest, graphs=chosen))
    contract = contract_of(artifact)
    index, golden = golden_files(artifact)
    texts = {
        "Package.swift": _manifest(ios),
        "README.md": _page(artifact, ios),
        "Sources/F2PCore/Generated/Interface.swift": sources.swift_interface(),
        "Sources/F2PKit/Generated/EntryPoints.swift": sources.swift_entry_points(),
        "Sources/F2PKitC/include/f2pkit.h": sources.c_header(),
        "Unity/F2PKit.cs": sources.c_sharp(),
    }
    contents = {
        CONTRACT.as_posix(): json_bytes(contract),
        f"Tests/F2PKitTests/Golden/{GOLDEN_INDEX}": json_bytes(index),
        "Tests/F2PCoreTests/Reference/reference.json": json_bytes(cases),
        "Tests/F2PCoreTests/Reference/contract.json": json_bytes(contract),
    }
    with write_folder(Path(out), CONTRACT.as_posix(), KIND) as folder:
        copy_own("F2PKit", folder)
        for name, text in texts.items():
            put_file(folder / name, text.encode())
        for name, content in contents.items():
            put_file(folder / name, content)
        for name, content in golden.items():
            put_file(folder / "Tests" / "F2PKitTests" / "Golden" / name, content)
        for package in packages_of(artifact):
            shutil.copytree(artifact.folder / package, folder / MODELS / package, copy_function=shutil.copyfile)
    return SwiftPackage(Path(out), sizes_of_files(Path(out)), ios)


def _ios(artifact: Artifact) -> str:
    """Return the oldest iOS that an artifact supports."""
    built_for = artifact.manifest.hardware.get("built_for", "")
    ios = built_for.removeprefix("iOS ").removesuffix(" and later")
    if ios not in MACOS:
        raise InputError(
            f"{artifact.folder} was built for {built_for or 'an unknown system'!r}, not for iOS "
            f"{', '.join(MACOS)}: export it again with --ios"
        )
    return ios


def _manifest(ios: str) -> str:
    return filled("Package.swift.in", ios=ios, macos=MACOS[ios])


def _page(artifact: Artifact, ios: str) -> str:
    """Return the package's README, on how to embed it in a game."""
    manifest = artifact.manifest
    sizes = [
        (package, sum(record.size for path, record in manifest.files.items() if path.startswith(f"{package}/")))
        for package in packages_of(artifact)
    ]
    discrete = manifest.schema.get("discrete", [])
    contract = contract_of(artifact)
    return filled(
        "README.md.in",
        version=__version__,
        bundle=manifest.bundle,
        target=manifest.target,
        ios=ios,
        macos=MACOS[ios],
        size=str(manifest.image_size),
        models="\n".join(f"| `{package}` | {size / 1e6:.1f} MB |" for package, size in sizes),
        total=f"{sum(size for _, size in sizes) / 1e6:.1f}",
        interface=sources.interface_table(),
        controllers=str(len(manifest.schema.get("controllers", []))),
        groups=str(len(discrete)),
        controller=str(manifest.schema["controllers"][0]["name"]),
        iterations=str(len(contract["hybrid"]["learningRates"])),
        fast=_fast_words(contract),
        verified=manifest.verified_with,
    )


def _fast_words(contract: dict[str, Any]) -> str:
    """Return a sentence on whether searches go through a shortcut, and how a call chooses."""
    if "step_fast" not in contract["graphs"]:
        return "These models have no shortcut: a call with `fast: true` is refused."
    judged = "Then start and result are drawn at the end, and the first and the last loss are those of the pictures."
    if contract["fast"]:
        return f"A search goes through the bundle's shortcut, unless a call says `fast: false`. {judged}"
    return f"A search draws every step; with `fast: true` it goes through the bundle's shortcut. {judged}"
