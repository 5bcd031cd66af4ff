"""What was read from a photo: the options chosen, how probable they are, and what could not be read at all."""

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

#: By how much scores of the reader are sharpened where a search starts from them: nearly one option.
SHARPNESS = 4.0

#: Below this probability an option is worth a look: any other is more likely than the one chosen.
UNSURE = 0.5

#: Of probabilities: runtimes and modes agree that far, and what is read back is what was written.
DECIMALS = 4

#: Where a part comes from: the photo, the schema's default for want of anything that reads it, or a lock.
Origin = Literal["photo", "default", "kept"]


@dataclass(frozen=True)
class ReadPart:
    """One part of a character, and how surely it was read.

    Args:
        origin: where it comes from; only parts from the photo have a probability.
        option: the one chosen; empty for a controller.
        confidence: its probability in [0, 1], before one option was chosen: the network's own, which has learned from
            other people than the one in the photo. An option that was tried out or preferred (`choose_options`,
            `default_lead`) may be less probable than the next.
        next: the most probable of the others.
        next_confidence: its probability.
    """

    origin: Origin
    option: str = ""
    confidence: float | None = None
    next: str = ""
    next_confidence: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON; what there is nothing to say about is left out."""
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
        """Build a part from what `to_dict` gave.

        Raises:
            InputError, KeyError, TypeError, ValueError: it is something else.
        """
        origin = data["from"]
        if origin not in get_args(Origin):
            raise InputError(f"a part is from {', '.join(get_args(Origin))}, found {origin!r}")
        if "confidence" not in data:
            return cls(origin, str(data.get("option", "")))
        sure, other = float(data["confidence"]), float(data["next_confidence"])
        return cls(origin, str(data["option"]), sure, str(data["next"]), other)


def unread_parts(schema: Schema, settings: BundleSettings, reader: "Reader | None") -> tuple[str, ...]:
    """Return the names of discrete groups and controllers that nothing in a bundle reads from photos.

    A row of the reader that had no labels is constant: everybody gets the schema's default. A descriptor that a face
    and its mirror image share does not say which side is which, so a search through it finds no unevenness.
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
    """Return by how much the probabilities that a mode ends with are sharper than those that were read."""
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
    """Return what was read of each discrete group, in the schema's order, then of controllers that nothing reads.

    Args:
        parameters: the character, one option of each group chosen.
        probabilities: (n,) the groups as the networks left them.
        unread: see `unread_parts`; None if nobody knows, and then nothing is claimed.
        kept: names that were locked.
        sharpness: see `softmax_sharpness`. softmax(s z) to the power of 1/s, over its sum, is softmax(z).
    """
    if unread is None:
        return {}
    schema, found = parameters.schema, {}
    for group in schema.discrete_groups:
        option = parameters.choice(group.name)
        if group.name in kept:
            found[group.name] = ReadPart("kept", option)
        elif group.name in unread:
            found[group.name] = ReadPart("default", option)
        else:
            values = probabilities[schema.discrete_slices[group.name]].astype(np.float64) ** (1.0 / sharpness)
            chances = dict(zip(group.options, (values / values.sum()).round(DECIMALS).tolist(), strict=True))
            sure = chances.pop(option)
            other = max(chances, key=chances.__getitem__)
            found[group.name] = ReadPart("photo", option, sure, other, chances[other])
    for name in unread:
        if name in schema.controller_index:
            found[name] = ReadPart("kept" if name in kept else "default")
    return found


def ordered_groups(schema: Schema) -> tuple[str, ...]:
    """Return the groups whose options lie on a line, from light to dark.

    These are read as a place on it. Their probabilities say between which two it lies, never more than 0.57 for one,
    and not how sure the place is.
    """
    return tuple(group.name for group in schema.discrete_groups if schema.tags.get("skin-tone") == group.name)


def unsure_parts(read: Mapping[str, ReadPart], schema: Schema) -> dict[str, ReadPart]:
    """Return the parts from the photo that are worth a look: less probable than `UNSURE`, and not on a line."""
    on_a_line = ordered_groups(schema)
    return {
        name: part
        for name, part in read.items()
        if part.confidence is not None and part.confidence < UNSURE and name not in on_a_line
    }
