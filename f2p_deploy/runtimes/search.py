"""Iterative generation with any runtime's gradient step: the loop of `f2p_deploy.model.reference`, in NumPy only."""

from collections.abc import Sequence

import numpy as np

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.character.parameters import Parameters, harden, smooth
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.reading import SHARPNESS, softmax_sharpness
from f2p_deploy.model.result import (
    SMALLEST_PROBABILITY,
    Generation,
    Mode,
    OnIteration,
    Trajectory,
    check_request,
    finish,
    to_planes,
)
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.runtimes.base import Runtime
from f2p_deploy.runtimes.fast_search import better_of, goes_fast
from f2p_deploy.runtimes.graph_calls import describe, require_graph, run_graph
from f2p_deploy.runtimes.option_choice import choose_options, choose_options_fast
from f2p_deploy.runtimes.search_plan import Plan
from f2p_deploy.runtimes.step_loop import launch, take_steps
from f2p_deploy.system.errors import InputError


def generate(
    runtime: Runtime,
    face: np.ndarray,
    mode: Mode,
    keep: Parameters | None = None,
    progress: OnIteration | None = None,
    shape: np.ndarray | None = None,
    fast: bool | None = None,
) -> Generation:
    """Generate a character from one aligned face, as `f2p_deploy.model.reference.reference_generate` does.

    Args:
        runtime: of an artifact of any batch size; its schema and settings are used.
        face: (S, S, 3) uint8 RGB, aligned.
        mode: one of `f2p_deploy.model.result.MODES`.
        keep: a character whose locked controllers and discrete groups are kept.
        progress: called after every iteration.
        shape: (24,) the face's shape as a landmark finder measured it (`Landmarks.shape`); None to estimate it.
        fast: whether to search through the shortcut; None for the runtime's choice, see `goes_fast`.

    Raises:
        InputError: an unknown mode, a face of another size, `keep` of another schema, a shape of another length, or an
            artifact that cannot generate in this mode, see `require_mode`.
    """
    shapes = None if shape is None else shape[None]
    return generate_many(runtime, [face], mode, keep, progress, shapes, fast)[0]


def generate_many(
    runtime: Runtime,
    faces: Sequence[np.ndarray],
    mode: Mode,
    keep: Parameters | None = None,
    progress: OnIteration | None = None,
    shapes: np.ndarray | None = None,
    fast: bool | None = None,
) -> list[Generation]:
    """Generate a character from each of several aligned faces, as `generate` does from one.

    All searches run together, in batches of the artifact's size: an artifact that was exported with `--batch 64` takes
    a step of 64 searches in one call.

    Args:
        runtime, mode, fast: see `generate`.
        faces: K aligned faces, each (S, S, 3) uint8 RGB.
        keep: a character whose locked controllers and discrete groups every character keeps.
        progress: called after every iteration with the mean loss of all searches.
        shapes: (K, 24) the faces' shapes as a landmark finder measured them; None to estimate them.

    Raises:
        InputError: as `generate` says.
    """
    schema = runtime.schema
    check_request(mode, keep, schema)
    fast = mode != "one-shot" and goes_fast(runtime, fast)
    require_mode(runtime, mode, fast)
    if not len(faces):
        return []
    planes = np.concatenate([to_planes(face, runtime.artifact.manifest.image_size) for face in faces])
    unread = runtime.artifact.manifest.unread
    if mode == "one-shot":
        lead = runtime.settings.default_lead
        return [finish(schema, vector, mode, (), keep, lead, unread) for vector in _one_shot(runtime, planes)]
    settings = _settings_of(runtime, mode)
    locked = None if keep is None else keep.locked_mask
    start, described = _start(runtime, planes, mode, settings, keep)
    if runtime.settings.choose_options:
        if fast and described is None:
            described = describe(runtime, planes)
        start = _with_options(runtime, planes, described if fast else None, start, settings, locked)
    found = iterate(runtime, planes, settings, start, locked, progress, shapes=shapes, fast=fast, described=described)
    sharpness = softmax_sharpness(runtime.settings, mode)
    return [
        finish(schema, vector, mode, losses, keep, unread=unread, sharpness=sharpness)
        for vector, losses in zip(found.parameters, found.losses.T.tolist(), strict=True)
    ]


