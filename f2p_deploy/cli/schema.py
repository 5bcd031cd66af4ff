"""The commands `f2p-deploy schema`: list and show schemas."""

from typing import Annotated

import typer

from f2p_deploy.cli import choices, console, options

schema_app = typer.Typer(name="schema", no_args_is_help=True, help="List and show schemas.", rich_markup_mode=None)


@schema_app.command("list")
def list_schemas(as_json: options.Json = False) -> None:
    """List the schemas that come with f2p-deploy."""
    from f2p_deploy.character.schema import load_schema, shipped_schemas

    schemas = [load_schema(name) for name in shipped_schemas()]
    if as_json:
        console.emit({"schemas": [{"name": s.name, "n": s.n, "n_c": s.n_c, "n_d": s.n_d} for s in schemas]})
        return
    rows = [(s.name, str(s.n_c), str(s.n_d), s.description.strip().split("\n")[0]) for s in schemas]
    console.table(rows, ("schema", "controllers", "options", "what it is"))


@schema_app.command(cls=choices.CommandWithChoices)
def show(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE.toml", autocompletion=choices.complete("schemas"), help="One of {schemas}, or a file."
        ),
    ],
    as_json: options.Json = False,
) -> None:
    """Show a schema's controllers, discrete groups and tags."""
    from f2p_deploy.character.schema import load_schema

    schema = load_schema(name)
    if as_json:
        console.emit(schema.to_dict())
        return
    rows = [
        (c.name, c.group, f"{c.default:g}", f"{c.low:g} to {c.high:g}{', asymmetric' if c.asymmetric else ''}")
        for c in schema.controllers
    ]
    console.table(rows, ("controller", "group", "default", "engine's range"))
    for group in schema.discrete_groups:
        options_ = ", ".join(f"[{o}]" if o == group.default else o for o in group.options)
        console.result(f"{group.name}: {options_}")
    for role, part in schema.tags.items():
        console.result(f"tag {role}: {part}")
