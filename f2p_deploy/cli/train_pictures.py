"""The option `--engine-at` of `train`: an engine draws the pictures that the stages still need."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema
    from f2p_deploy.model.bundle import Bundle
    from f2p_deploy.training.data.training_sources import Sources
    from f2p_deploy.training.presets import Preset

TrainingEngine = Annotated[
    str | None,
    typer.Option(
        "--engine-at",
        metavar="WHERE",
        help="Ask your engine for the pictures that are neither in --front nor in --varied: tcp://HOST:PORT, "
        "module:Class in Python, or a folder of its pictures. They are kept in <bundle>.training/pictures.",
    ),
]
PictureCount = Annotated[
    int | None,
    typer.Option(
        "--pictures", min=1, metavar="N", help="Pictures of each kind to ask for, instead of the preset's number."
    ),
]
TrainingSchema = Annotated[
    str | None,
    typer.Option(
        "--schema",
        metavar="NAME|FILE.toml",
        autocompletion=choices.complete("schemas"),
        help="Schema of a new bundle that is trained with --engine-at: {schemas}, or a file.",
    ),
]


@dataclass(frozen=True)
class WantedPictures:
    """What the command line says about pictures.

    Args:
        at: the value of `--engine-at`.
        pictures: that of `--pictures`.
        schema: that of `--schema`.
        bundle: folder of the bundle.
        preset: of the training.
        stages: to be trained.
    """

    at: str | None
    pictures: int | None
    schema: str | None
    bundle: Path
    preset: "Preset"
    stages: tuple[str, ...]

    @property
    def _own_stages(self) -> tuple[str, ...]:
        return tuple(stage for stage in self.stages if stage not in self.preset.shipped)

    def check(self, sources: "Sources") -> None:
        """Check, before any picture is drawn, what else the stages need.

        Raises:
            InputError: an option without `--engine-at`, too few portraits, or too few pictures asked for.
        """
        from f2p_deploy.training.data.training_sources import require_portraits
        from f2p_deploy.training.stages import require_count

        if self.at is None:
            for option, value in (("--pictures", self.pictures), ("--schema", self.schema)):
                if value is not None:
                    raise InputError(f"{option} is about the pictures of --engine-at, which was not given")
            return
        for stage in self._own_stages:
            require_portraits(stage, sources)
            if sources.front is None:
                require_count(stage, self.preset, self._count)

    @property
    def _count(self) -> int:
        return self.preset.pictures if self.pictures is None else self.pictures

    def ask(self, sources: "Sources", there: "Bundle | None") -> "Sources":
        """Return the sources with folders of pictures, after drawing what these lack.

        Args:
            sources: as given on the command line.
            there: the bundle, if it exists.

        Raises:
            InputError: see `draw_missing`; or the schema of a new bundle is not known.
            Interrupted: the user stopped it.
        """
        from f2p_deploy.engine.link.engine_choice import open_engine
        from f2p_deploy.training.data.engine_pictures import draw_missing, missing_kinds, with_pictures
        from f2p_deploy.training.stages import work_folder_of

        kinds = missing_kinds(self._own_stages, sources)
        if there is None and sources.front is None and "front" not in kinds:
            kinds = ("front", *kinds)  # a new bundle takes its schema and its template from them
        if not kinds:
            return sources
        schema, where = self._schema_of(sources, there), self.at or ""
        settings = self.preset.settings if there is None else there.settings
        with console.bar() as bar:
            folders = draw_missing(
                kinds,
                work_folder_of(self.bundle),
                schema,
                self._count,
                settings.architecture.image_size,
                lambda: open_engine(where, schema),
                lambda kind, done, of: bar.update(kind, done, of, f"{kind} pictures, {done:,} of {of:,}"),
            )
        return with_pictures(sources, folders)

    def _schema_of(self, sources: "Sources", there: "Bundle | None") -> "Schema":
        from f2p_deploy.character.schema import load_schema
        from f2p_deploy.engine.pairs import PairSet

        if there is not None:
            if self.schema is not None and load_schema(self.schema).fingerprint != there.schema.fingerprint:
                raise InputError(f"the bundle {self.bundle} is for schema {there.schema.name!r}, not {self.schema!r}")
            return there.schema
        if self.schema is not None:
            return load_schema(self.schema)
        if sources.front is not None:
            return PairSet(sources.front).schema
        raise InputError("a new bundle that is trained with --engine-at needs --schema, the parameters of the engine")
