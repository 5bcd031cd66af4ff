"""PyTorch as a runtime: it runs a bundle with the methods and checks of every runtime."""

import re
from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.one_shot import one_shot  # noqa: E402
from f2p_deploy.model.state import first_state  # noqa: E402
from f2p_deploy.runtimes import TorchRuntime  # noqa: E402
from f2p_deploy.system.errors import InputError, MissingDependency  # noqa: E402
from f2p_deploy.system.extras import install_line  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.export import Faces
    from f2p_deploy.model.bundle import Bundle


def test_it_computes_what_the_networks_do(small_bundle: "Bundle", small_faces: "Faces") -> None:
    runtime = TorchRuntime(small_bundle, batch=2)
    faces = small_faces.images[:2]
    assert np.array_equal(runtime.one_shot(faces), one_shot(small_bundle, torch.from_numpy(faces)))
    identity, content = runtime.describe(faces)
    assert np.array_equal(content, small_bundle.similarity.content(torch.from_numpy(faces)).numpy())
    state = first_state(small_bundle, 2).numpy()
    moved, loss, ahead = runtime.step(state, identity, content, 1.0)
    assert np.array_equal(ahead, state)
    assert moved.shape == state.shape and loss.shape == (2,) and not np.array_equal(moved, state)
    assert runtime.artifact.manifest.bundle_fingerprint == small_bundle.fingerprint
    assert runtime.describe_device().startswith("torch ")


def test_its_inputs_are_checked(small_bundle: "Bundle") -> None:
    with pytest.raises(InputError, match="exported for batches of 1|must have the shape"):
        TorchRuntime(small_bundle).render(np.zeros((2, small_bundle.schema.n), np.float32))


@pytest.mark.parametrize(("batch", "threads", "sentence"), [(0, None, "batch size"), (1, 0, "threads must be")])
def test_bad_numbers(small_bundle: "Bundle", batch: int, threads: int | None, sentence: str) -> None:
    with pytest.raises(InputError, match=f"{sentence}.* at least 1, found 0"):
        TorchRuntime(small_bundle, batch, threads)


def test_pytorch_gets_the_number_of_threads(small_bundle: "Bundle", monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", calls.append)
    TorchRuntime(small_bundle)
    TorchRuntime(small_bundle, threads=3)
    assert calls == [3]


def test_without_torch(small_bundle: "Bundle", monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f2p_deploy.runtimes.base.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=re.escape(f"torch is not installed: {install_line('export')}")):
        TorchRuntime(small_bundle)
