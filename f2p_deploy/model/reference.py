"""One-shot, iterative and hybrid generation in PyTorch alone: the reference, for tests and training.

Users' characters are made by `f2p_deploy.runtimes.search` with any runtime, including PyTorch's. The functions here
compute the same with tensors, and are the reference for every exported graph and every runtime.
"""

from typing import Any

import numpy as np
import torch

from f2p_deploy.character.parameters import Parameters, average, harden, smooth
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.one_shot import one_shot
from f2p_deploy.model.reading import softmax_sharpness
from f2p_deploy.model.result import (
    DEFAULT_MARGIN,
    Generation,
    Mode,
    OnIteration,
    Trajectory,
    check_request,
    check_schema,
    finish,
    to_picture,
    to_planes,
    with_shapes,
)
from f2p_deploy.model.search_loss import describer, search_loss
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.similarity import content_loss
from f2p_deploy.model.state import first_state, state_from
from f2p_deploy.model.surrogate_search import with_locked
from f2p_deploy.model.update import Update, lookahead


def reference_iterate(
    bundle: Bundle,
    faces: torch.Tensor,
    settings: IterativeSettings | None = None,
    start: torch.Tensor | None = None,
    locked: torch.Tensor | None = None,
    progress: OnIteration | None = None,
    loss_of: Any = None,
    shapes: np.ndarray | None = None,
) -> Trajectory:
    """Search parameters by projected gradient descent (section 3.4.2, eq. 9), see `Update`.

    Samples of a batch do not influence each other.

    Args:
        bundle: the networks.
        faces: (N, 3, S, S) aligned photos, RGB in [0, 1], on the device of the networks.
        settings: the bundle's settings for iterative generation if not given.
        start: (N, n) initial state; that of `reference_start` for iterative generation if not given.
        locked: (n,) bool, entries of the state that never change.
        progress: called after every iteration.
        loss_of: another form of the same loss, such as the result of `torch.compile`.
        shapes: (N, k) face shapes measured in the photos, see `with_shapes`.
    """
    settings = settings or bundle.settings.iterative
    if loss_of is None:
        loss_of = search_loss(bundle, settings.beta).eval().to(faces.device)
    update = Update(bundle, settings).to(faces.device)
    with torch.no_grad():
        identity, content = describer(bundle).to(faces.device)(faces)
        content = torch.from_numpy(with_shapes(content.cpu().numpy(), bundle.schema.n, shapes)).to(faces.device)
    if start is None:
        start = reference_start(bundle, faces, "iterative", settings)
    fixed = start.to(faces.device, copy=True)
    locked = None if locked is None else locked.to(faces.device)
    if locked is not None and bundle.settings.search == "surrogate":
        content = with_locked(content, fixed, locked.float(), bundle.schema.n)
    reached, before = fixed, fixed
    states, losses = [], []
    for done, learning_rate in enumerate(settings.learning_rates(), start=1):
        state = lookahead(reached, before, settings.momentum, bundle.schema.n_c).requires_grad_(True)
        loss = loss_of(state, identity, content)
        (gradient,) = torch.autograd.grad(loss.sum(), state)
        states.append(state.detach())
        losses.append(loss.detach())
        with torch.no_grad():
            before, reached = reached, update(states[-1], gradient, learning_rate, content)
            if locked is not None:
                reached = torch.where(locked, fixed, reached)
        if progress is not None:
            progress(done, float(losses[-1].mean()))
    with torch.no_grad():
        states.append(reached)
        losses.append(loss_of(reached, identity, content))
        stacked = torch.stack(losses)
        chosen = stacked.argmin(dim=0) if settings.keep_best else torch.full((len(faces),), len(losses) - 1)
        parameters = loss_of.to_parameters(torch.stack(states)[chosen, torch.arange(len(faces))])
    return Trajectory(parameters.cpu().numpy(), stacked.cpu().numpy())


def reference_start(bundle: Bundle, faces: torch.Tensor, mode: str, settings: IterativeSettings) -> torch.Tensor:
    """Return (N, n) initial states: `first_state`, or in hybrid mode the result of one-shot generation.

    The paper's conclusion names the hybrid mode as future work.
    """
    if mode == "hybrid":
        return state_from(torch.from_numpy(one_shot(bundle, faces)), bundle.schema.n_c, settings.beta)
    return first_state(bundle, len(faces), settings)


