"""The contract for F2PKit, `contract.json`: it follows from the manifest alone."""

import re
from dataclasses import replace
from importlib.resources import files

import pytest

from f2p_deploy.alignment.aligned_face import LARGEST_YAW
from f2p_deploy.artifact.artifact import Artifact, FileRecord, TensorSpec
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.character.schema import Schema
from f2p_deploy.embed.contract import FORMAT, GRAPHS, SHORTCUT_GRAPHS, contract_of, embedded_graphs, packages_of
from f2p_deploy.model.settings import BundleSettings, IterativeSettings, SimilaritySettings, to_data
from f2p_deploy.system.errors import InputError


def changed(artifact: Artifact, **manifest: object) -> Artifact:
    return Artifact(artifact.folder, replace(artifact.manifest, **manifest))  # type: ignore[arg-type]


def with_shortcut(artifact: Artifact, **settings: object) -> Artifact:
    """Return an artifact whose manifest lists the graphs of a shortcut, and other settings."""
    entries = dict(artifact.manifest.graphs)
    entries["step_fast"] = replace(entries["step"], file="step_fast.mlpackage")
    compared = (TensorSpec("parameters", "float32", (7, 11), ""), *entries["step"].inputs[2:4])
    entries["compare_fast"] = replace(entries["step"], file="compare_fast.mlpackage", inputs=compared)
    return changed(artifact, graphs=entries, settings=to_data(BundleSettings(**settings)))  # type: ignore[arg-type]


def test_the_format_is_that_of_the_swift_side() -> None:
    text = (files("f2p_deploy.embed") / "F2PKit/Sources/F2PCore/Contract.swift").read_text(encoding="utf-8")
    assert re.findall(r"static let format = (\d+)", text) == [str(FORMAT)]


def test_without_a_shortcut_no_search_is_fast(coreml_artifact: Artifact) -> None:
    contract = contract_of(changed(coreml_artifact, settings=to_data(BundleSettings(fast=True))))
    assert contract["fast"] is False and contract["comparedAtOnce"] is None
    assert embedded_graphs(coreml_artifact) == GRAPHS == tuple(contract["graphs"])


def test_a_shortcut_is_embedded_and_used_as_the_settings_say(coreml_artifact: Artifact) -> None:
    similarity = SimilaritySettings(identity_weight=0.5, search_identity=3.0, content_weight=2.0)
    artifact = with_shortcut(coreml_artifact, fast=True, similarity=similarity)
    contract = contract_of(artifact)
    assert contract["fast"] is True and contract["comparedAtOnce"] == 7
    assert contract["lossWeights"] == {"identity": 1.5, "content": 2.0}
    assert tuple(contract["graphs"]) == (*GRAPHS, *SHORTCUT_GRAPHS) == embedded_graphs(artifact)
    assert packages_of(artifact)[-2:] == ("step_fast.mlpackage", "compare_fast.mlpackage")
    slow = contract_of(with_shortcut(coreml_artifact, fast=False))
    assert slow["fast"] is False and "step_fast" in slow["graphs"], "a call may still ask for it"


def test_schema_template_and_limits_are_those_of_the_bundle(coreml_artifact: Artifact) -> None:
    contract = contract_of(coreml_artifact)
    schema = Schema.from_dict(coreml_artifact.manifest.schema)
    assert contract["schema"]["fingerprint"] == schema.fingerprint
    assert [c["name"] for c in contract["schema"]["controllers"]] == list(schema.controller_index)
    assert [len(g["options"]) for g in contract["schema"]["discrete"]] == [3, 2]
    assert len(contract["firstState"]) == schema.n and contract["imageSize"] == 128
    landmarks = BundleSettings().alignment.landmarks
    assert contract["template"] == [list(landmarks[name]) for name in LANDMARKS]
    assert contract["limits"]["largestYaw"] == LARGEST_YAW


def test_a_search_is_told_its_settings(coreml_artifact: Artifact) -> None:
    settings = BundleSettings(
        iterative=IterativeSettings(iterations=6, learning_rate=10.0, decay=0.5, decay_every=3, beta=4.0),
        hybrid=IterativeSettings(iterations=2, learning_rate=5.0, beta=2.0, discrete_rate=0.5, momentum=0.3),
        choose_options=True,
        default_lead=0.25,
    )
    contract = contract_of(changed(coreml_artifact, settings=to_data(settings)))
    assert contract["iterative"]["learningRates"] == [10.0] * 3 + [5.0] * 3
    assert (contract["iterative"]["beta"], contract["iterative"]["discreteRate"]) == (4.0, 1.0)
    assert (contract["hybrid"]["beta"], contract["hybrid"]["discreteRate"]) == (2.0, 0.5)
    assert contract["hybrid"]["momentum"] == 0.3 and contract["chooseOptions"] and contract["standardLead"] == 0.25
    other = replace(settings, hybrid=replace(settings.hybrid, use_prior=True))
    with pytest.raises(InputError, match="use_prior"):
        contract_of(changed(coreml_artifact, settings=to_data(other)))


def test_a_package_of_its_own_for_each_graph(coreml_artifact: Artifact) -> None:
    graphs = contract_of(coreml_artifact)["graphs"]
    assert {name: graph["package"] for name, graph in graphs.items()} == {name: name for name in GRAPHS}
    assert all(graph["function"] is None for graph in graphs.values())
    assert packages_of(coreml_artifact) == tuple(f"{name}.mlpackage" for name in GRAPHS)


def test_one_package_of_several_functions_is_named_once(coreml_artifact: Artifact) -> None:
    entries = {n: replace(e, file="graphs.mlpackage") for n, e in coreml_artifact.manifest.graphs.items()}
    artifact = changed(coreml_artifact, graphs=entries, files={"graphs.mlpackage/Manifest.json": FileRecord(1, "00")})
    graphs = contract_of(artifact)["graphs"]
    assert {name: graph["function"] for name, graph in graphs.items()} == {name: name for name in GRAPHS}
    assert packages_of(artifact) == ("graphs.mlpackage",)
    assert len({graph["digest"] for graph in graphs.values()}) == 1


def test_the_digest_changes_with_any_file_of_the_package(coreml_artifact: Artifact) -> None:
    before = contract_of(coreml_artifact)["graphs"]
    weights = next(name for name in coreml_artifact.manifest.files if name.startswith("step") and "weight" in name)
    files = {**coreml_artifact.manifest.files, weights: FileRecord(1, "ff")}
    after = contract_of(changed(coreml_artifact, files=files))["graphs"]
    assert before["step"]["digest"] != after["step"]["digest"]
    assert before["render"] == after["render"]


def test_a_graph_that_is_missing(coreml_artifact: Artifact) -> None:
    from f2p_deploy.embed import require_embeddable

    entries = {name: entry for name, entry in coreml_artifact.manifest.graphs.items() if name != "step"}
    with pytest.raises(InputError, match="has no graph 'step'"):
        require_embeddable(changed(coreml_artifact, graphs=entries))
