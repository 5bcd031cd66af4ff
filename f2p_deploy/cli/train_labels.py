"""The command `f2p-deploy train labels`: estimate age and sex of photos, as a table for `f2p-deploy train reader`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from f2p_deploy.cli import choices, console, options


def labels(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    age_sex: options.AgeSex,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.csv", help="The table to write, for --labels.")],
    schema: Annotated[
        str,
        typer.Option(
            "--schema",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("schemas"),
            help="Schema with controllers tagged as age and sex: {schemas}, or a file.",
        ),
    ] = "makehuman",
    only: options.Only = "all",
    limit: options.Limit = None,
    landmarker: options.Landmarker = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Estimate age and sex of photos with face-api's network, and write them to a table for `--labels` of a training.

    Add other labels, such as hair or skin, by hand as further columns. Existing rows and columns of a table are kept.
    Held-out photos may be in the table: the reader is measured on them. Photos without a usable face are listed and
    left out of the table, and the exit code is then 2.
    """
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.system.extras import missing_modules, require
    from f2p_deploy.system.files import require_file
    from f2p_deploy.training.data.photo_choice import select_photos

    if "torch" in missing_modules("export"):
        require("export", "reading age and sex")
    opened = load_schema(schema)
    from f2p_deploy.training.data.label_table import check_tags, label_photos, write_labels
    from f2p_deploy.training.data.labels import read_labels

    check_tags(opened)
    require_file(out)
    if out.exists():
        read_labels(out, opened)  # never overwrite a file that is not such a table
    chosen = select_photos(photos, only, limit)
    from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
    from f2p_deploy.training.data.age_sex import AgeSexJudge

    judge = AgeSexJudge(age_sex)
    finder = open_landmarker(landmarker)
    options.use_threads(threads)
    with console.bar() as bar:
        table = label_photos(
            chosen, finder, judge, lambda done, total: bar.update("photos", done, total, "estimating age and sex")
        )
    for sentence in table.refused:
        console.sentence(f"refused: {sentence}", "warning")
    before = write_labels(table, opened, out)
    if as_json:
        console.emit({"labels": str(out), "photos": len(table.names), "refused": len(table.refused)})
    else:
        count = len(table.names)
        labelled = f"{count} photo{'' if count == 1 else 's'} labelled"
        console.result(f"labels: {out}, {labelled}{f', {before} rows from before' if before else ''}")
    if table.refused:
        raise typer.Exit(2)


class StageOrLabels(choices.CommandWithChoices):
    """The command `train STAGE`, or `train labels` if that is the first word, with its own arguments."""

    @property
    def commands(self) -> dict[str, Any]:
        """The subcommands; error messages refer to their help pages."""
        return {"labels": _labels_command()}

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the command that the first word names."""
        if args[:1] == ["labels"]:
            return self.commands["labels"].make_context(f"{info_name} labels", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


def _labels_command() -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(cls=choices.CommandWithChoices)(labels)
    return typer.main.get_command(app)
