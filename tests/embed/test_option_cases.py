"""The cases of the search through the shortcut: two changes that are good only together, and a loss by hand."""

import json

import numpy as np
import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.parameters import average, random_batch
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.option_cases import COUNT, OptionCosts, loss_case, option_cases, option_costs
from f2p_deploy.model.settings import BundleSettings, from_data


@pytest.mark.parametrize("at_default", [True, False])
def test_two_groups_change_together_unless_one_is_locked(coreml_artifact: Artifact, at_default: bool) -> None:
    schema = Schema.from_dict(coreml_artifact.manifest.schema)
    soft = average(schema).values if at_default else random_batch(schema, 1, 0)[0]
    case = json.loads(json.dumps(option_cases(coreml_artifact, soft)))
    free, locked = case["cases"]
    start = np.array(case["start"], np.float32)
    hair, lips = schema.discrete_slices.values()
    assert case["count"] == COUNT and len(start) == schema.n
    for part in (hair, lips):
        assert np.array(free["chosen"])[part].argmax() != start[part].argmax()
    assert locked["locked"] == ["lips"] and locked["chosen"] == case["start"], "either alone is worse"


def test_the_costs_are_whole_and_no_loss_is_negative(coreml_artifact: Artifact) -> None:
    schema = Schema.from_dict(coreml_artifact.manifest.schema)
    costs = option_costs(schema, average(schema).values)
    assert np.array_equal(costs.single, costs.single.round())
    losses = costs.losses(np.eye(schema.n, dtype=np.float32)[:, None].max(axis=1))
    assert (losses > 0).all()
    pair = OptionCosts(np.array([0, 2, 3], np.float32), ((1, 2, -1),))
    assert pair.losses(np.array([[0.5, 1, 1]], np.float32)).tolist() == [1024 + 2 + 3 - 1]


def test_the_true_loss_by_hand(coreml_artifact: Artifact) -> None:
    case = loss_case(coreml_artifact)
    similarity = from_data(BundleSettings, coreml_artifact.manifest.settings, "").similarity
    drawn, photo = ({name: np.array(value) for name, value in case[key].items()} for key in ("drawn", "photo"))
    lengths = np.linalg.norm(drawn["identity"]) * np.linalg.norm(photo["identity"])
    identity = 1.0 - drawn["identity"] @ photo["identity"] / lengths
    content = np.abs(drawn["content"] - photo["content"]).mean()
    weight = similarity.identity_weight * similarity.search_identity
    assert similarity.reduction == "mean"
    assert case["loss"] == pytest.approx(weight * identity + similarity.content_weight * content, rel=1e-5)
