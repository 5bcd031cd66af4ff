"""Test cases for F2PKit's search through the shortcut: choices of options and a true loss, found by the Python code."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from f2p_deploy.artifact.artifact import Artifact, GraphEntry, TensorSpec
from f2p_deploy.character.parameters import harden
from f2p_deploy.character.schema import Schema
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.fast_search import true_losses
from f2p_deploy.runtimes.option_choice import choose_options_fast

#: Number of characters in one call: few, so that the options of most schemas take several calls.
COUNT = 5

#: Lengths of the embedding and of the content.
IDENTITY, CONTENT = 8, 12

#: The loss without any cost. All costs are whole numbers, so that their sums are exact.
_LOSS = 1024


@dataclass(frozen=True)
class OptionCosts:
    """A content loss by formula: `_LOSS`, the cost of each chosen option, and of each pair that is chosen together.

    Args:
        single: (n,) cost of each parameter; 0 for controllers.
        pairs: places of two options, and what both together cost.
    """

    single: np.ndarray
    pairs: tuple[tuple[int, int, int], ...]

    def losses(self, parameters: np.ndarray) -> np.ndarray:
        """Return the (N,) float32 losses of (N, n) parameters with one option in each group."""
        together = sum(cost * parameters[:, i] * parameters[:, j] for i, j, cost in self.pairs)
        return (_LOSS + parameters @ self.single + together).astype(np.float32)


def option_cases(artifact: Artifact, soft: np.ndarray) -> dict[str, Any]:
    """Return cases of a choice of options by formula: with all groups free, and with one of the first two locked.

    Args:
        artifact: gives the schema and the settings.
        soft: (n,) parameters; the choice starts at their most probable options.
    """
    schema = Schema.from_dict(artifact.manifest.schema, f"{artifact.folder}: schema")
    start = harden(soft, schema)
    costs = option_costs(schema, start)
    runtime = _Formula(artifact, schema, costs)
    photo = {"identity": np.ones((1, IDENTITY), np.float32), "content": np.ones((1, CONTENT), np.float32)}
    cases = []
    for names in ((), tuple(schema.discrete_slices)[1:2]):
        locked = np.zeros(schema.n, bool)
        for name in names:
            locked[schema.discrete_slices[name]] = True
        chosen = choose_options_fast(runtime, photo, start, locked)
        cases.append({"locked": list(names), "chosen": chosen.tolist()})
    return {
        "count": COUNT,
        "loss": _LOSS,
        "single": costs.single.tolist(),
        "pairs": [{"first": i, "second": j, "cost": cost} for i, j, cost in costs.pairs],
        "start": start.tolist(),
        "cases": cases,
    }


def option_costs(schema: Schema, start: np.ndarray) -> OptionCosts:
    """Return costs by which a change of both of the first two groups is good, and of either alone is bad.

    Args:
        schema: with any number of groups.
        start: (n,) parameters with one option in each group.
    """
    rng = np.random.default_rng(0)
    single = np.zeros(schema.n, np.float32)
    parts = list(schema.discrete_slices.values())
    pairs = []
    for one, other in zip(parts, parts[1:], strict=False):
        pairs.append((int(rng.integers(one.start, one.stop)), int(rng.integers(other.start, other.stop)), 16))
    others = []
    for i, part in enumerate(parts):
        present = part.start + int(start[part].argmax())
        changed = [place for place in range(part.start, part.stop) if place != present]
        if i < 2 and changed:
            single[part] = 768
            single[present], single[changed[-1]] = 0, 512
            others.append(changed[-1])
        else:
            single[part] = rng.integers(0, 64, part.stop - part.start)
    if len(others) == 2:
        pairs.append((others[0], others[1], -1536))
    return OptionCosts(single, tuple(pairs))


def loss_case(artifact: Artifact) -> dict[str, Any]:
    """Return the descriptions of a drawn character and of a photo, and the true loss of eq. 9 between them."""
    schema = Schema.from_dict(artifact.manifest.schema, f"{artifact.folder}: schema")
    rng = np.random.default_rng(1)
    drawn, photo = (
        {
            "identity": rng.standard_normal((1, IDENTITY)).astype(np.float32),
            "content": rng.random((1, CONTENT)).astype(np.float32),
        }
        for _ in range(2)
    )
    start = np.zeros((1, schema.n), np.float32)
    runtime = _Formula(artifact, schema, option_costs(schema, start[0]), drawn)
    return {
        "drawn": {name: value[0].tolist() for name, value in drawn.items()},
        "photo": {name: value[0].tolist() for name, value in photo.items()},
        "loss": float(true_losses(runtime, start, photo)[0]),
    }


class _Formula(Runtime):
    """Computes by formulas what an artifact's networks would.

    Args:
        artifact: gives the settings.
        schema: the artifact's.
        costs: the content losses that `compare_fast` gives.
        drawn: what `describe` gives of every picture.
    """

    name = "formula"
    summary = "formulas for test cases"
    suffixes = ()
    module = "numpy"

    def __init__(
        self,
        artifact: Artifact,
        schema: Schema,
        costs: OptionCosts,
        drawn: dict[str, np.ndarray] | None = None,
    ) -> None:
        identity, content = _tensor("identity", 1, IDENTITY), _tensor("content", 1, CONTENT)
        compared = (_tensor("parameters", COUNT, schema.n), identity, content)
        graphs = {
            "compare_fast": _entry(compared, (_tensor("content_loss", COUNT),), ("identity", "content")),
            "render": _entry((_tensor("parameters", 1, schema.n),), (_tensor("image", 1, 1),)),
            "describe": _entry((_tensor("face", 1, 1),), (identity, content)),
        }
        super().__init__(Artifact(artifact.folder, replace(artifact.manifest, graphs=graphs)))
        self.costs = costs
        self.drawn = drawn or {}

    def describe_device(self) -> str:
        """Return what computes."""
        return "NumPy"

    def _compute(self, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        if graph == "compare_fast":
            return {"content_loss": self.costs.losses(inputs["parameters"])}
        return {"image": np.zeros((1, 1), np.float32)} if graph == "render" else self.drawn


def _tensor(name: str, *shape: int) -> TensorSpec:
    return TensorSpec(name, "float32", shape, "")


def _entry(inputs: tuple[TensorSpec, ...], outputs: tuple[TensorSpec, ...], shared: tuple[str, ...] = ()) -> GraphEntry:
    return GraphEntry("", inputs, outputs, "fp32", "fp32", shared)