def reference_options(
    bundle: Bundle, face: torch.Tensor, parameters: np.ndarray, locked: np.ndarray | None
) -> np.ndarray:
    """Return (n,) parameters with the option of each discrete group that matches the photo's content best.

    A gradient only compares an option with a mixture of options, and the embedding ignores colour. Here all options of
    a group are rendered, group by group in the schema's order, and the one with the smallest content loss (eq. 6) is
    kept. The loss of the schema's default is reduced by `DEFAULT_MARGIN`, so that a shadow does not become a beard.

    Args:
        bundle: the networks.
        face: (1, 3, S, S) aligned photo, RGB in [0, 1].
        parameters: (n,) float32.
        locked: (n,) bool, or None; groups with a locked entry are not changed.
    """
    schema, reduction = bundle.schema, bundle.settings.similarity.reduction
    default = average(schema).values
    result = torch.from_numpy(harden(parameters, schema))
    with torch.inference_mode():
        target = bundle.similarity.content(face)
        for part in schema.discrete_slices.values():
            if locked is not None and locked[part].any():
                continue
            count = part.stop - part.start
            candidates = result.repeat(count, 1)
            candidates[:, part] = torch.eye(count)
            content = bundle.similarity.content(bundle.imitator(candidates))
            losses = content_loss(target.expand_as(content), content, reduction)
            losses[int(default[part].argmax())] *= 1.0 - DEFAULT_MARGIN
            result = candidates[int(losses.argmin())]
    return result.numpy().copy()


def with_options_tried_out(
    bundle: Bundle, faces: torch.Tensor, start: torch.Tensor, beta: float, locked: np.ndarray | None = None
) -> torch.Tensor:
    """Return (N, n) states with the options of `reference_options`; `start` itself unless the settings ask for it.

    Options are chosen before the search: a search with the wrong skin tone distorts the face to compensate.

    Args:
        bundle: the networks and settings.
        faces: (N, 3, S, S) aligned photos, RGB in [0, 1].
        start: (N, n) states.
        beta: sharpness of the states' softmax.
        locked: (n,) bool, or None; groups with a locked entry are not changed.
    """
    if not bundle.settings.choose_options:
        return start
    schema, lead = bundle.schema, bundle.settings.default_lead
    first = harden(smooth(start.numpy(), schema, beta), schema, lead)
    rows = [reference_options(bundle, faces[i : i + 1], row, locked) for i, row in enumerate(first)]
    return state_from(torch.from_numpy(np.stack(rows)), schema.n_c, beta)


def reference_generate(
    bundle: Bundle,
    face: np.ndarray,
    mode: Mode,
    keep: Parameters | None = None,
    progress: OnIteration | None = None,
    shape: np.ndarray | None = None,
) -> Generation:
    """Make a character from one aligned face.

    Args:
        bundle: the networks.
        face: (S, S, 3) uint8 RGB, aligned.
        mode: one of `f2p_deploy.model.result.MODES`.
        keep: a character whose locked controllers and discrete groups are kept.
        progress: called after every iteration.
        shape: (24,) face shape measured by a landmark finder (`Landmarks.shape`); else predicted from the photo.

    Raises:
        InputError: an unknown mode, a face of another size, `keep` of another schema, or a shape of another length.
    """
    check_request(mode, keep, bundle.schema)
    faces = to_tensor(bundle, face)
    schema = bundle.schema
    if mode == "one-shot":
        lead = bundle.settings.default_lead
        return finish(schema, one_shot(bundle, faces)[0], mode, (), keep, lead, bundle.unread)
    settings = bundle.settings.iterative if mode == "iterative" else bundle.settings.hybrid
    start = reference_start(bundle, faces, mode, settings)
    locked = None if keep is None else keep.locked_mask
    if keep is not None:
        kept_state = state_from(torch.from_numpy(keep.values.copy())[None], schema.n_c, settings.beta)
        start = torch.where(torch.from_numpy(locked), kept_state, start)
    start = with_options_tried_out(bundle, faces, start, settings.beta, locked)
    fixed = None if locked is None else torch.from_numpy(locked)
    measured = None if shape is None else shape[None]
    trajectory = reference_iterate(bundle, faces, settings, start, fixed, progress, shapes=measured)
    losses, sharpness = trajectory.losses[:, 0].tolist(), softmax_sharpness(bundle.settings, mode)
    return finish(
        schema, trajectory.parameters[0], mode, losses, keep, unread=bundle.unread, sharpness=sharpness
    )


def reference_render(bundle: Bundle, parameters: Parameters) -> np.ndarray:
    """Return the imitator's picture of parameters, (S, S, 3) uint8 RGB.

    Raises:
        InputError: the parameters are for another schema.
    """
    check_schema(parameters, bundle.schema)
    with torch.inference_mode():
        image = bundle.imitator(torch.from_numpy(parameters.values.copy())[None])[0]
    return to_picture(image.numpy())


def to_tensor(bundle: Bundle, face: np.ndarray) -> torch.Tensor:
    """Return an aligned face (S, S, 3) uint8 as (1, 3, S, S) float32 in [0, 1].

    Raises:
        InputError: the shape or dtype is not that of the bundle's faces.
    """
    return torch.from_numpy(to_planes(face, bundle.settings.architecture.image_size))
