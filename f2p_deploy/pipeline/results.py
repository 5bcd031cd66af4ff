"""The results of a run as plain data, for the page, the table and `--json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f2p_deploy.character.folder_files import PAGE_FILE, TABLE_FILE
from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.reading import ReadPart, unsure_parts
from f2p_deploy.pipeline.character_kinds import CharacterChoice


@dataclass(frozen=True)
class PhotoView:
    """The photo's thumbnail on the page, with the face and its landmarks.

    Args:
        width, height: size of the thumbnail in pixels.
        frame: corners of the square that became the aligned face, (x, y) in pixels of the thumbnail.
        points: the five landmarks by name, in the same coordinates.
    """

    width: int
    height: int
    frame: tuple[tuple[float, float], ...]
    points: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Earlier:
    """A character of an earlier run.

    Args:
        name: the name of its folder.
        picture: the name of its image file.
        edited: whether its parameters have changed since they were drawn.
    """

    name: str
    picture: str
    edited: bool


@dataclass(frozen=True)
class Created:
    """A character of this run.

    Args:
        photo: the photo's path.
        name: name of the character's folder inside the output folder.
        mode: the mode of generation.
        mode_reason: the reason for this mode, as the end of a sentence.
        parameters: the character; discrete groups one-hot.
        losses: before each iteration and after the last; empty for one-shot generation.
        seconds: from reading the photo to writing the files.
        generation_seconds: the part of it for the generation alone.
        finder: the finder of the landmarks.
        view: the photo's thumbnail for the page.
        warnings: sentences.
        has_engine_picture: whether there is an image by the engine.
        drawn_beforehand: whether that image came with the bundle, see `f2p_deploy.pipeline.drawn`.
        read: each discrete group with the confidence of its reading, see `f2p_deploy.model.result.Generation`.
        has_preview: whether there is an image by the imitator.
        edited: whether a user changed the parameters after they were generated and drawn.
        kept: whether it was kept from an earlier run instead of being created; the times are those of that run.
        character: which character of a set it is, and why; None without a set.
    """

    photo: Path
    name: str
    mode: str
    mode_reason: str
    parameters: Parameters
    losses: tuple[float, ...]
    seconds: float
    generation_seconds: float
    finder: str
    view: PhotoView
    warnings: tuple[str, ...] = ()
    has_engine_picture: bool = False
    drawn_beforehand: bool = False
    read: Mapping[str, ReadPart] = field(default_factory=dict)
    has_preview: bool = True
    edited: bool = False
    kept: bool = False
    character: CharacterChoice | None = None

    @property
    def remarks(self) -> tuple[str, ...]:
        """The warnings, and the doubt about the choice of the character."""
        doubt = "" if self.character is None else self.character.doubt
        return (*self.warnings, doubt) if doubt else self.warnings

    @property
    def status(self) -> str:
        """The status for tables: `created` or `kept`."""
        return "kept" if self.kept else "created"

    @property
    def choices(self) -> dict[str, str]:
        """Option of each discrete group."""
        return {group.name: self.parameters.choice(group.name) for group in self.parameters.schema.discrete_groups}

    @property
    def unsure(self) -> dict[str, ReadPart]:
        """Parts that a user should check, see `f2p_deploy.model.reading.unsure_parts`, without edited ones."""
        unsure = unsure_parts(self.read, self.parameters.schema)
        return {name: part for name, part in unsure.items() if self.choices[name] == part.option}

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of discrete groups and controllers that were not read from the photo but have their default."""
        return tuple(name for name, part in self.read.items() if part.origin == "default")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "photo": str(self.photo),
            "photo_uri": uri_of(self.photo),
            "status": self.status,
            "folder": self.name,
            "mode": self.mode,
            "mode_reason": self.mode_reason,
            "seconds": round(self.seconds, 3),
            "generation_seconds": round(self.generation_seconds, 3),
            "losses": [float(f"{loss:.6g}") for loss in self.losses],
            "finder": self.finder,
            "warnings": list(self.warnings),
            "read": {name: part.to_dict() for name, part in self.read.items()},
            "engine_picture": ("beforehand" if self.drawn_beforehand else "now") if self.has_engine_picture else None,
            "preview": self.has_preview,
            "edited": self.edited,
            "parameters": to_json(self.parameters),
        } | ({"character": vars(self.character)} if self.character else {})


@dataclass(frozen=True)
class Failed:
    """A photo without a character.

    Args:
        photo: its path.
        reason: a keyword for tables: that of the `PhotoError`, `refused` for other bad input, `unwritable` if its
            folder could not be written, `killed` if its worker was killed, `unexpected` for a bug.
        message: a sentence for people.
    """

    photo: Path
    reason: str
    message: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON: `status` is `failed`."""
        return {
            "photo": str(self.photo),
            "photo_uri": uri_of(self.photo),
            "status": "failed",
            "reason": self.reason,
            "message": self.message,
        }


def uri_of(photo: Path) -> str:
    """Return a photo's `file:` URI, which is exact even for names that are not UTF-8."""
    return photo.absolute().as_uri()


@dataclass(frozen=True)
class Report:
    """The results of all photos.

    Args:
        out: the output folder.
        bundle: name of the bundle, or of the characters of a set that were made.
        schema: name of its schema, or of theirs.
        finder: a sentence that names the landmark finder.
        results: in the order of the photos.
        notes: sentences about the whole run.
        made_with: name and version of the library that computed the characters; empty if all were kept.
        not_taken: files in folders that are not photos.
        others: further characters of earlier runs in the folder, see `f2p_deploy.pipeline.kept`.
    """

    out: Path
    bundle: str
    schema: str
    finder: str
    results: tuple[Created | Failed, ...] = ()
    notes: tuple[str, ...] = field(default=())
    made_with: str = ""
    not_taken: tuple[Path, ...] = ()
    others: tuple[Earlier, ...] = ()

    @property
    def page(self) -> Path:
        """The page with all characters."""
        return self.out / PAGE_FILE

    @property
    def table(self) -> Path:
        """The CSV with all characters."""
        return self.out / TABLE_FILE

    @property
    def characters(self) -> tuple[Created, ...]:
        """All characters, created or kept."""
        return tuple(result for result in self.results if isinstance(result, Created))

    @property
    def created(self) -> tuple[Created, ...]:
        """The characters that this run created."""
        return tuple(result for result in self.characters if not result.kept)

    @property
    def kept(self) -> tuple[Created, ...]:
        """The characters that were kept from an earlier run."""
        return tuple(result for result in self.characters if result.kept)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The photos without a character."""
        return tuple(result for result in self.results if isinstance(result, Failed))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "out": str(self.out),
            "page": str(self.page),
            "table": str(self.table),
            "bundle": self.bundle,
            "schema": self.schema,
            "finder": self.finder,
            "notes": list(self.notes),
            "made_with": self.made_with,
            "not_taken": [str(path) for path in self.not_taken],
            "others": [one.name for one in self.others],
            "created": len(self.created),
            "kept": len(self.kept),
            "failed": len(self.failed),
            "results": [result.to_dict() for result in self.results],
        }
