"""The options read from a photo, their probabilities, and the parts that could not be read."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.system.errors import InputError

if TYPE_CHECKING:
    from f2p_deploy.model.networks.reader import Reader

#: Factor on the logits of the reader where a search starts from them, which makes its start nearly one-hot.
SHARPNESS = 4.0

#: Probability below which an option is marked as unsure: the other options together are more probable.
UNSURE = 0.5

#: Decimals of probabilities: runtimes and modes agree up to them, and they survive writing and reading.
DECIMALS = 4

#: Origin of a part: the photo, the schema's default if no network reads the part, or a lock.
Origin = Literal["photo", "default", "kept"]


@dataclass(frozen=True)
class ReadPart:
    """One part of a character, and how certain its reading is.

    Args:
        origin: `photo`, `default` or `kept`; only parts from the photo have a probability.
        option: the chosen option; empty for a controller.
        confidence: the network's probability of the chosen option, in [0, 1]. With `choose_options` or `default_lead`
            it may be lower than that of the next option.
        next: the most probable of the other options.
        next_confidence: its probability.
    """

    origin: Origin
    option: str = ""
    confidence: float | None = None
    next: str = ""
    next_confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON, without empty fields."""
        content: dict[str, Any] = {"from": self.origin}
        if self.option:
            content["option"] = self.option
        if self.confidence is not None and self.next_confidence is not None:
            content["confidence"] = self.confidence
            content["next"] = self.next
            content["next_confidence"] = self.next_confidence
        return content

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "ReadPart":
        """Build a part from the data of `to_dict`.

        Raises:
            InputError, KeyError, TypeError, ValueError: the data is not that of a part.
        """
        origin = data["from"]
        if origin not in get_args(Origin):
            raise InputError(f"a part is from {', '.join(get_args(Origin))}, found {origin!r}")
        if "confidence" not in data:
            return cls(origin, str(data.get("option", "")))
        sure, other = float(data["confidence"]), float(data["next_confidence"])
        return cls(origin, str(data["option"]), sure, str(data["next"]), other)


def unread_parts(schema: Schema, settings: BundleSettings, reader: "Reader | None") -> tuple[str, ...]:
    """Return the names of discrete groups and controllers that no network of a bundle predicts from photos.

    A row of the reader that had no labels is constant: every character gets the schema's default. A descriptor averaged
    over a face and its mirror image cannot tell left from right, so a search through it finds no asymmetry.
    """
    names: list[str] = []
    if reader is not None:
        alive = (reader.linear.weight != 0).any(dim=1).tolist()
        for name, part in schema.discrete_slices.items():
            if not any(alive[part.start - schema.n_c : part.stop - schema.n_c]):
                names.append(name)
        sliders = zip(read_controllers(schema), alive[schema.n_d :], strict=False)
        names += [schema.controllers[i].name for i, moves in sliders if not moves]
    elif settings.search == "surrogate":
        names += [group.name for group in schema.discrete_groups]
    if settings.search == "surrogate" and settings.similarity.mirrored:
        names += [controller.name for controller in schema.controllers if controller.asymmetric]
    return tuple(names)


def softmax_sharpness(settings: BundleSettings, mode: str) -> float:
    """Return the factor on the logits between the probabilities that were read and those that a mode ends with."""
    if mode == "one-shot" or settings.search != "surrogate":
        return 1.0
    beta = settings.iterative.beta if mode == "iterative" else settings.hybrid.beta
    return SHARPNESS * beta / settings.iterative.beta


def read_parts(
    parameters: Parameters,
    probabilities: np.ndarray,
    unread: Collection[str] | None,
    kept: Collection[str] = (),
    sharpness: float = 1.0,
) -> dict[str, ReadPart]:
    """Return the reading of each discrete group, in the schema's order, then of the controllers that were not read.

    Args:
        parameters: the character, with one option of each group.
        probabilities: (n,) output of the networks.
        unread: see `unread_parts`; None if unknown, and then the result is empty.
        kept: names of locked parts.
        sharpness: s of `softmax_sharpness`. softmax(z) is softmax(s z) to the power of 1 / s, normalised.
    """
    if unread is None:
        return {}
    schema, parts = parameters.schema, {}
    for group in schema.discrete_groups:
        option = parameters.choice(group.name)
        if group.name in kept:
            parts[group.name] = ReadPart("kept", option)
        elif group.name in unread:
            parts[group.name] = ReadPart("default", option)
        else:
            values = probabilities[schema.discrete_slices[group.name]].astype(np.float64) ** (1.0 / sharpness)
            chances = dict(zip(group.options, (values / values.sum()).round(DECIMALS).tolist(), strict=True))
            sure = chances.pop(option)
            other = max(chances, key=chances.__getitem__)
            parts[group.name] = ReadPart("photo", option, sure, other, chances[other])
    for name in unread:
        if name in schema.controller_index:
            parts[name] = ReadPart("kept" if name in kept else "default")
    return parts


def ordered_groups(schema: Schema) -> tuple[str, ...]:
    """Return the groups whose options are ordered, from light to dark.

    The reader predicts a position between such options. Their probabilities encode the position, at most 0.57 for one
    option, and not the certainty of the position.
    """
    return tuple(group.name for group in schema.discrete_groups if schema.tags.get("skin-tone") == group.name)


def unsure_parts(read: Mapping[str, ReadPart], schema: Schema) -> dict[str, ReadPart]:
    """Return the parts from the photo with a probability below `UNSURE`; ordered groups are left out."""
    ordered = ordered_groups(schema)
    return {
        name: part
        for name, part in read.items()
        if part.confidence is not None and part.confidence < UNSURE and name not in ordered
    }