def _start(
    runtime: Runtime, faces: np.ndarray, mode: Mode, settings: IterativeSettings, keep: Parameters | None
) -> tuple[np.ndarray, dict[str, np.ndarray] | None]:
    """Return the (K, n) states to start from, and the photos' descriptions if they were computed for them."""
    schema, described = runtime.schema, None
    # A photo is described once: where the description holds the character, it is not computed a second time.
    if mode == "hybrid" and _reads_characters(runtime):
        described = describe(runtime, faces)
        start = state_of(read_characters(runtime, described["content"]), schema.n_c, settings.beta)
    else:
        start = starting_state(runtime, faces, mode)
    if keep is not None:
        start = np.where(keep.locked_mask, state_of(keep.values[None], schema.n_c, settings.beta), start)
    return start, described


def _with_options(
    runtime: Runtime,
    faces: np.ndarray,
    described: dict[str, np.ndarray] | None,
    start: np.ndarray,
    settings: IterativeSettings,
    locked: np.ndarray | None,
) -> np.ndarray:
    """Return the (K, n) states with the best options, chosen through the shortcut if the faces are described.

    They are chosen before the search: in the wrong skin tone, it would distort the face to compensate.
    """
    schema = runtime.schema
    first = harden(smooth(start, schema, settings.beta), schema, runtime.settings.default_lead)
    rows = []
    for i, parameters in enumerate(first):
        if described is None:
            rows.append(choose_options(runtime, faces[i : i + 1], parameters, locked))
        else:
            photo = {name: value[i : i + 1] for name, value in described.items()}
            rows.append(choose_options_fast(runtime, photo, parameters, locked))
    return state_of(np.stack(rows), schema.n_c, settings.beta)


def iterate(
    runtime: Runtime,
    faces: np.ndarray,
    settings: IterativeSettings | None = None,
    start: np.ndarray | None = None,
    locked: np.ndarray | None = None,
    progress: OnIteration | None = None,
    strict: bool = False,
    shapes: np.ndarray | None = None,
    fast: bool = False,
    described: dict[str, np.ndarray] | None = None,
) -> Trajectory:
    """Search for parameters by projected gradient descent (section 3.4.2, eq. 9).

    The faces do not influence each other. They are split into batches of the artifact's size; the last batch is padded.
    The settings may be any with the graph's `use_prior`: all others are inputs of the graph, see
    `f2p_deploy.model.gradient_step.Step`.

    Args:
        runtime: of an artifact with the graphs `describe` and `step`.
        faces: (K, 3, S, S) float32 aligned photos, RGB in [0, 1].
        settings: None for the bundle's settings for iterative generation.
        start: (K, n) state to start from; None for the manifest's first state.
        locked: (n,) bool, entries of the state that never change; None for none.
        progress: called after every iteration; for a search that is one launch, after the launch.
        strict: raise if a runtime that captures searches cannot capture this one, instead of running step by step.
        shapes: (K, k) shapes measured in the photos, see `with_shapes`; such a search runs step by step.
        fast: search through the shortcut, with the graph `step_fast`, and let the true networks choose between the
            start and the result: the losses of both are the first and the last one of the trajectory.
        described: `identity` and `content` of the photos, if they are known; not used by a search that is one launch.

    Raises:
        InputError: settings that need another graph, or photos, a start or locks that are not as above.
        CompilerError, MissingDependency: with `strict`, the search cannot be captured.
    """
    settings = settings or runtime.settings.iterative
    require_step(runtime.artifact, runtime.settings.iterative, settings, runtime.schema)
    first = starting_state(runtime, faces, "iterative") if start is None else np.array(start, np.float32)
    if first.shape != (len(faces), runtime.schema.n):
        raise InputError(f"{len(faces)} faces start at ({len(faces)}, {runtime.schema.n}), found {first.shape}")
    locked = None if locked is None else np.asarray(locked)
    if locked is not None and (locked.shape != (runtime.schema.n,) or locked.dtype != bool):
        raise InputError(f"locks are ({runtime.schema.n},) bool, found {locked.shape} {locked.dtype}")
    graph = "step_fast" if fast else "step"
    captured = runtime.capture(Plan.of(settings, graph), strict) if shapes is None else None
    if captured is None:
        described = described or describe(runtime, faces)
        states, losses = take_steps(runtime, described, settings, first, locked, progress, shapes, graph)
    else:
        states, losses = launch(captured, faces, first, locked)
        for done, loss in enumerate(losses[:-1], start=1):
            if progress is not None:
                progress(done, float(loss.mean()))
    if fast:
        return better_of(runtime, described or describe(runtime, faces), settings, states, losses)
    chosen = losses.argmin(axis=0) if settings.keep_best else np.full(len(faces), len(losses) - 1)
    last = states[chosen, np.arange(len(faces))]
    return Trajectory(smooth(last, runtime.schema, settings.beta), losses)


