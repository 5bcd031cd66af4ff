"""Priors: eqs. 11 and 12 against direct linear algebra, the energy of Fig. 6a, and files that do not match."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from f2p_deploy.character.parameters import check_vectors, random_batch
from f2p_deploy.character.priors import Priors, fit_priors, load_priors, save_priors
from f2p_deploy.character.schema import Schema, load_schema
from f2p_deploy.system.errors import InputError


def faces(schema: Schema, count: int, rank: int, seed: int) -> np.ndarray:
    """Return (count, n) parameters whose controllers follow `rank` hidden traits per group, within [0, 1]."""
    rng = np.random.default_rng(seed)
    batch = random_batch(schema, count, seed)
    for indices in schema.groups.values():
        directions = rng.normal(size=(rank, len(indices)))
        offsets = rng.normal(size=(count, rank)) * np.geomspace(1.0, 0.2, rank) @ directions
        middle = rng.uniform(0.4, 0.6, len(indices))
        batch[:, list(indices)] = middle + 0.35 * offsets / np.abs(offsets).max()
    return batch


@pytest.fixture(scope="module")
def male() -> Schema:
    return load_schema("justice-male")


@pytest.fixture(scope="module")
def vectors(male: Schema) -> np.ndarray:
    noise = 0.01 * np.random.default_rng(2).normal(size=(500, male.n_c))
    batch = faces(male, 500, rank=6, seed=1)
    batch[:, : male.n_c] += noise
    return batch


@pytest.fixture(scope="module")
def priors(male: Schema, vectors: np.ndarray) -> Priors:
    return fit_priors(male, vectors)


def test_projection_whitens(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    coordinates = priors.project(vectors).astype(np.float64)
    assert coordinates.mean(axis=0) == pytest.approx(0.0, abs=1e-4)
    start = 0
    for prior in priors.groups:
        k = prior.scale.size
        covariance = np.cov(coordinates[:, start : start + k], rowvar=False)
        np.testing.assert_allclose(covariance, np.eye(k), atol=1e-4)
        start += k
    assert start == coordinates.shape[1]


def test_equations_11_and_12_group_by_group(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    coordinates, recovered = priors.project(vectors), priors.recover(priors.project(vectors))
    start = 0
    for prior, indices in zip(priors.groups, male.groups.values(), strict=True):
        x, k = vectors[:, indices].astype(np.float64), prior.scale.size
        p, m = prior.projection.astype(np.float64), prior.mean.astype(np.float64)
        reduced = (p.T @ (x - m).T).T
        np.testing.assert_allclose(coordinates[:, start : start + k], reduced, atol=1e-4)
        inverse = np.linalg.pinv(p @ p.T, rcond=1e-6) @ p
        np.testing.assert_allclose(recovered[:, indices], (inverse @ reduced.T).T + m, atol=1e-5)
        assert np.linalg.matrix_rank(p @ p.T, tol=1e-6 * np.linalg.norm(p @ p.T, 2)) == k < len(indices)
        start += k


def test_directions_are_the_eigenvectors_of_the_covariance(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    for prior, indices in zip(priors.groups, male.groups.values(), strict=True):
        variances, directions = np.linalg.eigh(np.cov(vectors[:, indices].astype(np.float64), rowvar=False))
        np.testing.assert_allclose(prior.variances, variances[::-1], rtol=1e-4)
        k = prior.scale.size
        np.testing.assert_allclose(prior.scale, np.sqrt(variances[::-1][:k]), rtol=1e-4)
        ours, theirs = prior.directions @ prior.directions.T, directions[:, -k:] @ directions[:, -k:].T
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_all_components_recover_everything(male: Schema, vectors: np.ndarray) -> None:
    complete = fit_priors(male, vectors, components=61)
    assert [prior.scale.size for prior in complete.groups] == [24, 51, 30, 42, 12, 16, 33]
    np.testing.assert_allclose(complete.recover(complete.project(vectors)), vectors[:, : male.n_c], atol=1e-5)
    assert fit_priors(male, vectors, energy=1.0).project(vectors).shape == (500, 208)


@pytest.mark.parametrize("energy", [0.5, 0.9, 0.95, 0.999])
def test_energy_keeps_as_few_components_as_hold_it(male: Schema, vectors: np.ndarray, energy: float) -> None:
    for prior in fit_priors(male, vectors, energy=energy).groups:
        k = prior.scale.size
        assert prior.reconstruction_energy(k) >= energy > prior.reconstruction_energy(k - 1)


def test_reconstruction_energy_is_the_share_that_comes_back(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    for k in (1, 3, 7, 20):
        reduced = fit_priors(male, vectors, components=k)
        recovered = reduced.recover(reduced.project(vectors))
        for group, energy in priors.reconstruction_energy(k).items():
            x = vectors[:, male.groups[group]].astype(np.float64)
            lost = ((recovered[:, male.groups[group]] - x) ** 2).sum() / ((x - x.mean(axis=0)) ** 2).sum()
            assert energy == pytest.approx(1 - lost, abs=1e-5)
    assert priors.reconstruction_energy(0) == dict.fromkeys(male.groups, 0.0)
    assert priors.reconstruction_energy(61) == dict.fromkeys(male.groups, 1.0)


def test_constrain_is_the_nearest_point_of_the_subspace_and_keeps_the_rest(male: Schema, priors: Priors) -> None:
    batch = random_batch(male, 50, seed=8)
    constrained = priors.constrain(batch)
    assert constrained.dtype == np.float32
    assert np.array_equal(constrained[:, male.n_c :], batch[:, male.n_c :])
    check_vectors(constrained, male)
    for prior, indices in zip(priors.groups, male.groups.values(), strict=True):
        away = batch[:, indices].astype(np.float64) - prior.mean
        fit = np.linalg.lstsq(prior.directions.astype(np.float64), away.T, rcond=None)[0]
        nearest = prior.mean + (prior.directions @ fit).T
        np.testing.assert_allclose(constrained[:, indices], nearest.clip(0, 1), atol=1e-5)


def test_constrain_again_changes_nothing_inside_the_range(vectors: np.ndarray, priors: Priors) -> None:
    once = priors.constrain(vectors)
    inside = ((once > 0) & (once < 1))[:, : priors.n_c].all(axis=1)
    assert inside.mean() > 0.9
    np.testing.assert_allclose(priors.constrain(once)[inside], once[inside], atol=1e-5)


def test_one_vector_and_controllers_alone(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    constrained = priors.constrain(vectors)
    np.testing.assert_allclose(priors.constrain(vectors[3]), constrained[3], atol=1e-6)
    np.testing.assert_allclose(priors.constrain(vectors[:, :208]), constrained[:, :208], atol=1e-6)
    with pytest.raises(InputError, match="hold 208 controllers, found an array of shape"):
        priors.constrain(vectors[:, :207])
    with pytest.raises(InputError, match="coordinates, found an array of shape"):
        priors.recover(np.zeros(3))


def test_matrices_do_what_the_methods_do(vectors: np.ndarray, priors: Priors) -> None:
    matrices = priors.as_matrices()
    controllers = vectors[:, : priors.n_c]
    coordinates = (controllers - matrices.mean) @ matrices.projection
    np.testing.assert_allclose(coordinates, priors.project(vectors), atol=1e-4)
    np.testing.assert_allclose(
        coordinates @ matrices.basis.T + matrices.mean, priors.recover(priors.project(vectors)), atol=1e-5
    )
    np.testing.assert_allclose(matrices.projection.T @ matrices.basis, np.eye(coordinates.shape[1]), atol=1e-4)


def test_matrices_are_block_diagonal(male: Schema, priors: Priors) -> None:
    matrices, start = priors.as_matrices(), 0
    for prior in priors.groups:
        stop = start + prior.scale.size
        outside = np.setdiff1d(np.arange(male.n_c), prior.indices)
        for matrix in (matrices.basis, matrices.projection):
            assert not matrix[outside, start:stop].any()
            assert matrix[list(prior.indices), start:stop].any(axis=0).all()
        start = stop


def test_random_faces_vary_as_the_real_ones(male: Schema, vectors: np.ndarray, priors: Priors) -> None:
    random = priors.random(2000, seed=4)
    assert random.shape == (2000, 208)
    assert random.dtype == np.float32
    assert (random >= 0).all()
    assert (random <= 1).all()
    np.testing.assert_allclose(random.mean(axis=0), vectors[:, :208].mean(axis=0), atol=0.02)
    assert random.std() == pytest.approx(vectors[:, :208].std(), rel=0.1)
    assert np.array_equal(random, priors.random(2000, seed=4))
    np.testing.assert_allclose(priors.random(5, seed=4), random[:5], atol=1e-6)


def test_random_faces_stay_in_the_range(toy: Schema) -> None:
    random = fit_priors(toy, random_batch(toy, 200, seed=0)).random(500, seed=0)
    assert random.min() == 0.0
    assert random.max() == 1.0


def test_a_controller_that_never_moves_stays(toy: Schema) -> None:
    batch = random_batch(toy, 40, seed=1)
    batch[:, 1] = np.float32(0.3)
    priors = fit_priors(toy, batch, energy=1.0)
    assert [prior.scale.size for prior in priors.groups] == [2, 2]
    moved = batch.copy()
    moved[:, 1] = 0.9
    np.testing.assert_allclose(priors.constrain(moved), batch, atol=1e-5)


def test_a_group_that_never_moves_has_no_coordinates(tmp_path: Path, toy: Schema) -> None:
    batch = random_batch(toy, 40, seed=1)
    batch[:, [0, 1, 3]] = (0.2, 0.3, 0.4)
    priors = fit_priors(toy, batch)
    assert [prior.scale.size for prior in priors.groups] == [0, 2]
    assert priors.reconstruction_energy(1)["eye"] == 1.0
    save_priors(tmp_path / "priors.safetensors", priors)
    again = load_priors(tmp_path / "priors.safetensors", toy)
    assert again.constrain(np.full(toy.n, 0.5))[[0, 1, 3]] == pytest.approx([0.2, 0.3, 0.4])


def test_fewer_faces_than_controllers(male: Schema) -> None:
    few = faces(male, 4, rank=6, seed=3)
    priors = fit_priors(male, few, energy=1.0)
    assert {prior.scale.size for prior in priors.groups} == {3}
    np.testing.assert_allclose(priors.constrain(few), few, atol=1e-5)


def test_components_by_group(male: Schema, vectors: np.ndarray) -> None:
    priors = fit_priors(male, vectors, energy=1.0, components={"eye": 5, "nose": 2})
    assert {prior.group: prior.scale.size for prior in priors.groups} == {
        "eyebrow": 24,
        "eye": 5,
        "nose": 2,
        "mouth": 42,
        "forehead": 12,
        "cheek": 16,
        "jaw": 33,
    }


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({"energy": 0.0}, r"energy must lie in \(0, 1\], found 0.0"),
        ({"energy": 1.5}, "energy must lie"),
        ({"energy": float("nan")}, "energy must lie"),
        ({"components": 0}, "group 'eye' can keep 1 to 3 components, asked 0"),
        ({"components": {"nose": 3}}, "group 'nose' can keep 1 to 2 components, asked 3"),
        ({"components": {"noes": 1}}, "named 'noes'. Did you mean 'nose'"),
    ],
)
def test_wrong_requests_are_refused(toy: Schema, request_: dict, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        fit_priors(toy, random_batch(toy, 10, seed=0), **request_)


def test_wrong_vectors_are_refused(toy: Schema) -> None:
    batch = random_batch(toy, 10, seed=0)
    for wrong in (batch[0], batch[:1], batch[:, :5]):
        with pytest.raises(InputError, match="need two or more rows of 10 values"):
            fit_priors(toy, wrong)
    batch[6, 2] = np.nan
    with pytest.raises(InputError, match="character 7: controller 'nose.width' must be a number, found nan"):
        fit_priors(toy, batch)


def test_files_come_back_bit_for_bit_and_are_the_same_every_time(
    tmp_path: Path, male: Schema, priors: Priors, vectors: np.ndarray
) -> None:
    path = tmp_path / "priors.safetensors"
    contents = set()
    for _ in range(5):
        save_priors(path, priors)
        contents.add(path.read_bytes())
    assert len(contents) == 1
    again = load_priors(path, male)
    for one, other in zip(priors.groups, again.groups, strict=True):
        assert (one.group, one.indices) == (other.group, other.indices)
        for field in ("mean", "directions", "scale", "variances"):
            assert np.array_equal(getattr(one, field), getattr(other, field))
    assert np.array_equal(again.constrain(vectors), priors.constrain(vectors))
    assert list(tmp_path.iterdir()) == [path]


def test_another_schemas_priors_are_refused(tmp_path: Path, male: Schema, priors: Priors) -> None:
    path = tmp_path / "priors.safetensors"
    save_priors(path, priors)
    with pytest.raises(InputError, match="'justice-female', but .* holds those of schema 'justice-male'"):
        load_priors(path, load_schema("justice-female"))
    wider = replace(male, controllers=(replace(male.controllers[0], high=2.0), *male.controllers[1:]))
    with pytest.raises(InputError, match="another version of it"):
        load_priors(path, wider)


def test_damaged_files_are_refused(tmp_path: Path, toy: Schema) -> None:
    path = tmp_path / "priors.safetensors"
    save_priors(path, fit_priors(toy, random_batch(toy, 10, seed=0)))
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=f"^{path} is damaged or truncated"):
            load_priors(path, toy)
    path.write_bytes(save(load(content)))
    with pytest.raises(InputError, match="holds no priors of version 1"):
        load_priors(path, toy)
    with pytest.raises(InputError, match="no priors at .*absent"):
        load_priors(tmp_path / "absent.safetensors", toy)


def test_impossible_priors_are_refused(priors: Priors) -> None:
    prior = priors.groups[0]
    for change, sentence in (
        ({"mean": prior.mean[:-1]}, r"mean must be float32 \(24,\)"),
        ({"mean": prior.mean.astype(np.float64)}, "mean must be float32"),
        ({"directions": prior.directions * np.float32(np.nan)}, "directions holds a number that is not finite"),
        ({"scale": np.zeros_like(prior.scale)}, "every scale must be greater than 0"),
    ):
        with pytest.raises(InputError, match=f"prior of 'eyebrow': {sentence}"):
            replace(prior, **change)
    with pytest.raises(InputError, match="every controller exactly once"):
        replace(priors, groups=priors.groups[1:])


def test_characters_need_no_torch() -> None:
    names = "schema, parameters, parameter_files, priors"
    program = f"import sys; from f2p_deploy.character import {names}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
