"""One-shot, iterative and hybrid generation in PyTorch alone: the reference, for tests and training.

Characters of users are made by `f2p_deploy.runtimes.search` with any runtime, PyTorch's included; the functions here do
the same with tensors, and every exported graph and every runtime is measured against them.
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
    Progress,
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
from f2p_deploy.model.update import Update, lookahead


def reference_iterate(
    bundle: Bundle,
    faces: torch.Tensor,
    settings: IterativeSettings | None = None,
    start: torch.Tensor | None = None,
    locked: torch.Tensor | None = None,
    progress: Progress | None = None,
    loss_of: Any = None,
    shapes: np.ndarray | None = None,
) -> Trajectory:
    """Search parameters by projected gradient descent (section 3.4.2, eq. 9), see `Update`.

    Each sample of the batch is searched on its own.

    Args:
        bundle: the networks.
        faces: (N, 3, S, S) aligned photos, RGB in [0, 1]; on the device that the networks lie on.
        settings: the bundle's own if not given.
        start: (N, n) state to begin at; what `starting_state` gives for iterative generation if not given.
        locked: (n,) bool, entries of the state that never change.
        progress: called after every iteration.
        loss_of: another form of the loss of these settings, such as what `torch.compile` makes of it.
        shapes: (N, k) that were measured in the photos, see `with_shapes`.
    """
    settings = settings or bundle.settings.iterative
    if loss_of is None:
        loss_of = search_loss(bundle, settings.beta).eval().to(faces.device)
    update = Update(bundle, settings).to(faces.device)
    with torch.no_grad():
        identity, content = describer(bundle)(faces)
        content = torch.from_numpy(with_shapes(content.cpu().numpy(), bundle.schema.n, shapes)).to(faces.device)
    given = reference_start(bundle, faces, "iterative", settings) if start is None else start
    fixed = given.to(faces.device, copy=True)
    locked = None if locked is None else locked.to(faces.device)
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
    """Return (N, n) states to iterate from: `first_state`, or in hybrid mode what one-shot generation gives.

    Hybrid is what the paper's conclusion leaves to future work.
    """
    if mode == "hybrid":
        return state_from(torch.from_numpy(one_shot(bundle, faces)), bundle.schema.n_c, settings.beta)
    return first_state(bundle, len(faces), settings)


def reference_options(
    bundle: Bundle, face: torch.Tensor, parameters: np.ndarray, locked: np.ndarray | None
) -> np.ndarray:
    """Return (n,) parameters whose discrete groups were tried out, option by option, against the photo's content.

    A gradient knows only which option is better than a mixture; the embedding sees no colour. Here every option of a
    group is drawn, the groups in the schema's order, and the one with the smallest content loss (eq. 6) stays; the
    schema's default has `DEFAULT_MARGIN` ahead, so that a beard needs more of a reason than a shadow.

    Args:
        bundle: the networks.
        face: (1, 3, S, S) aligned photo, RGB in [0, 1].
        parameters: (n,) float32.
        locked: (n,) bool, or None; groups with a locked entry are left alone.
    """
    schema, reduction = bundle.schema, bundle.settings.similarity.reduction
    default = average(schema).values
    chosen = torch.from_numpy(harden(parameters, schema))
    with torch.inference_mode():
        wanted = bundle.similarity.content(face)
        for part in schema.discrete_slices.values():
            if locked is not None and locked[part].any():
                continue
            count = part.stop - part.start
            tried = chosen.repeat(count, 1)
            tried[:, part] = torch.eye(count)
            drawn = bundle.similarity.content(bundle.imitator(tried))
            losses = content_loss(wanted.expand_as(drawn), drawn, reduction)
            losses[int(default[part].argmax())] *= 1.0 - DEFAULT_MARGIN
            chosen = tried[int(losses.argmin())]
    return chosen.numpy().copy()


def with_options_tried_out(
    bundle: Bundle, faces: torch.Tensor, start: torch.Tensor, beta: float, locked: np.ndarray | None = None
) -> torch.Tensor:
    """Return (N, n) states whose discrete groups `choose_options` chose; the given ones where the bundle wants none.

    Before the search, since one that goes on in the wrong skin tone bends the face to make up for it.

    Args:
        bundle: the networks and settings.
        faces: (N, 3, S, S) aligned photos, RGB in [0, 1].
        start: (N, n) states.
        beta: of the states' softmax.
        locked: (n,) bool, or None; groups with a locked entry are left alone.
    """
    if not bundle.settings.choose_options:
        return start
    schema, lead = bundle.schema, bundle.settings.default_lead
    first = harden(smooth(start.numpy(), schema, beta), schema, lead)
    chosen = [reference_options(bundle, faces[i : i + 1], row, locked) for i, row in enumerate(first)]
    return state_from(torch.from_numpy(np.stack(chosen)), schema.n_c, beta)


def reference_generate(
    bundle: Bundle,
    face: np.ndarray,
    mode: Mode,
    keep: Parameters | None = None,
    progress: Progress | None = None,
    shape: np.ndarray | None = None,
) -> Generation:
    """Make a character from one aligned face.

    Args:
        bundle: the networks.
        face: (S, S, 3) uint8 RGB, aligned.
        mode: one of `f2p_deploy.model.result.MODES`.
        keep: a character whose locked controllers and discrete groups are kept.
        progress: called after every iteration.
        shape: (24,) of the face where a landmark finder measured it (`Landmarks.shape`); else it is guessed.

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
        kept = state_from(torch.from_numpy(keep.values.copy())[None], schema.n_c, settings.beta)
        start = torch.where(torch.from_numpy(locked), kept, start)
    start = with_options_tried_out(bundle, faces, start, settings.beta, locked)
    fixed = None if locked is None else torch.from_numpy(locked)
    measured = None if shape is None else shape[None]
    trajectory = reference_iterate(bundle, faces, settings, start, fixed, progress, shapes=measured)
    losses, sharpness = trajectory.losses[:, 0].tolist(), softmax_sharpness(bundle.settings, mode)
    return finish(
        schema, trajectory.parameters[0], mode, losses, keep, unread=bundle.unread, sharpness=sharpness
    )


def reference_render(bundle: Bundle, parameters: Parameters) -> np.ndarray:
    """Draw parameters with the imitator: (S, S, 3) uint8 RGB.

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
        InputError: another shape or dtype than the bundle's networks take.
    """
    return torch.from_numpy(to_planes(face, bundle.settings.architecture.image_size))
