"""A set of characters: one folder with a bundle or an artifact for each, and the choice of one for a photo."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import AlignedFace
from f2p_deploy.artifact.artifact import MANIFEST_FILE
from f2p_deploy.character.age_scale import AGES, slider_to_age
from f2p_deploy.character.schema import suggestion
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.bundle import HEADER, demo_bundle_path
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.result import to_planes
from f2p_deploy.pipeline.character_kinds import (
    CHARACTERS_FILE,
    CharacterChoice,
    CharacterKind,
    ReadPerson,
    choose_character,
    read_kinds,
)
from f2p_deploy.runtimes import Runtime, TorchRuntime, graph_calls, load
from f2p_deploy.system.errors import InputError

#: The word for a choice by sex and age, instead of a character's name.
AUTO_CHARACTER = "auto"

#: The reader that stands for the bundle in the package.
DEMO_READER = "demo"


@dataclass(frozen=True, eq=False)
class CharacterSet:
    """Opened characters, and how one is chosen for a photo.

    Args:
        folder: of the set.
        runtimes: by character; only the named one if the user named one.
        kinds: whom each is for.
        reader: reads sex and age of photos; None if the user named a character.
        engines: draws each character as well, by character; empty for none.
    """

    folder: Path
    runtimes: dict[str, Runtime]
    kinds: tuple[CharacterKind, ...]
    reader: Runtime | None = None
    engines: dict[str, Engine | None] | None = None

    @property
    def key(self) -> str:
        """A key of everything that a choice depends on besides the photo: whom characters are for, and the reader."""
        reader = "" if self.reader is None else f"{self.reader.bundle_fingerprint} {self.reader.identity}"
        return hashlib.sha256(f"{self.kinds} {reader}".encode()).hexdigest()

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each character that no reading of age can reach."""
        if self.reader is None:
            return ()
        return tuple(
            f"{kind.name} is for {kind.people}, and ages are read from {AGES[0]:.0f} to {AGES[-1]:.0f}: it is never "
            f"chosen by age. --character {kind.name} makes it, or other ages in {self.folder / CHARACTERS_FILE}."
            for kind in self.kinds
            if kind.ages[1] < AGES[0] or kind.ages[0] > AGES[-1]
        )

    def choose(self, face: AlignedFace) -> CharacterChoice:
        """Return the character for a face, aligned for the reader.

        If the user named a character, it is that one.
        """
        if self.reader is None:
            return CharacterChoice(next(iter(self.runtimes)))
        return replace(choose_character(self.kinds, read_person(self.reader, face.image)), key=self.key)


def open_character_set(
    folder: Path, named: str = AUTO_CHARACTER, open_one: Callable[[Path], Runtime] = load
) -> CharacterSet:
    """Open a set of characters.

    Args:
        folder: holds a folder for each character with its bundle or artifact; the folder's name is the character's.
        named: the character to make, or `auto` to choose one for each photo by sex and age.
        open_one: returns the runtime of a folder; by default `f2p_deploy.load`.

    Raises:
        InputError: no characters, an unknown name, a `characters.toml` that cannot be used, a damaged bundle, or none
            that reads sex and age.
        MissingDependency: a package is missing that a character needs.
    """
    names = _names_in(folder)
    if named != AUTO_CHARACTER:
        if named not in names:
            raise InputError(f"no character named {named!r} in {folder}{suggestion(named, (AUTO_CHARACTER, *names))}")
        return CharacterSet(folder, {named: open_one(folder / named)}, (CharacterKind(named, "any"),))
    kinds, reader = read_kinds(folder, names)
    runtimes = {name: open_one(folder / name) for name in names}
    return CharacterSet(folder, runtimes, kinds, _open_reader(folder, runtimes, reader, open_one))


def read_person(runtime: Runtime, face: np.ndarray) -> ReadPerson:
    """Return sex and age of a face as a bundle reads them.

    Args:
        runtime: its schema tags controllers as age and sex, see `why_no_person`.
        face: (S, S, 3) uint8 RGB, aligned for this runtime.
    """
    planes = to_planes(face, runtime.settings.architecture.image_size).copy()  # PyTorch wants writable arrays
    parameters = graph_calls.run_graph(runtime, "one_shot", {"face": planes})["parameters"][0]
    age, male = (float(parameters[i]) for i in read_controllers(runtime.schema))
    return ReadPerson(male, slider_to_age(age))


def why_no_person(runtime: Runtime) -> str:
    """Return why a bundle or an artifact does not read sex and age from photos; empty if it does."""
    schema = runtime.schema
    if len(read_controllers(schema)) < 2:
        return f"its schema {schema.name!r} tags no controllers as age and sex"
    if "one_shot" not in runtime.graphs:
        return "it has no graph 'one_shot'"
    if isinstance(runtime, TorchRuntime):
        if runtime.bundle.reader is None:
            return "it has no reader"
        unread: Sequence[str] = runtime.bundle.unread
    else:
        named = runtime.artifact.manifest.unread
        if named is None or runtime.settings.search != "surrogate":
            return "an artifact like this does not say whether it has a reader"
        unread = named
        if set(schema.discrete_slices) and set(schema.discrete_slices) <= set(unread):
            return "it has no reader"
    missing = [schema.tags[role] for role in ("age", "sex") if schema.tags[role] in unread]
    return f"its reader had no labels for {', '.join(missing)}" if missing else ""


def _names_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the folders of a set that are bundles or artifacts."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"cannot read the folder of characters {folder}: {error.strerror or error}") from error
    names = tuple(path.name for path in entries if any((path / name).is_file() for name in (HEADER, MANIFEST_FILE)))
    if any((folder / name).is_file() for name in (HEADER, MANIFEST_FILE)):
        raise InputError(f"{folder} is one bundle or artifact: name it with --bundle, or the folder above it")
    if not names:
        raise InputError(f"no characters in {folder}: it needs a folder with a bundle or an artifact for each of them")
    if AUTO_CHARACTER in names:
        raise InputError(f"{folder / AUTO_CHARACTER}: a character cannot be named {AUTO_CHARACTER!r}")
    return names


def _open_reader(
    folder: Path, runtimes: dict[str, Runtime], named: str, open_one: Callable[[Path], Runtime]
) -> Runtime:
    """Return what reads sex and age: the named reader, or the first character that does."""
    if named:
        place = demo_bundle_path() if named == DEMO_READER and named not in runtimes else folder / named
        if not place.exists():
            raise InputError(
                f"{folder / CHARACTERS_FILE}: reader must be the name of a character, 'demo' or a folder, "
                f"found {named!r}{suggestion(named, (DEMO_READER, *runtimes))}"
            )
        reader = runtimes[named] if named in runtimes else open_one(place)
        if reason := why_no_person(reader):
            raise InputError(f"the reader {named!r} does not read sex and age from photos: {reason}")
        return reader
    reasons = {name: why_no_person(runtime) for name, runtime in runtimes.items()}
    for name, reason in reasons.items():
        if not reason:
            return runtimes[name]
    listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items())
    raise InputError(
        f"no character in {folder} reads sex and age from photos ({listed}): write "
        f"reader = \"{DEMO_READER}\" at the top of {folder / CHARACTERS_FILE}, or choose one with --character"
    )
