"""The formats that characters are written in for other programs, besides `parameters.json`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from f2p_deploy.character.folder_files import FORMATS_FOLDER, PARAMETERS_FILE
from f2p_deploy.character.parameter_files import read_batch, to_json
from f2p_deploy.character.parameter_table import NamedCharacter, table_text
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.character.template_file import FilledTemplate
from f2p_deploy.character.units_file import units_text
from f2p_deploy.character.vector_file import LAYOUT_SUFFIX, layout_text, vector_bytes
from f2p_deploy.engine.makehuman.mhm_file import check_makehuman, mhm_text
from f2p_deploy.pipeline.kept import origin_of
from f2p_deploy.pipeline.results import Report
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.files import write_whole
from f2p_deploy.system.names import json_text

if TYPE_CHECKING:
    from f2p_deploy.engine.makehuman.baked_head import HeadBaker

#: The table of a whole folder.
TABLE_FILE = "parameters.csv"

#: Content of the files of one character, by what follows the character's name; the first is the main one.
Contents = Mapping[str, bytes]


@dataclass(frozen=True)
class WrittenFormat:
    """A format with one file, or more, for each character.

    Args:
        summary: what it is, in a few words.
        stem: name of the main file in a character's folder, without the suffix.
        make: returns the files of a character.
    """

    summary: str
    stem: str
    make: Callable[[NamedCharacter, "Formats"], Contents]


@dataclass(frozen=True)
class Formats:
    """The formats that were asked for, checked against a schema.

    Args:
        names: from `FORMATS` or `TABLE`.
        schema: of the characters.
        template: a studio's own text format, written besides.
        assets: folder of the reference engine's assets, for `gltf`; None for the one in F2P_MAKEHUMAN_ASSETS.

    Raises:
        InputError: an unknown name, or a format that the schema has no characters in.
        MissingDependency: the reference engine is not installed.
    """

    names: tuple[str, ...]
    schema: Schema
    template: FilledTemplate | None = None
    assets: Path | None = None

    def __post_init__(self) -> None:
        known = format_names()
        for name in self.names:
            if name not in known:
                raise InputError(f"no format named {name!r}{suggestion(name, known)}")
        if "mhm" in self.names:
            check_makehuman(self.schema)
        self._check_template()
        if "gltf" in self.names:
            _ = self.baker  # loads the assets, and says what is missing before slow work

    def _check_template(self) -> None:
        """Raise if the filled template would have the name of another format's file."""
        file = "" if self.template is None else self.template.file.casefold()
        for name in self.names:
            own = "" if name == TABLE else FORMATS[name].stem
            if own and own == file.partition(".")[0]:
                raise InputError(f"the filled template would be {file}, beside the format {name!r}, whose files have "
                                 "this name: rename the template")

    @cached_property
    def baker(self) -> "HeadBaker":
        """The baker of the schema's heads."""
        from f2p_deploy.engine.makehuman.assets import find_assets
        from f2p_deploy.engine.makehuman.baked_head import HeadBaker

        return HeadBaker(self.schema, find_assets(self.assets))

    @property
    def table(self) -> bool:
        """True if a table of all characters was asked for."""
        return TABLE in self.names

    def files_of(self, character: NamedCharacter) -> dict[str, bytes]:
        """Return the files of one character by name, as they are called in its folder."""
        files: dict[str, bytes] = {}
        for name in dict.fromkeys(self.names):
            if name != TABLE:
                form = FORMATS[name]
                files |= {f"{form.stem}{suffix}": content for suffix, content in form.make(character, self).items()}
        if self.template is not None:
            files[self.template.file] = self.filled(character)
        return files

    def filled(self, character: NamedCharacter) -> bytes:
        """Return the filled template of a character."""
        if self.template is None:
            raise InputError("there is no template")
        one = character
        return self.template.fill(one.parameters, one.name, one.photo, one.mode).encode("utf-8", "backslashreplace")


    def only(self, characters: Sequence[NamedCharacter]) -> bytes:
        """Return the content of the one main file of a conversion, for standard output.

        Raises:
            InputError: several characters in a format with a file for each.
        """
        if self.table:
            return table_text(characters).encode()
        if len(characters) != 1:
            raise InputError(f"-o - takes one character, found {len(characters)}: name a folder with -o")
        return next(iter(self.files_of(characters[0]).values()))


def _gltf(character: NamedCharacter, formats: Formats) -> Contents:
    from f2p_deploy.engine.makehuman.glb_file import glb_bytes

    return {".glb": glb_bytes(formats.baker.bake(character.parameters), character.name)}


def _json(character: NamedCharacter, _: Formats) -> Contents:
    return {".json": (json_text(to_json(character.parameters)) + "\n").encode()}


def _vector(character: NamedCharacter, _: Formats) -> Contents:
    description = layout_text(character.parameters).encode()
    return {".f32": vector_bytes(character.parameters), f".f32{LAYOUT_SUFFIX}": description}


#: The table of all characters, which is one file for a whole folder.
TABLE = "csv"

