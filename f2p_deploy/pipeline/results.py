"""What came of the photos: plain data for the page, the table and `--json`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from f2p_deploy.character.parameter_files import to_json
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.model.reading import ReadPart, unsure_parts


@dataclass(frozen=True)
class PhotoView:
    """The photo as the page shows it: small, with what was found in it.

    Args:
        width, height: of the small photo in pixels.
        frame: corners of the square that became the aligned face, (x, y) in pixels of the small photo.
        points: the five landmarks by name, in the same pixels.
    """

    width: int
    height: int
    frame: tuple[tuple[float, float], ...]
    points: Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class Earlier:
    """A character of an earlier run.

    Args:
        name: what its folder is called.
        picture: the file of its picture.
        edited: whether its parameters are no longer those that were drawn.
    """

    name: str
    picture: str
    edited: bool


@dataclass(frozen=True)
class Created:
    """A character that was made.

    Args:
        photo: the photo's path.
        name: of the character's folder inside the output folder.
        mode: how it was made.
        mode_reason: why in this way, as the end of a sentence.
        parameters: the character; discrete groups one-hot.
        losses: before each iteration and after the last; empty for one-shot.
        seconds: from reading the photo to the written files.
        generation_seconds: of that, generation alone.
        finder: what found the landmarks.
        view: for the page.
        warnings: sentences.
        has_engine_picture: whether the engine drew it, too.
        drawn_beforehand: whether that picture came with the bundle, see `f2p_deploy.pipeline.drawn`.
        read: each discrete group, and how surely it was read, see `f2p_deploy.model.result.Generation`.
        has_preview: whether the imitator drew it.
        edited: whether somebody changed the parameters after they were generated and drawn.
        kept: whether an earlier run made it, and nothing was computed now; times are those of that run.
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

    @property
    def status(self) -> str:
        """The word for tables: `created` or `kept`."""
        return "kept" if self.kept else "created"

    @property
    def choices(self) -> dict[str, str]:
        """Option of each discrete group."""
        return {group.name: self.parameters.choice(group.name) for group in self.parameters.schema.discrete_groups}

    @property
    def unsure(self) -> dict[str, ReadPart]:
        """Parts that are worth a look, see `f2p_deploy.model.reading.unsure_parts`; none that somebody has edited."""
        unsure = unsure_parts(self.read, self.parameters.schema)
        return {name: part for name, part in unsure.items() if self.choices[name] == part.option}

    @property
    def unread(self) -> tuple[str, ...]:
        """Names of discrete groups and controllers that nothing read from the photo."""
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
        }


@dataclass(frozen=True)
class Failed:
    """A photo that no character came of.

    Args:
        photo: its path.
        reason: one word for tables: that of the `PhotoError`, `refused` for other bad input, `unwritable` where its
            folder could not be written, `killed` where the process that worked on it was, `unexpected` for a bug.
        message: the sentence for a person.
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
    """Return a photo's `file:` address: exact, also where its name is no UTF-8."""
    return photo.absolute().as_uri()


@dataclass(frozen=True)
class Report:
    """What came of all photos.

    Args:
        out: the output folder.
        bundle: name of the bundle.
        schema: name of its schema.
        finder: the sentence that says what found the faces.
        results: in the order of the photos.
        notes: sentences about the whole run.
        made_with: name and version of what computed the characters; empty if all were kept.
        not_taken: files of folders that did not count as photos.
        others: characters of earlier runs that the folder holds besides, see `f2p_deploy.pipeline.kept`.
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
        return self.out / "index.html"

    @property
    def table(self) -> Path:
        """The CSV with all characters."""
        return self.out / "summary.csv"

    @property
    def characters(self) -> tuple[Created, ...]:
        """All characters that are there."""
        return tuple(result for result in self.results if isinstance(result, Created))

    @property
    def created(self) -> tuple[Created, ...]:
        """The characters that were made now."""
        return tuple(result for result in self.characters if not result.kept)

    @property
    def kept(self) -> tuple[Created, ...]:
        """The characters that an earlier run had made."""
        return tuple(result for result in self.characters if result.kept)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """The photos that no character came of."""
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
