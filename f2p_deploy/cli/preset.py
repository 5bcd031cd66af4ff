"""The commands `f2p-deploy preset`: list and show the recipes of training."""

from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options

preset_app = typer.Typer(name="preset", no_args_is_help=True, help="List and show presets.", rich_markup_mode=None)


@preset_app.command("list")
def list_presets(as_json: options.Json = False) -> None:
    """List the presets that come with f2p-deploy."""
    from f2p_deploy.training.presets import PRESETS

    if as_json:
        console.emit({"presets": {name: list(preset.stages) for name, preset in PRESETS.items()}})
        return
    console.table([(name, ", ".join(preset.stages)) for name, preset in PRESETS.items()], ("preset", "stages"))


@preset_app.command("show", cls=choices.CommandWithChoices)
def show_preset(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.toml", autocompletion=choices.complete("presets"), help="One of {presets}, or a file."
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """Print every setting of a preset as TOML, to edit and to give to `f2p-deploy train --preset FILE.toml`."""
    from dataclasses import asdict

    from f2p_deploy.training.preset_files import find_preset, preset_text

    preset = find_preset(name)
    if as_json:
        console.emit(asdict(preset))
    else:
        console.result(preset_text(preset).rstrip("\n"))
