"""The commands `f2p-deploy bundle`: create, show, change, check and pack bundles, and import networks into them."""

import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.character.schema import Schema
    from f2p_deploy.model.network_import import NetworkImport
    from f2p_deploy.model.settings import BundleSettings

bundle_app = typer.Typer(
    name="bundle", no_args_is_help=True, help="Create, show, change and check bundles.", rich_markup_mode=None
)


@bundle_app.callback()
def _bundle() -> None:
    """Create, show, change and check bundles."""


_Changed = Annotated[Path, typer.Option("--bundle", metavar="DIR", help="The bundle to change.")]


@bundle_app.command(cls=choices.CommandWithChoices)
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle to create; a new or empty folder.")],
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("presets"),
            help="Sizes and settings: {presets}, or a file as `f2p-deploy preset show` prints it.",
        ),
    ],
    schema: Annotated[
        str | None,
        typer.Option(
            "--schema",
            metavar="NAME|FILE.toml",
            autocompletion=choices.complete("schemas"),
            help="One of {schemas}, or a file; by default that of --front.",
        ),
    ] = None,
    front: Annotated[
        Path | None,
        typer.Option(
            "--front",
            metavar="DIR",
            help="Rendered pairs of the front view, on which the landmarks of the average face are measured.",
        ),
    ] = None,
    landmarker: options.Landmarker = None,
    as_json: options.Json = False,
) -> None:
    """Create a bundle without networks, to import them into and to train the others.

    Without --front it has the default average face, whose landmarks `bundle set` changes.
    """
    from f2p_deploy.model.bundle import create_bundle
    from f2p_deploy.training.preset_files import find_preset

    recipe = find_preset(preset)
    loaded, settings = _schema_and_settings(schema, front, landmarker, recipe.settings)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder: name a new one")
    facts = {"command": shlex.join(["f2p-deploy", *sys.argv[1:]]), "preset": recipe.name}
    made = create_bundle(folder, folder.absolute().name, loaded, settings, {"bundle": facts})
    if as_json:
        console.emit({"bundle": str(made.path), "schema": loaded.name, "preset": recipe.name, "networks": []})
    else:
        console.result(f"bundle: {made.path}, schema {loaded.name}, settings of the preset {recipe.name}")


