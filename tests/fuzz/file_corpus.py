"""Sound files of every kind that a command reads, and the commands that read them."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mutations import damage_bytes, damage_json, damage_text

import f2p_deploy
from f2p_deploy.artifact.manifest import sealed
from f2p_deploy.character.parameter_files import write_parameters
from f2p_deploy.character.parameters import Parameters, average, random_batch
from f2p_deploy.character.schema import load_schema
from f2p_deploy.training.preset_files import find_preset, preset_text

#: The package's folder.
PACKAGE = Path(f2p_deploy.__file__).parent

Damage = Callable[[bytes, random.Random], bytes]

#: Where commands write, below the corpus' folder.
OUT = "out"


class Target(NamedTuple):
    """A file to damage.

    Args:
        kind: of the file.
        file: below the corpus' folder.
        damage: gives its damaged content.
        commands: that read it; words of f2p-deploy.
        seal: makes other files agree with the damaged one, so that a hash does not hide what comes after it.
        weight: how often it is damaged.
    """

    kind: str
    file: str
    damage: Damage
    commands: tuple[tuple[str, ...], ...]
    seal: Callable[[Path, str, bytes], dict[str, bytes]] | None = None
    weight: int = 4


def make_corpus(folder: Path, run: Callable[..., int], bundle: Path | None = None, pairs: bool = False) -> list[Target]:
    """Write the files; return what to damage.

    Args:
        folder: an empty folder; commands run in it.
        run: runs a command line and returns its exit code.
        bundle: a bundle with an artifact in the same folder, to damage, too.
        pairs: render pairs with the reference engine, too.
    """
    schema = load_schema("makehuman")
    some = Parameters(schema, random_batch(schema, 1, 1)[0])
    for suffix in ("json", "csv", "f32"):
        write_parameters(folder / f"a.{suffix}", some)
    (folder / "sheet" / "anna").mkdir(parents=True)
    write_parameters(folder / "sheet" / "anna" / "parameters.json", average(schema))
    review = {"format": "f2p-review", "version": 1, "entries": {"anna": {"state": "kept", "character": "0" * 64}}}
    (folder / "sheet" / "review.json").write_text(json.dumps(review))
    (folder / "t.txt").write_text(TEMPLATE)
    (folder / "m.toml").write_text(MAPPING)
    (folder / "tokens").write_text("# two\n0123456789abcdef\n" + "f" * 64 + "\n")
    (folder / "s.toml").write_bytes((PACKAGE / "character" / "schemas" / "justice-female.toml").read_bytes())
    (folder / "p.toml").write_text(preset_text(find_preset("lite")))
    assert run("bundle", "new", "new", "--preset", "p.toml", "--schema", "makehuman") == 0
    filled = ("convert", "a.json", "--template", "t.txt", "--mapping", "m.toml", "-o", f"{OUT}/t.txt")
    shown = ("schema", "show", "s.toml")
    targets = [
        Target("parameters", "a.json", damage_json, _converted("a.json"), weight=12),
        Target("parameters", "a.csv", damage_text, _converted("a.csv", "--schema", "makehuman"), weight=8),
        Target("parameters", "a.f32", damage_bytes, _converted("a.f32", "--schema", "makehuman"), weight=6),
        Target("folder of a run", "sheet/anna/parameters.json", damage_json, _converted("sheet"), weight=3),
        Target("review", "sheet/review.json", damage_json, (("sheet", "sheet"),)),
        Target("template", "t.txt", damage_text, (filled,)),
        Target("mapping", "m.toml", damage_text, (filled,)),
        Target("schema", "s.toml", damage_text, (shown, (*shown, "--json"), _CONVERT_OWN), weight=6),
        Target("preset", "p.toml", damage_text, (("bundle", "new", f"{OUT}/b", "--preset", "p.toml", *_OWN),)),
        Target("tokens", "tokens", damage_text, (("serve", "--tokens", "tokens", "--host", "a..b"),)),
        Target("bundle", "new/bundle.json", damage_json, _bundle_commands("new"), weight=8),
    ]
    if bundle is not None:
        targets += _bundle_targets(folder, bundle, run)
    if pairs:
        targets += _pairs_targets(folder, run)
    return targets


TEMPLATE = """{{ name }} {{ Nose }} {{ Hair }}
{% for slider, value in units.items() %}{{ slider }}={{ value }}
{% endfor %}"""
MAPPING = """[values.Nose]
from = "nose.width"
range = [-100, 100]
offset = 0
decimals = 0

