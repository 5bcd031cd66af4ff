"""Files of names: which tensor of a foreign checkpoint is which of a network's. TOML or JSON, a rule a tensor.

    "conv1" = "features.0"                                   # conv1.weight = features.0.weight, and so on
    "fc.weight" = { name = "embed/kernel", transpose = true }
    "classifier" = false                                     # not in the checkpoint: fresh, for training to start from

The longest rule wins; a tensor without a rule has the same name in both. The rule "" stands for all names.
"""

import json
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from f2p_deploy.character.schema import suggestion
from f2p_deploy.system.causes import place_of, reason_of_text
from f2p_deploy.system.errors import InputError


@dataclass(frozen=True)
class NameRule:
    """One line of a mapping.

    Args:
        ours: name of a tensor of the network, or a prefix of names that ends at a dot.
        theirs: the same of the checkpoint; None for tensors that it does not hold.
        transpose: true to reverse the order of the axes; a tuple gives their new order.
    """

    ours: str
    theirs: str | None
    transpose: bool | tuple[int, ...] = False

    def applies_to(self, name: str) -> bool:
        """Return whether the rule is for a tensor of the network."""
        return self.ours in ("", name) or name.startswith(self.ours.rstrip(".") + ".")

    def name_of(self, name: str) -> str | None:
        """Return the name in the checkpoint of a tensor to which the rule applies."""
        if self.theirs is None or name == self.ours:
            return self.theirs
        rest = name[len(self.ours.rstrip(".")) :].lstrip(".") if self.ours else name
        joint = "" if not self.theirs or self.theirs[-1] in "./" else "."
        return f"{self.theirs}{joint}{rest}"

    def turned(self, tensor: torch.Tensor) -> torch.Tensor:
        """Return a tensor with the axes in the network's order; vectors stay as they are."""
        if self.transpose is False or tensor.ndim < 2:
            return tensor
        if self.transpose is True:
            return tensor.permute(*reversed(range(tensor.ndim))).contiguous()
        return tensor.permute(*self.transpose).contiguous() if len(self.transpose) == tensor.ndim else tensor


def load_name_map(path: Path) -> tuple[NameRule, ...]:
    """Read a mapping from a `.toml` or `.json` file.

    Raises:
        InputError: the file cannot be read, or a rule is not one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = reason_of_text(error)
        raise InputError(f"cannot read the mapping {path}: {reason}") from error
    kind = "JSON" if path.suffix == ".json" else "TOML"
    try:
        data = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the mapping {path} is not valid {kind}{place_of(error)}") from error
    if not isinstance(data, dict) or not data:
        raise InputError(f'the mapping {path} holds no rules, such as "conv1" = "features.0"')
    return tuple(_rules(data, "", path))


def tensors_by_rules(
    names: Collection[str], rules: Collection[NameRule], tensors: Mapping[str, torch.Tensor], where: str
) -> tuple[dict[str, torch.Tensor], tuple[str, ...], set[str]]:
    """Return a checkpoint's tensors by the names of a network.

    Args:
        names: of the network's tensors.
        rules: of the mapping.
        tensors: of the checkpoint.
        where: the checkpoint in words, for error messages.

    Returns:
        The tensors by our names, without those that the checkpoint lacks; our names that a rule declares fresh; and
        the names of theirs that were used.

    Raises:
        InputError: a rule is for no tensor of the network, or names a tensor that the checkpoint does not hold.
    """
    found: dict[str, torch.Tensor] = {}
    fresh: list[str] = []
    used: set[str] = set()
    applied: set[str] = set()
    for name in names:
        fitting = [rule for rule in rules if rule.applies_to(name)]
        rule = max(fitting, key=lambda one: len(one.ours), default=NameRule("", ""))
        applied |= {one.ours for one in fitting}
        theirs = rule.name_of(name)
        if theirs is None:
            fresh.append(name)
        elif theirs in tensors:
            found[name] = rule.turned(tensors[theirs])
            used.add(theirs)
        elif fitting and not name.endswith(".num_batches_tracked"):
            raise InputError(
                f"{name} should come from {theirs}, which {where} does not hold{suggestion(theirs, sorted(tensors))}"
            )
    for rule in rules:
        if rule.ours not in applied:
            split = [name.split(".") for name in names]
            known = sorted({".".join(parts[: end + 1]) for parts in split for end in range(len(parts))})
            raise InputError(
                f"the mapping's rule {rule.ours!r} is for no tensor of the network{suggestion(rule.ours, known)}"
            )
    return found, tuple(fresh), used


def _rules(data: Mapping[str, Any], before: str, path: Path) -> Iterator[NameRule]:
    """Yield the rules of a table; names with dots that are not quoted in TOML are tables within tables."""
    for key, value in data.items():
        ours = f"{before}{key}"
        if isinstance(value, str):
            yield NameRule(ours, value)
        elif value is False:
            yield NameRule(ours, None)
        elif isinstance(value, dict) and isinstance(value.get("name"), str) and set(value) <= {"name", "transpose"}:
            yield NameRule(ours, value["name"], _transpose(value.get("transpose", False), ours, path))
        elif isinstance(value, dict) and value:
            yield from _rules(value, f"{ours}.", path)
        else:
            raise InputError(
                f"the mapping {path}: {ours!r} should be a name, false, or name and transpose, found {value!r}"
            )


def _transpose(value: object, ours: str, path: Path) -> bool | tuple[int, ...]:
    if isinstance(value, bool):
        return value
    if isinstance(value, list) and sorted(map(str, value)) == sorted(map(str, range(len(value)))):
        return tuple(int(axis) for axis in value)
    raise InputError(
        f"the mapping {path}: transpose of {ours!r} should be true or a list such as [3, 2, 0, 1], found {value!r}"
    )
