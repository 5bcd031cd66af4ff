"""The graphs that each mode of a game needs."""

from dataclasses import replace

import pytest

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.embedded_modes import WANTED, graphs_of_modes, modes_of_graphs
from f2p_deploy.system.errors import InputError


def test_searches_draw_only_if_options_are_tried_or_a_shortcut_is_judged(
    served_artifact: Artifact, fast_artifact: Artifact
) -> None:
    settings = served_artifact.manifest.settings | {"choose_options": False}
    plain = Artifact(served_artifact.folder, replace(served_artifact.manifest, settings=settings))
    assert graphs_of_modes(plain, ["iterative"]) == ("describe", "step")
    choosing = replace(plain.manifest, settings=settings | {"choose_options": True})
    assert graphs_of_modes(Artifact(plain.folder, choosing), ["iterative"]) == ("describe", "render", "step")
    fast = graphs_of_modes(fast_artifact, ["hybrid"])
    assert fast == ("one_shot", "describe", "render", "step", "step_fast", "compare_fast")


def test_modes_add_up_and_are_read_back(served_artifact: Artifact) -> None:
    assert graphs_of_modes(served_artifact, ["render", "one-shot"]) == ("one_shot", "render")
    assert graphs_of_modes(served_artifact) == ("one_shot", "describe", "render", "step")
    assert modes_of_graphs(graphs_of_modes(served_artifact)) == WANTED
    assert modes_of_graphs(("one_shot", "render")) == ("one-shot", "render")


@pytest.mark.parametrize(("words", "found"), [(["one_shot"], "found 'one_shot'"), ([], "found none")])
def test_other_words_are_refused(served_artifact: Artifact, words: list[str], found: str) -> None:
    with pytest.raises(InputError, match=found):
        graphs_of_modes(served_artifact, words)