[values.Hair]
from = "hair"
"""
_OWN = ("--schema", "makehuman")
_CONVERT_OWN = ("convert", "a.json", "--schema", "s.toml", "--to", "csv", "-o", f"{OUT}/a.csv")


def _converted(file: str, *words: str) -> tuple[tuple[str, ...], ...]:
    return tuple(
        ("convert", file, *words, "--to", form, "-o", out)
        for form, out in (("csv", f"{OUT}/a.csv"), ("units", OUT), ("json", OUT), ("mhm", OUT), ("units", "-"))
    )


def _bundle_commands(folder: str) -> tuple[tuple[str, ...], ...]:
    return (
        ("bundle", "show", folder),
        ("bundle", "show", folder, "--json"),
        ("bundle", "set", "iterative.steps=40", "--bundle", folder),
        ("convert", "a.json", "--bundle", folder, "--to", "csv", "-o", f"{OUT}/a.csv"),
        ("render", "--average", "--bundle", folder, "-o", f"{OUT}/a.png"),
    )


def _bundle_targets(folder: Path, bundle: Path, run: Callable[..., int]) -> list[Target]:
    """Return the files of a bundle with networks and of its artifact."""
    shutil.copytree(bundle, folder / "full", ignore=shutil.ignore_patterns("drawn"))
    draw = ("render", "--average", "--artifact", "full", "--runtime", "onnxruntime", "-o", f"{OUT}/a.png")
    drawn = (("render", "a.json", "--bundle", "full", "-o", f"{OUT}/a.png"),)
    look = (("inspect", "full"), ("inspect", "full", "--json"), ("verify", "full"), draw)
    targets = [
        Target("artifact", "full/manifest.json", damage_json, look[:2], weight=2),
        Target("artifact, sealed", "full/manifest.json", _then_seal(damage_json), (*look[:2], draw), weight=4),
        Target("golden", "full/golden.npz", damage_bytes, look[2:3], weight=1),
        Target("networks", "full/imitator.safetensors", _damage_head, drawn, _record_in_bundle, weight=2),
        Target("networks", "full/imitator.safetensors", damage_bytes, drawn, weight=1),
        Target("graph", "full/render.onnx", damage_bytes, (draw,), weight=1),
    ]
    assert run("bundle", "pack", "full", "-o", "full.zip") == 0
    unpacked = (("bundle", "unpack", "full.zip", "-o", f"{OUT}/b"),)
    return [*targets, Target("packed bundle", "full.zip", _damage_ends, unpacked, weight=1)]


def _pairs_targets(folder: Path, run: Callable[..., int]) -> list[Target]:
    """Return the files of rendered pairs."""
    assert run("engine", "render", "--count", "3", "--size", "64", "--workers", "1", "-o", "pairs") == 0
    check = (("engine", "check", "pairs"), ("engine", "check", "pairs", "--json"))
    damages = {".json": damage_json, ".jsonl": damage_text}
    files = sorted(path for path in (folder / "pairs").rglob("*") if path.is_file())
    return [
        Target("pairs", path.relative_to(folder).as_posix(), damages.get(path.suffix, damage_bytes), check, weight=2)
        for path in files
    ]


def _damage_head(content: bytes, choice: random.Random) -> bytes:
    """Return a safetensors file with its header damaged."""
    length = 8 + int.from_bytes(content[:8], "little")
    if choice.random() < 0.3:
        return damage_bytes(content[:length], choice) + content[length:]
    head = damage_json(content[8:length], choice)
    return len(head).to_bytes(8, "little") + head + content[length:]


def _damage_ends(content: bytes, choice: random.Random) -> bytes:
    """Return a zip file damaged near its start or its end, where its lists are."""
    if choice.random() < 0.5:
        return damage_bytes(content[:200], choice) + content[200:]
    return content[:-900] + damage_bytes(content[-900:], choice)


def _then_seal(damage: Damage) -> Damage:
    """Return the damage to a manifest, with a digest that is right again."""

    def sealing(content: bytes, choice: random.Random) -> bytes:
        try:
            return sealed(json.loads(damage(content, choice))).encode()
        except (ValueError, AttributeError, RecursionError):  # no object any more, or not a number
            return damage(content, choice)

    return sealing


def _record_in_bundle(folder: Path, file: str, content: bytes) -> dict[str, bytes]:
    """Return `bundle.json` with the hash of a damaged file, by its path below the corpus' folder."""
    path = folder / Path(file).parent / "bundle.json"
    data = json.loads(path.read_bytes())
    data["files"][Path(file).name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return {path.relative_to(folder).as_posix(): json.dumps(data).encode()}
