"""MakeHuman's own model file, `.mhm`: a character of the reference engine for MakeHuman and for MPFB in Blender.

The shape, the hairstyle, the brows and the eyes' colour are written. MakeHuman has no counterpart for painted colours
(skin tone, lips, beard, make-up), glasses, hair colours, and hair that has receded or is mirrored; each of these that
the character has is named in a comment of the file. MakeHuman keeps sliders in [-1, 1] and has no modifiers for
`PLUGIN_ONLY`, which MPFB knows as targets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from f2p_deploy import __version__
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.makehuman.palettes import CUTS, DEFAULTS, WITHOUT_MESH
from f2p_deploy.engine.makehuman.sliders import AGE, MACROS, OLD_AGE, ORIGINS, SLIDERS, Slider, has_sliders
from f2p_deploy.system.errors import InputError
from f2p_deploy.system.names import shown

#: The version in the file; MakeHuman 1.2 and 1.3 write this one.
MHM_VERSION = "v1.2.0"

#: Names and UUIDs of MakeHuman's meshes, from their .mhclo files, by the name of the option.
_MESHES = {
    "bob01": ("bob01", "a153cb9b-2a28-45fa-a526-04e45146268e"),
    "bob02": ("bob02", "cd7840cf-b340-49e9-a505-8a5a22a86db2"),
    "braid01": ("Braid01", "eead6f99-d6c6-4f6b-b6c2-210459d7a62e"),
    "long01": ("long01", "6c6b0bb1-3608-40b8-9108-4bfd8fa71e39"),
    "ponytail01": ("ponytail01", "44e0340e-c7a6-4d22-814c-0632968d2dde"),
    "short01": ("short01", "766436e9-63ed-4f6a-afa9-99f3acff70a8"),
    "short02": ("short02", "c104cd4a-1edc-43f9-8b94-f63345a44638"),
    "short03": ("short03", "a6cb8ad2-2e0d-4655-81ef-bfce1676ec67"),
    "short04": ("short04", "e09bfd91-f83f-4f9a-ba8c-4635cd1ae0d8"),
    "eyebrow001": ("eyebrow001", "9c81ec3a-faa5-4c94-9cdb-992300ba3084"),
    "eyebrow002": ("eyebrow002", "a4e73c2f-3a12-47c8-b706-31a68cac6907"),
    "eyebrow003": ("eyebrow003", "4089e4e3-b842-40f4-91a4-0686118f7535"),
    "eyebrow004": ("eyebrow004", "eb028b6d-3ff8-40c7-a2ea-4d9aa808b38d"),
    "eyebrow005": ("eyebrow005", "9da0aea6-fdf3-4862-baa4-0d122074179a"),
    "eyebrow006": ("eyebrow006", "bb953a1a-db43-44db-a0ad-ed8a5d6000c9"),
    "eyebrow007": ("eyebrow007", "f2092456-86eb-423f-a5c6-2e0b3117d664"),
    "eyebrow008": ("eyebrow008", "79ea307f-a942-40dd-bf50-bbaa41f02034"),
    "eyebrow009": ("eyebrow009", "55b3b52a-379e-426d-b320-562ed57202b3"),
    "eyebrow010": ("eyebrow010", "8261cde8-7ce2-47f3-a7a2-edf459c50887"),
    "eyebrow011": ("eyebrow011", "19e43555-4613-4457-ac6e-c30bf350d275"),
    "eyebrow012": ("eyebrow012", "1c16325c-7831-4166-831a-05c5b609c219"),
    "low-poly": ("Low-Poly", "1cc97a30-85a1-42e6-a9f7-b3e753732baa"),
    "eyelashes01": ("Eyelashes01", "d533836f-13ad-4836-8b65-051108253cd2"),
}

#: MakeHuman's eye materials, by the option of `eye-colour`.
_EYES = {"brown": "brown", "dark": "brown", "hazel": "brownlight", "green": "green", "blue": "blue", "grey": "grey"}

#: Controllers that are targets of MPFB without a modifier of MakeHuman, which ignores their lines.
PLUGIN_ONLY = ("chin.triangle", *(name for name in SLIDERS if name.startswith("asym.")))

#: MakeHuman's body at the values of its new model, and the skin tones that its skins of the three origins are nearest.
_BODY = {
    "macrodetails-universal/Muscle": 0.5,
    "macrodetails-universal/Weight": 0.5,
    "macrodetails-height/Height": 0.5,
    "macrodetails-proportions/BodyProportions": 0.5,
}
_DARK_SKINS = ("bronze", "brown", "sienna", "dark-brown", "umber", "ebony")

#: Groups without a counterpart in the file.
_UNMAPPED = ("hair-colour", "lip-colour", "beard", "make-up", "glasses")


@dataclass(frozen=True)
class MhmModel:
    """The content of a `.mhm` file.

    Args:
        modifiers: values by MakeHuman's name of the modifier (`nose/nose-hump-decr|incr`).
        meshes: the option of each kind of mesh: `hair`, `eyebrows`, `eyes`, `eyelashes`.
        skin: name of the skin, such as `young_asian_female`.
        iris: name of the eyes' material.
        missing: sentences on what the file cannot hold.
    """

    modifiers: Mapping[str, float]
    meshes: Mapping[str, str]
    skin: str
    iris: str
    missing: tuple[str, ...] = ()


def check_makehuman(schema: Schema) -> None:
    """Raise unless a schema has sliders of MakeHuman.

    Raises:
        InputError: it has none.
    """
    if not has_sliders(schema):
        raise InputError(f"schema {schema.name!r} has no slider of MakeHuman, so there is no .mhm of its characters")


def mhm_model(parameters: Parameters) -> MhmModel:
    """Return a character in MakeHuman's terms.

    Raises:
        InputError: the schema is not MakeHuman's.
    """
    check_makehuman(parameters.schema)
    units = parameters.in_engine_units()
    look = DEFAULTS | {group.name: parameters.choice(group.name) for group in parameters.schema.discrete_groups}
    missing: list[str] = []
    modifiers = _macros(units, missing)
    for name, value in units.items():
        if name in SLIDERS:
            limit = _within(name, min(value, 1.0) if name == AGE else value, missing)
            modifiers |= dict(_modifiers(SLIDERS[name], limit))
        elif name not in MACROS and value != 0.0:
            missing.append(f"{name} {value:.6g}")
    hair, receded, mirrored = CUTS.get(look["hair"], (look["hair"], 0.0, False))
    meshes = {"eyes": "low-poly", "eyelashes": "eyelashes01", "eyebrows": look["eyebrows"]}
    if hair not in WITHOUT_MESH:
        meshes["hair"] = hair
    if receded or mirrored or look["hair"] in WITHOUT_MESH[1:]:
        missing.append(f"hair {look['hair']}{f' (written as {hair})' if 'hair' in meshes else ''}")
    missing += [f"{group} {look[group]}" for group in _UNMAPPED if look[group] not in ("none", "natural")]
    skin = _skin(units, look["skin-tone"])
    missing.append(f"skin-tone {look['skin-tone']} (written as {skin})")
    return MhmModel(modifiers, meshes, skin, _EYES[look["eye-colour"]], tuple(missing))


def mhm_text(parameters: Parameters, name: str = "character") -> str:
    """Return the text of a character's `.mhm` file.

    Args:
        parameters: the character, of a schema with MakeHuman's sliders.
        name: its name in MakeHuman.

    Raises:
        InputError: the schema is not MakeHuman's.

    Example:
        >>> from f2p_deploy.character.parameters import average
        >>> from f2p_deploy.character.schema import load_schema
        >>> mhm_text(average(load_schema("makehuman")), "anna").splitlines()[1:3]
        ['version v1.2.0', 'name anna']
    """
    model = mhm_model(parameters)
    lines = [f"# Written by f2p-deploy {__version__}", f"version {MHM_VERSION}", f"name {shown(name)}"]
    lines += [f"# not in this file: {sentence}" for sentence in model.missing]
    lines += [f"modifier {modifier} {value:.6f}" for modifier, value in model.modifiers.items()]
    for kind, option in model.meshes.items():
        lines.append(f"{kind} {' '.join(_MESHES[option])}")
    lines += [
        f"skinMaterial skins/{model.skin}/{model.skin}.mhmat",
        f"material {' '.join(_MESHES['low-poly'])} eyes/materials/{model.iris}.mhmat",
        "skeleton default.mhskel",
        "clothesHideFaces True",
        "subdivide False",
    ]
    return "\n".join(lines) + "\n"


def _modifiers(slider: Slider, value: float) -> Iterator[tuple[str, float]]:
    """Yield a slider's modifiers with their values; targets without a modifier of MakeHuman by their own names."""
    sides = ("l-", "r-") if slider.sided else ("",)
    if value == 0.0:
        return
    if slider.folder == "asym":
        word = slider.high if value > 0 else slider.low
        yield f"asym/{slider.stem}-{word}", abs(value)
        return
    words = f"-{slider.low}|{slider.high}" if slider.low else f"-{slider.high}" if slider.high else ""
    for side in sides:
        yield f"{slider.folder}/{side}{slider.stem}{words}", value