def _reads_characters(runtime: Runtime) -> bool:
    """Return whether the description of a photo holds the character that one-shot generation makes of it."""
    return runtime.settings.search == "surrogate" and not runtime.settings.one_shot_prior


def read_characters(runtime: Runtime, content: np.ndarray) -> np.ndarray:
    """Return the (K, n) parameters that one-shot generation gives, from the (K, n + k) content of a surrogate's search.

    The content holds the logits of the options in the sharpness of the search, see
    `f2p_deploy.model.surrogate_search.SurrogateDescribe`.
    """
    return smooth(content[:, : runtime.schema.n], runtime.schema, runtime.settings.iterative.beta / SHARPNESS)


def starting_state(runtime: Runtime, faces: np.ndarray, mode: Mode) -> np.ndarray:
    """Return (K, n) states to start from: the manifest's first state, or in hybrid mode the one-shot prediction.

    Raises:
        InputError: the manifest's first state does not have the schema's size.
    """
    if mode == "hybrid":
        return state_of(_one_shot(runtime, faces), runtime.schema.n_c, runtime.settings.hybrid.beta)
    first = np.array(runtime.artifact.manifest.first_state, np.float32)
    if first.shape != (runtime.schema.n,):
        raise InputError(
            f"the artifact {runtime.artifact.folder} has a first state of {first.size} numbers, its schema "
            f"{runtime.schema.n}: export it again"
        )
    return np.tile(first, (len(faces), 1))


def state_of(parameters: np.ndarray, n_c: int, beta: float) -> np.ndarray:
    """Return the (N, n) float32 state z of (N, n) parameters: the probabilities of a group are its softmax(beta z)."""
    state = np.array(parameters, np.float32)
    state[:, n_c:] = np.log(np.maximum(state[:, n_c:], SMALLEST_PROBABILITY)) / np.float32(beta)
    return state


def graphs_for(runtime: Runtime, mode: Mode, fast: bool = False) -> tuple[str, ...]:
    """Return the names of the graphs that a mode needs, with or without the shortcut."""
    if mode == "one-shot":
        return ("one_shot",)
    first = ("one_shot",) if mode == "hybrid" else ()
    options = runtime.settings.choose_options
    if fast:
        return (*first, "describe", "step_fast", "render", *(("compare_fast",) if options else ()))
    return (*first, "describe", "step", *(("render",) if options else ()))


def require_mode(runtime: Runtime, mode: Mode, fast: bool = False) -> None:
    """Raise unless an artifact can generate in a mode.

    Raises:
        InputError: it lacks a graph, or its gradient step does not fit the mode's settings.
    """
    for graph in graphs_for(runtime, mode, fast):
        require_graph(runtime, graph, f"{mode} generation")
    if mode != "one-shot":
        require_step(runtime.artifact, runtime.settings.iterative, _settings_of(runtime, mode), runtime.schema)


def _settings_of(runtime: Runtime, mode: Mode) -> IterativeSettings:
    return runtime.settings.iterative if mode == "iterative" else runtime.settings.hybrid


def require_step(artifact: Artifact, graph: IterativeSettings, wanted: IterativeSettings, schema: Schema) -> None:
    """Raise unless an artifact's gradient step fits the settings of a search.

    Args:
        artifact: with the graph `step`.
        graph: the bundle's settings for iterative generation, for which the graph was exported.
        wanted: the settings to search with.
        schema: the character's schema.

    Raises:
        InputError: `use_prior` differs; or a graph of format version 2 cannot move discrete groups.
    """
    if wanted.use_prior != graph.use_prior:
        names = {True: "inside the priors' subspace", False: "outside the priors' subspace"}
        raise InputError(
            f"the step of the artifact {artifact.folder} searches {names[graph.use_prior]}, these settings "
            f"{names[wanted.use_prior]} (use_prior): give the bundle's iterative and hybrid settings the same, and "
            "export it again"
        )
    moves = not schema.discrete_groups or graph.discrete_rate or not wanted.discrete_rate
    if not moves and artifact.manifest.format == 2:
        raise InputError(
            f"the step of the artifact {artifact.folder} does not move discrete groups, these settings do "
            "(discrete_rate): export the bundle again"
        )


def _one_shot(runtime: Runtime, faces: np.ndarray) -> np.ndarray:
    return run_graph(runtime, "one_shot", {"face": faces})["parameters"]
