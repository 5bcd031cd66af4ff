"""The bundle: trained networks, schema, priors and settings of one kind of character, in one folder.

`bundle.json` states everything but the weights; each network is one `.safetensors` file beside it.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from f2p_deploy.character.priors import Priors, load_priors, priors_to_bytes
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.import_mark import import_mark
from f2p_deploy.model.networks.table import NETWORKS
from f2p_deploy.model.reading import unread_parts
from f2p_deploy.model.settings import BundleSettings, from_data, to_data
from f2p_deploy.model.training_line import no_part_yet, only_a_start
from f2p_deploy.system.causes import place_of, reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import sha256_of, write_whole
from f2p_deploy.system.interruption import postponed

if TYPE_CHECKING:
    from torch import nn

    from f2p_deploy.model.networks.crop import Crop
    from f2p_deploy.model.networks.reader import Reader
    from f2p_deploy.model.networks.segmentation import Segmentation
    from f2p_deploy.model.networks.shortcut import Shortcut
    from f2p_deploy.model.networks.surrogate import Surrogate
    from f2p_deploy.model.similarity import Similarity

FORMAT = "f2p-bundle"
VERSION = 1
HEADER = "bundle.json"
PRIORS_FILE = "priors.safetensors"


@dataclass(frozen=True)
class StoredFile:
    """An entry of `bundle.json` for one file of the bundle: its SHA-256 and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Bundle:
    """An opened bundle. Networks are read on first access, in float32 and evaluation mode.

    Args:
        path: the folder.
        name: shown by artifacts and pages.
        schema: the character's schema.
        settings: architecture, losses and generation.
        provenance: for each part the command, seed, data, time and metrics of its training.
        stored: the files of weights and priors, by file name.
    """

    path: Path
    name: str
    schema: Schema
    settings: BundleSettings
    provenance: Mapping[str, Any] = field(default_factory=dict)
    stored: Mapping[str, StoredFile] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of everything that an export depends on: schema, settings and weights, not name or provenance."""
        settings = to_data(self.settings)
        # What came later counts where it is used: artifacts of earlier versions stay valid.
        if self.settings.similarity.weighting == "face":
            del settings["similarity"]["weighting"]
        for depth in ("recognition_depth", "segmentation_depth"):
            if settings["architecture"][depth] == 1.0:
                del settings["architecture"][depth]
        content = {
            "schema": self.schema.fingerprint,
            "settings": settings,
            "files": {name: entry.sha256 for name, entry in sorted(self.stored.items())},
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """The bundle for a page: the folder as it was named, since copies keep their name; the demo bundle's name."""
        return label_of(self.path, self.name)

    @property
    def networks(self) -> tuple[str, ...]:
        """The names of the stored networks, without `starts`."""
        return tuple(name for name in NETWORKS if weights_file(name) in self.stored and not self._is_start(name))

    @property
    def starts(self) -> tuple[str, ...]:
        """The names of the stored networks that training starts from and that cannot be used before it.

        They were imported without all of their tensors, see `f2p_deploy.model.network_import`.
        """
        return tuple(name for name in NETWORKS if weights_file(name) in self.stored and self._is_start(name))

    def _is_start(self, name: str) -> bool:
        return bool(import_mark(self.provenance, name).get("start"))

    @cached_property
    def imitator(self) -> "nn.Module":
        """The imitator G: (N, n) to (N, 3, S, S)."""
        return self._load("imitator")

    @cached_property
    def recognition(self) -> "nn.Module":
        """The recognition network F_recg: (N, 1 or 3, r, r) to (N, d), see `f2p_deploy.model.recognisers`."""
        return self._load("recognition")

    @cached_property
    def segmentation(self) -> "Segmentation":
        """The segmentation network F_seg: (N, 3, s, s) to (N, 11, s/8, s/8)."""
        return cast("Segmentation", self._load("segmentation"))

    @cached_property
    def translator(self) -> "nn.Module":
        """The translator T, which follows F_recg: (N, d) to (N, n)."""
        return self._load("translator")

    @cached_property
    def surrogate(self) -> "Surrogate":
        """The surrogate E: (N, n) to (N, d)."""
        return cast("Surrogate", self._load("surrogate"))

    @cached_property
    def shortcut(self) -> "Shortcut":
        """The shortcut H: (N, n) to (N, d) embeddings and (N, M, H, W) maps; see `require_own_shortcut`."""
        return cast("Shortcut", self._load("shortcut"))

    @cached_property
    def reader(self) -> "Reader | None":
        """The reader, which predicts options and sliders from photos; None if the bundle has none."""
        return cast("Reader", self._load("reader")) if "reader" in self.networks else None

    @cached_property
    def unread(self) -> tuple[str, ...]:
        """The parts that no network predicts from photos, see `f2p_deploy.model.reading.unread_parts`."""
        return unread_parts(self.schema, self.settings, self.reader)

    @cached_property
    def similarity(self) -> "Similarity":
        """The descriptor F, composed of F_recg and F_seg."""
        import torch

        from f2p_deploy.model.similarity import Similarity

        sizes = self.settings.architecture
        with torch.inference_mode(False):  # see `_load`
            similarity = Similarity(
                self.recognition,
                self.segmentation,
                self.settings.similarity,
                sizes.recogniser,
                sizes.segmentation_size,
                build_crop(self.settings),
            )
        return similarity.eval().requires_grad_(False)

    @cached_property
    def priors(self) -> Priors | None:
        """The priors of section 3.5; None if the bundle has none."""
        if PRIORS_FILE not in self.stored:
            return None
        return load_priors(self.path / PRIORS_FILE, self.schema)

    def _load(self, name: str) -> "nn.Module":
        if name in self.starts:
            raise InputError(only_a_start(self.path, name))
        if name not in self.networks:
            raise InputError(no_part_yet(self.path, name))
        from f2p_deploy.model.stored_network import read_network

        network = read_network(self.path / weights_file(name), name, self.schema, self.settings)
        return network.requires_grad_(False)