#: The formats of single characters, by the name on the command line.
FORMATS = {
    "json": WrittenFormat("by name, as a run writes it", "parameters", _json),
    "float32": WrittenFormat("the raw little-endian vector, and its layout as JSON", "parameters", _vector),
    "units": WrittenFormat(
        "JSON in the engine's units", "units", lambda one, _: {".json": units_text(one.parameters).encode()}
    ),
    "mhm": WrittenFormat(
        "MakeHuman's model", "character", lambda one, _: {".mhm": mhm_text(one.parameters, one.name).encode()}
    ),
    "gltf": WrittenFormat("the reference engine's head as .glb", "character", _gltf),
}


def format_names() -> tuple[str, ...]:
    """Return the names of all formats."""
    return (TABLE, *FORMATS)


def write_report_formats(report: Report, formats: Formats) -> list[Path]:
    """Write the formats of all characters of a run into its folder, and return the files.

    Those of a character are in its folder's `formats`, the table is `parameters.csv` beside the page. Files that have
    the right content already are left as they are.

    Raises:
        InputError: a file cannot be written, or a template cannot be filled.
    """
    named = [NamedCharacter(one.name, one.parameters, str(one.photo), one.mode) for one in report.characters]
    written = []
    for one in named:
        files = formats.files_of(one)
        folder = report.out / one.name / FORMATS_FOLDER
        if files:
            _make_folder(folder)
        for name, content in files.items():
            write_changed(folder / name, content)
            written.append(folder / name)
    if formats.table and named:
        write_changed(report.out / TABLE_FILE, table_text(named).encode())
        written.append(report.out / TABLE_FILE)
    return written


def convert_characters(
    characters: Sequence[NamedCharacter], formats: Formats, out: Path, inputs: Sequence[Path] = ()
) -> list[Path]:
    """Write characters in one format, and return the files.

    Args:
        characters: one or more.
        formats: one format, or a template.
        out: a file for the table or for a single character; a folder, which is created if needed, for several
            characters in a format with a file for each, or if it exists or has no suffix.
        inputs: files that must not be replaced.

    Raises:
        InputError: a file cannot be written, is an input, or a template cannot be filled.
    """
    kept = {path.resolve() for path in inputs}
    written = []
    for path, content in _converted(characters, formats, out):
        if path.resolve() in kept:
            raise InputError(f"{path} is read by this command and would be replaced: choose another place with -o")
        write_changed(path, content)
        written.append(path)
    return written


def _converted(
    characters: Sequence[NamedCharacter], formats: Formats, out: Path
) -> Iterator[tuple[Path, bytes]]:
    """Yield the path and the content of each file of a conversion."""
    whole = out.is_dir() or not out.suffix or (len(characters) > 1 and not formats.table)
    if whole:
        _make_folder(out)
    if formats.table:
        yield (out / TABLE_FILE if whole else out), table_text(characters).encode()
        return
    for one in characters:
        files = formats.files_of(one)
        main = next(iter(files))
        for name, content in files.items():
            # A character's files share its name: parameters.f32.json becomes anna.f32.json.
            own = out / f"{one.name}{name[len(main.split('.')[0]):]}"
            yield (own if whole else out.with_name(out.name + name[len(main) :])), content


def write_changed(path: Path, content: bytes) -> None:
    """Write a file atomically unless it has this content already.

    Raises:
        InputError: it cannot be written.
    """
    if not (path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content):
        write_whole(path, content)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {folder}: {error.strerror or error}") from error


def named_characters(paths: Sequence[Path], schema: Schema) -> list[NamedCharacter]:
    """Read characters from parameter files, and from the folders of runs.

    A character that lies in its folder of a run has the folder's name, its photo and its mode; another has the name of
    its file. Names are made unique.

    Args:
        paths: files, folders of single characters, and folders of runs.
        schema: of the characters.

    Raises:
        InputError: a file that cannot be read, or a folder without characters.
    """
    files = [file for path in paths for file in parameter_files(path)]
    counts: dict[str, int] = {}
    taken: set[str] = set()
    named = []
    for file in files:
        photo, mode = origin_of(file.parent) if file.name == PARAMETERS_FILE else ("", "")
        name = file.absolute().parent.name if file.name == PARAMETERS_FILE else file.stem
        for row in read_batch(file, schema):
            unique = _unique(name, counts, taken)
            named.append(NamedCharacter(unique, Parameters(schema, row), photo, mode))
    return named


def _unique(name: str, counts: dict[str, int], taken: set[str]) -> str:
    """Return a name that is not taken yet, also where upper and lower case are one, and mark it as taken."""
    while True:
        counts[name] = counts.get(name, 0) + 1
        unique = name if counts[name] == 1 else f"{name}-{counts[name]}"
        if unique.casefold() not in taken:
            taken.add(unique.casefold())
            return unique


def parameter_files(path: Path) -> list[Path]:
    """Return a file itself, or the parameter files of a character's or a run's folder.

    Raises:
        InputError: a folder without any.
    """
    if not path.is_dir():
        return [path]
    own = path / PARAMETERS_FILE
    found = [own] if own.is_file() else sorted(path.glob(f"*/{PARAMETERS_FILE}"))
    if not found:
        raise InputError(f"{path} is a folder without characters: no {PARAMETERS_FILE} in it or one level below")
    return found
