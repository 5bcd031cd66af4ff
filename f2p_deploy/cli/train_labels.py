"""`f2p-deploy train labels`: a table of age and sex for `f2p-deploy train reader`, from photos alone."""

from pathlib import Path
from typing import Annotated, Any

import typer

from f2p_deploy.cli import choices, console, options


def labels(
    photos: Annotated[list[Path], typer.Argument(metavar="PHOTO", help="Photos, and folders of photos.")],
    age_sex: options.AgeSex,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE.csv", help="The table, for --labels.")],
    schema: Annotated[
        str,
        typer.Option(
            "--schema",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("schemas"),
            help="Whose controllers are tagged as age and sex, of {schemas}; or a file.",
        ),
    ] = "makehuman",
    only: options.Only = "all",
    limit: Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="The first N photos.")] = None,
    landmarker: options.Landmarker = None,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Say age and sex of photos by face-api's network, in a table that `--labels` of a training takes.

    What else is known of photos, hair or skin, are further columns of the same table, by hand: a table that is there
    already is added to, and what it says stays. Photos that training keeps out may be in it: the reader is measured on
    them. Photos without a usable face are named, the exit code is 2 then, and the table holds the others.
    """
    from f2p_deploy.character.schema import load_schema
    from f2p_deploy.system.extras import missing_modules, require
    from f2p_deploy.system.files import require_file
    from f2p_deploy.training.data.photo_choice import select_photos

    if "torch" in missing_modules("export"):
        require("export", "reading age and sex")
    opened = load_schema(schema)
    from f2p_deploy.training.data.label_table import check_tags, label_photos, write_labels
    from f2p_deploy.training.train_reader import read_labels

    check_tags(opened)
    require_file(out)
    if out.exists():
        read_labels(out, opened)  # what is no such table is not written over
    chosen = select_photos(photos, only, limit)
    from f2p_deploy.evaluation.landmarks.measure_landmarks import open_landmarker
    from f2p_deploy.training.data.age_sex import AgeSexJudge

    judge = AgeSexJudge(age_sex)
    finder = open_landmarker(landmarker)
    options.use_threads(threads)
    with console.bar() as bar:
        table = label_photos(
            chosen, finder, judge, lambda done, total: bar.update("photos", done, total, "looking at faces")
        )
    for sentence in table.refused:
        console.sentence(f"refused: {sentence}", "warning")
    before = write_labels(table, opened, out)
    if as_json:
        console.emit({"labels": str(out), "photos": len(table.names), "refused": len(table.refused)})
    else:
        count = len(table.names)
        looked = f"{count} photo{'' if count == 1 else 's'} looked at"
        console.result(f"labels: {out}, {looked}{f', {before} rows were there already' if before else ''}")
    if table.refused:
        raise typer.Exit(2)


class StageOrLabels(choices.CommandWithChoices):
    """The command `train STAGE`, which gives way to `train labels`: that takes photos, and no rendered pairs."""

    @property
    def commands(self) -> dict[str, Any]:
        """What may follow the word, beside a stage: errors name its help page."""
        return {"labels": _labels_command()}

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Return the context of the command that the first word asks for."""
        if args[:1] == ["labels"]:
            return self.commands["labels"].make_context(f"{info_name} labels", args[1:], parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)


def _labels_command() -> Any:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(cls=choices.CommandWithChoices)(labels)
    return typer.main.get_command(app)