def demo_bundle_path() -> Path:
    """Return the folder of the bundle inside the package."""
    return Path(str(files("f2p_deploy"))) / "bundles" / "demo"


def label_of(folder: Path, name: str) -> str:
    """Return what a page calls a bundle or an artifact: its folder as it was named, or the demo bundle's name.

    Args:
        folder: of the bundle or the artifact.
        name: of the bundle; copies and artifacts keep it.
    """
    return name if folder == demo_bundle_path() else str(folder)


def build_crop(settings: BundleSettings) -> "Crop | None":
    """Return the crop of an aligned face that the recognition network takes; None if it takes the whole face."""
    from f2p_deploy.model.networks.crop import Crop

    sizes = settings.architecture
    target = sizes.recogniser.points
    if not target:
        return None
    return Crop(settings.alignment.landmarks, target, sizes.image_size, sizes.recogniser.size)


def load_bundle(path: str | Path | None = None) -> Bundle:
    """Open a bundle and check the size and SHA-256 of each of its files.

    Args:
        path: the folder; the demo bundle if not given.

    Raises:
        InputError: not a bundle, another version, or a file that is missing, truncated or changed; the file is named.
    """
    bundle = read_header(demo_bundle_path() if path is None else Path(path))
    for name in bundle.stored:
        if reason := why_damaged(bundle, name):
            raise InputError(reason)
    return bundle


