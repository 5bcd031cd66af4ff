"""The commands `f2p-deploy bundle`: show a bundle, or import a network into it."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options

bundle_app = typer.Typer(
    name="bundle", no_args_is_help=True, help="Show and change bundles.", rich_markup_mode=None
)


@bundle_app.callback()
def _bundle() -> None:
    """Show and change bundles."""


@bundle_app.command()
def show(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="The bundle; the demo bundle if not given.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Show a bundle's schema, sizes, networks, settings and provenance."""
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_summary import summarise_bundle
    from f2p_deploy.model.settings import to_data

    opened = load_bundle(folder)
    summary = summarise_bundle(opened)
    if as_json:
        console.emit(summary)
        return
    schema = opened.schema
    console.result(f"{opened.name}: {opened.path}")
    console.result(
        f"schema {schema.name}: {schema.n} parameters, {schema.n_c} controllers in {len(schema.groups)} groups, "
        f"{schema.n_d} options in {len(schema.discrete_groups)} discrete groups"
    )
    console.result(f"fingerprint {opened.fingerprint}\n")
    rows = [
        (part["name"], f"{part['parameters']:,}", part["dtype"], f"{part['bytes'] / 1e6:.2f} MB")
        for part in summary["parts"]
    ]
    console.table(rows, ("part", "parameters", "stored as", "size"))
    console.result("\nsettings:")
    for section, values in to_data(opened.settings).items():
        console.result(f"  {section}: {json.dumps(values)}")
    console.result("\nprovenance:" if opened.provenance else "\nprovenance: none")
    for part, facts in opened.provenance.items():
        console.result(f"  {part}")
        for key, value in facts.items():
            console.result(f"    {key}: {value if isinstance(value, str) else json.dumps(value)}")


@bundle_app.command("import", cls=choices.CommandWithChoices)
def import_(
    network: Annotated[
        str, typer.Argument(metavar="NETWORK", autocompletion=choices.complete("networks"), help="One of {networks}.")
    ],
    checkpoint: Annotated[
        Path, typer.Argument(metavar="CHECKPOINT", help="A PyTorch checkpoint or a .safetensors file.")
    ],
    bundle: Annotated[Path, typer.Option("--bundle", metavar="DIR", help="The bundle to change.")],
    as_json: options.Json = False,
) -> None:
    """Import a network from a checkpoint instead of training it, such as the official LightCNN-29v2.

    The checkpoint's tensors must match the bundle's architecture. A translator is trained for one recognition network:
    train it again after importing another one.
    """
    from f2p_deploy.model.bundle import import_network, load_bundle
    from f2p_deploy.system.extras import missing_modules, require

    if "torch" in missing_modules("export"):
        require("export", "reading a checkpoint")
    changed = import_network(load_bundle(bundle), network, checkpoint, shlex.join(["f2p-deploy", *sys.argv[1:]]))
    if as_json:
        console.emit({"bundle": str(changed.path), "provenance": changed.provenance[network]})
    else:
        console.result(f"{network}: from {checkpoint.name}, now in {changed.path}")
