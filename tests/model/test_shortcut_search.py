"""The loss through the shortcut is the paper's loss of what the shortcut predicts; a foreign shortcut is refused."""

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import random_batch  # noqa: E402
from f2p_deploy.model.bundle import Bundle, copy_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.graphs import available_graphs, bundle_graphs, why_incomplete  # noqa: E402
from f2p_deploy.model.imitator_search import GenerationLoss  # noqa: E402
from f2p_deploy.model.shortcut_search import CompareFast, ShortcutLoss  # noqa: E402
from f2p_deploy.model.similarity import content_loss  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402


class Exact(torch.nn.Module):
    """A perfect shortcut: it draws the picture and describes it."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.imitator, self.similarity = bundle.imitator, bundle.similarity

    def forward(self, parameters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        picture = self.imitator(parameters)
        return self.similarity.identity(picture), self.similarity.maps(picture)


def test_with_a_perfect_shortcut_it_is_the_exact_loss(fast_bundle: Bundle) -> None:
    state = torch.rand(2, fast_bundle.schema.n, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        identity, content = fast_bundle.similarity.describe(torch.rand(2, 3, 128, 128))
        through = ShortcutLoss(fast_bundle, 3.0, Exact(fast_bundle)).eval()(state, identity, content)
        torch.testing.assert_close(through, GenerationLoss(fast_bundle, 3.0).eval()(state, identity, content))


def test_many_characters_are_compared_with_one_photo(fast_bundle: Bundle) -> None:
    (graph,) = bundle_graphs(fast_bundle, 1, ("compare_fast",))
    count = graph.batch
    assert count > 8 and graph.shared == ("identity", "content")
    parameters = random_batch(fast_bundle.schema, count, 0)
    compare = CompareFast(fast_bundle).eval()
    compare.shortcut = Exact(fast_bundle)
    with torch.no_grad():
        identity, content = fast_bundle.similarity.describe(torch.rand(1, 3, 128, 128))
        losses, content_losses = compare(torch.from_numpy(parameters), identity, content)
        pictures = fast_bundle.imitator(torch.from_numpy(parameters))
        torch.testing.assert_close(losses, fast_bundle.similarity(pictures, identity, content))
        own = fast_bundle.similarity.content(pictures)
        torch.testing.assert_close(content_losses, content_loss(content.expand_as(own), own, "mean"))


def test_the_fast_step_has_the_tensors_of_the_exact_one(fast_bundle: Bundle) -> None:
    step, fast = bundle_graphs(fast_bundle, 2, ("step", "step_fast"))
    assert (step.name, fast.name) == ("step", "step_fast")
    assert step.inputs == fast.inputs and step.outputs == fast.outputs and step.shared == fast.shared


def test_a_bundle_without_a_shortcut_has_no_fast_step(small_bundle: Bundle, surrogate_bundle: Bundle) -> None:
    for bundle in (small_bundle, surrogate_bundle):
        assert "step_fast" not in available_graphs(bundle)
        assert "step_fast" not in [graph.name for graph in bundle_graphs(bundle)]
    line = f"has no shortcut yet: f2p-deploy train shortcut --bundle {small_bundle.path} makes it"
    assert line in why_incomplete(small_bundle, "step_fast")
    assert "through its surrogate" in why_incomplete(surrogate_bundle, "step_fast")


def test_a_shortcut_of_other_networks_is_refused(fast_bundle: Bundle, tmp_path: Path) -> None:
    copy = copy_bundle(fast_bundle, tmp_path / "copy", "copy")
    with torch.no_grad():
        other = load_bundle(copy.path).imitator
        next(other.parameters()).add_(0.01)
    copy = store_network(copy, "imitator", other, {"command": "tests"})
    line = "was trained for other networks .* f2p-deploy train shortcut --bundle .* makes it anew"
    with pytest.raises(InputError, match=line):
        ShortcutLoss(copy, 3.0)
    assert "step_fast" not in available_graphs(copy)