def read_header(folder: Path) -> Bundle:
    """Open a bundle without checking its other files.

    Raises:
        InputError: not a bundle, another version, or a damaged header.
    """
    header = folder / HEADER
    if not header.is_file():
        raise InputError(f"{folder} is not a bundle: it has no {HEADER}")
    try:
        data = json.loads(header.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = reason_of(error, f"it is not valid JSON{place_of(error)}")
        raise InputError(f"cannot read {header}: {reason}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{header} does not describe a bundle (its format should be {FORMAT!r})")
    if data.get("version") != VERSION:
        raise InputError(f"{header} has format version {data.get('version')}; this f2p-deploy reads version {VERSION}")
    try:
        stored = {name: StoredFile(str(entry["sha256"]), int(entry["bytes"])) for name, entry in data["files"].items()}
        bundle = Bundle(
            path=folder,
            name=str(data["name"]),
            schema=Schema.from_dict(data["schema"], f"{header}: schema"),
            settings=from_data(BundleSettings, data["settings"], f"{header}: settings"),
            provenance=data.get("provenance", {}),
            stored=stored,
        )
    except KeyError as error:
        raise InputError(f"{header} is damaged: {error.args[0]!r} is missing") from error
    except (TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{header} is damaged: a value is of the wrong kind") from error
    if not isinstance(bundle.provenance, dict):
        raise InputError(f"{header} is damaged: a value is of the wrong kind")
    for name in stored:
        if Path(name).name != name:
            raise InputError(f"{header} lists {name!r}, which is not a file of the bundle's own folder")
    return bundle


def create_bundle(
    folder: Path, name: str, schema: Schema, settings: BundleSettings, provenance: Mapping[str, Any] | None = None
) -> Bundle:
    """Create a bundle without networks, or open the one that the folder holds.

    Args:
        folder, name, schema, settings: see `Bundle`.
        provenance: of a new bundle; empty if None.

    Raises:
        InputError: the folder holds a bundle of another schema, or cannot be written.
    """
    if (folder / HEADER).is_file():
        existing = load_bundle(folder)
        if existing.schema.fingerprint != schema.fingerprint:
            own, other = existing.schema.name, schema.name
            what = f"schema {own!r}, not {other!r}" if own != other else f"another version of the schema {own!r}"
            raise InputError(f"{folder} already holds a bundle of {what}: name a new folder (--bundle)")
        return existing
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot create the bundle {folder}: {error.strerror}") from error
    bundle = Bundle(folder, name, schema, settings, provenance or {})
    _write_header(bundle)
    return bundle


def store_network(bundle: Bundle, name: str, network: "nn.Module", provenance: Mapping[str, Any]) -> Bundle:
    """Write one trained network into a bundle and return the updated bundle.

    The weights are written under a temporary name and renamed, then `bundle.json` is replaced.
    """
    import torch
    from safetensors.torch import save

    half = bundle.settings.storage == "float16"
    tensors = {
        key: (value.half() if half and value.dtype is torch.float32 else value).contiguous()
        for key, value in network.state_dict().items()
    }
    return _store(bundle, name, weights_file(name), save(tensors), provenance)


def store_priors(bundle: Bundle, priors: Priors, provenance: Mapping[str, Any]) -> Bundle:
    """Write priors into a bundle and return the updated bundle."""
    return _store(bundle, "priors", PRIORS_FILE, priors_to_bytes(priors), provenance)


def replace_settings(bundle: Bundle, settings: BundleSettings) -> Bundle:
    """Replace the settings of a bundle; the architecture cannot change, since the weights depend on it.

    Raises:
        InputError: the architecture differs although networks are stored.
    """
    if bundle.stored and settings.architecture != bundle.settings.architecture:
        raise InputError(f"the architecture of {bundle.path} cannot change: its networks are trained for it")
    changed = replace(bundle, settings=settings)
    _write_header(changed)
    return changed


def copy_bundle(bundle: Bundle, folder: Path, name: str) -> Bundle:
    """Copy a bundle to another folder under another name.

    Raises:
        InputError: the folder exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; copy the bundle into a new folder")
    folder.mkdir(parents=True, exist_ok=True)
    for stored in bundle.stored:
        shutil.copyfile(bundle.path / stored, folder / stored)
    copy = replace(bundle, path=folder, name=name)
    _write_header(copy)
    return copy


def _store(bundle: Bundle, part: str, file_name: str, content: bytes, provenance: Mapping[str, Any]) -> Bundle:
    """Write a file of a bundle, then the header that lists it, and return the updated bundle."""
    entry = StoredFile(hashlib.sha256(content).hexdigest(), len(content))
    facts = dict(provenance)
    before = import_mark(bundle.provenance, part)
    if before.get("start") and "imported" not in facts:
        facts["started_from"] = dict(before)
    changed = replace(
        bundle,
        provenance={**bundle.provenance, part: facts},
        stored={**bundle.stored, file_name: entry},
    )
    with postponed():  # the header holds the hash of the file
        write_whole(bundle.path / file_name, content)
        _write_header(changed)
    return changed


def _write_header(bundle: Bundle) -> None:
    content = {
        "format": FORMAT,
        "version": VERSION,
        "name": bundle.name,
        "schema": bundle.schema.to_dict(),
        "settings": to_data(bundle.settings),
        "files": {name: to_data(entry) for name, entry in sorted(bundle.stored.items())},
        "provenance": bundle.provenance,
    }
    write_whole(bundle.path / HEADER, (json.dumps(content, indent=2) + "\n").encode())


def why_damaged(bundle: Bundle, file: str) -> str:
    """Return why a file of a bundle is not the one that its header lists; empty if it is."""
    path, entry = bundle.path / file, bundle.stored[file]
    if not path.is_file():
        return f"the bundle {bundle.path} lacks {file}"
    size = path.stat().st_size
    if size != entry.bytes:
        return f"{path} is damaged: it has {size} bytes, {HEADER} says {entry.bytes}"
    if sha256_of(path) != entry.sha256:
        return f"{path} is damaged: its SHA-256 is not the one in {HEADER}"
    return ""


def weights_file(network: str) -> str:
    """Return the name of a network's file in a bundle."""
    return f"{network}.safetensors"