def _macros(units: Mapping[str, float], missing: list[str]) -> dict[str, float]:
    """Return the values of MakeHuman's macro modifiers; what they cannot hold is added to `missing`.

    The engine adds to the mean of all heads k_o (head of origin o - mean); MakeHuman's head is a mean of the origins'
    heads with weights that add up to 1: w_o = (1 - sum of k) / 3 + k_o.
    """
    shares = {origin: units.get(f"head.{origin}", 0.0) for origin in ORIGINS}
    rest = (1.0 - sum(shares.values())) / len(ORIGINS)
    weights = {origin: rest + share for origin, share in shares.items()}
    if min(weights.values()) < 0.0:
        missing.append(f"origins {', '.join(f'{origin} {weight:.4g}' for origin, weight in weights.items())}")
        weights = {origin: max(0.0, weight) for origin, weight in weights.items()}
    total = sum(weights.values())
    gender = _within("head.masculinity", units.get("head.masculinity", 0.5), missing, lowest=0.0)
    sagging = max(0.0, units.get(AGE, 0.0) - 1.0) / (OLD_AGE - 1.0)
    macros = {"macrodetails/Gender": gender, "macrodetails/Age": 0.5 + 0.5 * _within("old age", sagging, missing)}
    macros |= {f"macrodetails/{origin.title()}": weight / total for origin, weight in weights.items()}
    return macros | _BODY


def _within(name: str, value: float, missing: list[str], lowest: float = -1.0) -> float:
    """Return a value within MakeHuman's limits; one beyond them is added to `missing`."""
    limit = min(1.0, max(lowest, value))
    if limit != value:
        missing.append(f"{name} {value:.6g} (written as {limit:g})")
    return limit


def _skin(units: Mapping[str, float], tone: str) -> str:
    """Return the name of the skin of MakeHuman that is nearest in age, origin and sex."""
    age = units.get(AGE, 0.0)
    years = "young" if age < 1.0 else "middleage" if age < 2.0 else "old"
    asian = units.get("head.asian", 0.0) > max(units.get("head.african", 0.0), units.get("head.caucasian", 0.0))
    origin = "african" if tone in _DARK_SKINS else "asian" if asian else "caucasian"
    return f"{years}_{origin}_{'male' if units.get('head.masculinity', 0.5) > 0.5 else 'female'}"
