"""The search with static buffers has the trajectory of the plain loop for all settings; tested here on a CPU."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.artifact.parity import FLOORS  # noqa: E402
from f2p_deploy.export import Faces  # noqa: E402
from f2p_deploy.model.bundle import Bundle  # noqa: E402
from f2p_deploy.model.captured_search import FIRST_LAYER, CapturedSearch  # noqa: E402
from f2p_deploy.model.reference import reference_iterate  # noqa: E402
from f2p_deploy.model.settings import IterativeSettings  # noqa: E402
from f2p_deploy.model.state import first_state  # noqa: E402
from f2p_deploy.system.errors import CompilerError, FloorMissed, InputError, MissingDependency  # noqa: E402

PLAIN = IterativeSettings(iterations=4, learning_rate=5.0, beta=3.0)


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN,
        replace(PLAIN, momentum=0.6, keep_best=True),
        replace(PLAIN, discrete_rate=0.5, decay=0.5, decay_every=2),
    ],
    ids=["plain", "momentum", "rates"],
)
def test_it_is_the_plain_loop(small_bundle: Bundle, small_faces: Faces, settings: IterativeSettings) -> None:
    faces = torch.from_numpy(small_faces.images[:2])
    search = CapturedSearch(small_bundle, 2, settings, device="cpu")
    expected, found = reference_iterate(small_bundle, faces, settings), search.iterate(faces)
    assert not search.captured and "NVIDIA card" in search.why_not_captured
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-4)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)


def test_buffers_are_filled_again(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, device="cpu")
    first = search.iterate(small_faces.images[:1])
    other = search.iterate(small_faces.images[1:2])
    again = search.iterate(small_faces.images[:1])
    assert np.array_equal(first.losses, again.losses) and np.array_equal(first.parameters, again.parameters)
    assert not np.allclose(first.losses, other.losses)


def test_locks_and_another_start(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, device="cpu")
    start = first_state(small_bundle, 1)
    start[:, :3] = 0.9
    locked = torch.zeros(small_bundle.schema.n, dtype=torch.bool)
    locked[:2] = True
    found = search.iterate(small_faces.images[:1], start, locked)
    expected = reference_iterate(small_bundle, torch.from_numpy(small_faces.images[:1]), PLAIN, start, locked)
    assert found.parameters[0, :2].tolist() == pytest.approx([0.9, 0.9])
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)
    free = search.iterate(small_faces.images[:1], start)
    assert not np.allclose(free.parameters[0, :2], 0.9), "locks of one call are not those of the next"


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_goes_the_same_way(small_bundle: Bundle, small_faces: Faces, dtype: str) -> None:
    settings = replace(PLAIN, iterations=1)
    search = CapturedSearch(small_bundle, 1, settings, device="cpu", dtype=dtype)
    found, expected = search.iterate(small_faces.images[:1]), reference_iterate(
        small_bundle, torch.from_numpy(small_faces.images[:1]), settings
    )
    start = first_state(small_bundle, 1).numpy()[:, : small_bundle.schema.n_c]
    moves = [t.parameters[:, : small_bundle.schema.n_c] - start for t in (found, expected)]
    cosine = float((moves[0] * moves[1]).sum() / np.linalg.norm(moves[0]) / np.linalg.norm(moves[1]))
    # Random weights are the worst case: masks flip with every rounding.
    assert cosine > 0.7 and np.isfinite(found.losses).all()
    # bfloat16 rounds eight times as coarsely as float16.
    floor = FLOORS["fp16"].loss * (8 if dtype == "bfloat16" else 1)
    np.testing.assert_allclose(found.losses[0], expected.losses[0], rtol=floor)
    assert search.scale > 1.0 if dtype == "float16" else search.scale == 1.0


def test_every_face_has_finite_gradients_in_float16(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, replace(PLAIN, iterations=2), device="cpu", dtype="float16")
    scale = search.scale
    for i in range(len(small_faces.names)):
        assert np.isfinite(search.iterate(small_faces.images[i : i + 1]).losses).all()
    assert search.scale == scale, "the scale is the bundle's, not the first photo's"


def test_it_runs_where_inference_mode_is_on(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, replace(PLAIN, iterations=1), device="cpu")
    with torch.inference_mode():
        assert np.isfinite(search.iterate(small_faces.images[:1]).losses).all()


def test_the_priors_are_followed(bundle_with_priors: Bundle, small_faces: Faces) -> None:
    settings = replace(PLAIN, use_prior=True, from_prior=True)
    faces = torch.from_numpy(small_faces.images[:1])
    expected = reference_iterate(bundle_with_priors, faces, settings)
    found = CapturedSearch(bundle_with_priors, 1, settings, device="cpu").iterate(faces)
    np.testing.assert_allclose(found.losses, expected.losses, rtol=1e-4)
    np.testing.assert_allclose(found.parameters, expected.parameters, atol=2e-3)


def test_the_first_layer_computes_in_float32(small_bundle: Bundle) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, device="cpu", dtype="bfloat16")
    dtypes: dict[str, torch.dtype] = {}
    for name in (FIRST_LAYER, "imitator.layers.3"):
        layer = search._loss.get_submodule(name)
        layer.register_forward_hook(lambda module, given, out, name=name: dtypes.update({name: out.dtype}))
    search._run()
    assert dtypes == {FIRST_LAYER: torch.float32, "imitator.layers.3": torch.bfloat16}


def test_a_compiler_that_is_not_here_is_one_sentence(
    surrogate_bundle: Bundle, small_faces: Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch._inductor.config as inductor

    monkeypatch.setattr(inductor.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setattr(inductor, "force_disable_caches", True)
    torch._dynamo.reset()
    search = CapturedSearch(surrogate_bundle, 1, PLAIN, device="cpu", compile=True)
    with pytest.raises(CompilerError, match="torch.compile .* cannot compile the search; --verbose shows"):
        search.iterate(small_faces.images[:1])


def test_nan_is_an_error(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, device="cpu")
    with pytest.raises(FloorMissed, match="computed NaN or infinite losses in float32: take bfloat16"):
        search.iterate(np.full_like(small_faces.images[:1], np.nan))


def test_the_bundle_stays_as_it_is(small_bundle: Bundle) -> None:
    before = {name: value.clone() for name, value in small_bundle.imitator.state_dict().items()}
    CapturedSearch(small_bundle, 1, PLAIN, device="cpu", dtype="bfloat16")
    after = small_bundle.imitator.state_dict()
    assert all(torch.equal(after[name], value) and after[name].dtype == value.dtype for name, value in before.items())


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"batch": 0}, InputError, "batch must be at least 1, found 0"),
        ({"dtype": "fp16"}, InputError, "float32, float16, bfloat16, found 'fp16'"),
        ({"device": "gpu"}, InputError, "unknown device 'gpu'"),
        ({"device": "meta"}, InputError, "cpu or cuda, found 'meta'"),
        ({"device": "cuda:97"}, MissingDependency, "'cuda:97' was asked for"),
    ],
)
def test_mistakes(small_bundle: Bundle, wrong: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        CapturedSearch(small_bundle, **{"batch": 1, "device": "cpu", **wrong})


def test_faces_of_another_batch(small_bundle: Bundle, small_faces: Faces) -> None:
    search = CapturedSearch(small_bundle, 1, PLAIN, device="cpu")
    with pytest.raises(InputError, match=r"faces must have the shape \(1, 3, 128, 128\), found \(2, 3, 128, 128\)"):
        search.iterate(small_faces.images[:2])
    with pytest.raises(InputError, match="faces must be float32, found torch.uint8"):
        search.iterate(np.zeros((1, 3, 128, 128), np.uint8))
    with pytest.raises(InputError, match="locks must have the shape"):
        search.iterate(small_faces.images[:1], locked=np.zeros(3, bool))