def _schema_and_settings(
    schema: str | None, front: Path | None, landmarker: Path | None, settings: "BundleSettings"
) -> tuple["Schema", "BundleSettings"]:
    """Return the schema of a new bundle, and its settings with the average face of rendered pairs, if given."""
    from f2p_deploy.character.schema import load_schema

    loaded = None if schema is None else load_schema(schema)
    if front is None:
        if loaded is None:
            raise InputError("a bundle needs a schema: --schema NAME, or --front DIR for that of rendered pairs")
        return loaded, settings
    _require_torch("measuring the average face")
    from f2p_deploy.alignment import choose_finder, find_landmarker_model
    from f2p_deploy.engine.pairs import PairSet
    from f2p_deploy.training.stages import template_of

    pairs = PairSet(front)
    if loaded is not None and loaded.fingerprint != pairs.schema.fingerprint:
        raise InputError(f"the pairs in {front} are of the schema {pairs.schema.name!r}, not of this {loaded.name!r}")
    finder = choose_finder(landmarker) if find_landmarker_model(landmarker) else None
    return pairs.schema, replace(settings, alignment=template_of(pairs, finder))


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
        Path,
        typer.Argument(metavar="CHECKPOINT", help="A .pth, .pt, .pth.tar, .safetensors, .npz or dlib .dat file."),
    ],
    bundle: _Changed,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="TOML or JSON: names of our tensors = names of theirs."),
    ] = None,
    crop: Annotated[
        bool | None,
        typer.Option(
            "--crop/--whole-face",
            show_default=False,
            help="The face that LightCNN takes: the crop that its authors trained it on, by default where their "
            "checkpoint is imported and nothing is trained on the whole face yet, or the whole aligned face.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Import a network from a checkpoint instead of training it, such as the official LightCNN-29v2.

    The tensors must match the bundle's architecture; what else the file holds is left aside. torchvision's ResNet-50
    becomes the start of a segmentation network, which training finishes. A translator is trained for one recognition
    network: train it again after importing another one.
    """
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.network_import import import_network

    _require_torch("reading a checkpoint")
    command = shlex.join(["f2p-deploy", *sys.argv[1:]])
    done = import_network(load_bundle(bundle), network, checkpoint, command, mapping, crop)
    if as_json:
        facts = {"aside": list(done.aside), "outdated": list(done.outdated), "recognition": done.recognition[1]}
        provenance = done.bundle.provenance[network]
        console.emit({"bundle": str(bundle), "provenance": provenance, **facts, "rounded": done.rounded})
        return
    console.result(f"{network}: from {checkpoint.name} ({done.kind}), now in {bundle}")
    for line in _told(network, done):
        console.result(line)


def _told(network: str, done: "NetworkImport") -> list[str]:
    """Return what an import has to say beside its success."""
    from f2p_deploy.model.training_line import training_line

    lines = []
    if done.aside:
        more = f" and {len(done.aside) - 8} more" if len(done.aside) > 8 else ""
        lines.append(f"left aside: {', '.join(done.aside[:8])}{more}")
    if done.fresh:
        line = training_line(done.bundle.path, network)
        lines.append(f"a start: {', '.join(done.fresh)} are fresh, so {line} has to finish it")
    before, after = done.recognition
    if before != after:
        lines.append(f"architecture.recognition: {before} -> {after} (--crop and --whole-face choose)")
    if done.keeps_whole_face:
        lines.append(
            "it was trained on a crop of the face, but this bundle keeps the whole face, since other networks are "
            "trained on that: bundle new and this import make one with the crop"
        )
    if done.rounded:
        lines.append(
            f"its weights are rounded to half precision, since this bundle has storage float16: f2p-deploy bundle set "
            f"storage=float32 --bundle {shlex.quote(str(done.bundle.path))} and this import again keep them whole"
        )
    if done.outdated:
        lines.append(f"train again what was trained on the network before: {', '.join(done.outdated)}")
    return lines


@bundle_app.command("set")
def set_(
    assignments: Annotated[
        list[str],
        typer.Argument(metavar="KEY=VALUE...", help="Settings by dotted path, such as hybrid.iterations=50."),
    ],
    bundle: _Changed,
    as_json: options.Json = False,
) -> None:
    """Change settings of a bundle, all of them or, after an error, none.

    Keys are those that `bundle show` prints, such as similarity.content_weight, alignment.landmarks.left-eye=0.36,0.42
    or similarity.class_weights.nose. The architecture can change only while no network is stored.
    """
    from f2p_deploy.model.bundle import load_bundle, replace_settings
    from f2p_deploy.model.setting_effects import warnings_about
    from f2p_deploy.model.setting_paths import change_settings

    opened = load_bundle(bundle)
    settings, changes = change_settings(opened.settings, assignments)
    if changes:
        replace_settings(opened, settings)
    found = warnings_about(replace(opened, settings=settings), changes)
    for warning in found:
        console.sentence(warning, "warning")
    if as_json:
        console.emit({"bundle": str(bundle), "changes": [vars(change) for change in changes], "warnings": found})
        return
    for change in changes:
        console.result(f"{change.path}: {json.dumps(change.before)} -> {json.dumps(change.after)}")
    if not changes:
        console.result("nothing changed: the settings have these values already")


@bundle_app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.")],
    as_json: options.Json = False,
) -> None:
    """Check a bundle's files, weights, settings and graphs, and show where its networks come from.

    The exit code is 1 if every file is sound and something is still to be trained, and 2 if a file is damaged.
    """
    from f2p_deploy.model.bundle_check import check_whole_bundle

    checked = check_whole_bundle(folder)
    if as_json:
        parts = [vars(part) for part in checked.parts]
        console.emit({"bundle": str(folder), "fingerprint": checked.bundle.fingerprint, "parts": parts})
    else:
        console.table([(part.part, part.state, part.detail) for part in checked.parts], ("part", "state", ""))
    checked.require_whole()


@bundle_app.command()
def pack(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The bundle.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE.zip", help="The file to write.")],
    as_json: options.Json = False,
) -> None:
    """Check a bundle and write it to one .zip file; the same bundle gives the same bytes."""
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.model.bundle_pack import pack_bundle
    from f2p_deploy.system.files import require_file, sha256_of

    require_file(output)
    names, sha256 = pack_bundle(load_bundle(folder), output), sha256_of(output)
    if as_json:
        console.emit({"file": str(output), "bytes": output.stat().st_size, "sha256": sha256, "files": list(names)})
    else:
        console.result(f"{output}: {len(names)} files, {output.stat().st_size / 1e6:.2f} MB, sha256 {sha256}")


@bundle_app.command()
def unpack(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A packed bundle.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="A new or empty folder.")],
    as_json: options.Json = False,
) -> None:
    """Unpack a bundle into a new folder and check every file; after an error nothing is left there."""
    from f2p_deploy.model.bundle_pack import unpack_bundle

    bundle = unpack_bundle(file, output)
    if as_json:
        console.emit({"bundle": str(output), "name": bundle.name, "fingerprint": bundle.fingerprint})
    else:
        networks = ", ".join(bundle.networks) or "no finished network"
        console.result(f"{bundle.name}: {output}, {networks}, fingerprint {bundle.fingerprint}")


def _require_torch(purpose: str) -> None:
    from f2p_deploy.system.extras import missing_modules, require

    if "torch" in missing_modules("export"):
        require("export", purpose)
