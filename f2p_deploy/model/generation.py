"""One-shot, iterative and hybrid generation in PyTorch: the reference that every exported graph is measured against."""

from typing import Any

import numpy as np
import torch
from torch import nn

from f2p_deploy.character.parameters import Parameters, average, harden, smooth
from f2p_deploy.model.bundle import Bundle, read_controllers
from f2p_deploy.model.reading import sharpness_of
from f2p_deploy.model.result import (
    DEFAULT_MARGIN,
    SMALLEST_PROBABILITY,
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
from f2p_deploy.model.settings import IterativeSettings
from f2p_deploy.model.similarity import Similarity, content_loss
from f2p_deploy.model.surrogate_search import SurrogateDescribe, SurrogateLoss, held_entries
from f2p_deploy.system.errors import InputError


class OneShot(nn.Module):
    """x = T(F_recg(I)) (eq. 2), through the priors' subspace where the bundle asks for it (section 3.5).

    Options, age and sex are the reader's where the bundle has one. A bundle that searches through a surrogate gives
    everybody the schema's options as long as it has none: what the translator knows of options, it knows of renders.

    Args:
        bundle: gives the recognition network, the translator, the reader, the priors and the settings.
    """

    unread: torch.Tensor

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        self.similarity = bundle.similarity
        self.translator = bundle.translator
        self.reader = bundle.reader
        self.reader_stage = bundle.settings.architecture.reader_stage
        self.n_c = bundle.schema.n_c
        #: Whether options are the reader's to say: without one they stay the schema's defaults.
        self.reads = self.reader is not None or bundle.settings.search == "surrogate"
        if self.reads:
            read = read_controllers(bundle.schema) if self.reader is not None else []
            places = torch.zeros(len(read), self.n_c)
            places[range(len(read)), read] = 1.0
            even, defaults = torch.zeros(self.n_c), torch.tensor([c.default for c in bundle.schema.controllers])
            if bundle.settings.similarity.mirrored:  # nothing says which side is which
                even = torch.tensor([float(c.asymmetric) for c in bundle.schema.controllers])
            self.register_buffer("places", places, persistent=False)
            self.register_buffer("kept", 1.0 - places.sum(dim=0) - even, persistent=False)
            self.register_buffer("even", even * defaults, persistent=False)
            usual = torch.tensor(average(bundle.schema).values[self.n_c :])
            self.register_buffer("unread", usual.clamp_min(SMALLEST_PROBABILITY).log(), persistent=False)
        self.group_sizes = [len(group.options) for group in bundle.schema.discrete_groups]
        self.prior = PriorProjection(bundle) if bundle.settings.one_shot_prior else None

    def forward(self, face: torch.Tensor) -> torch.Tensor:
        """Generate.

        Args:
            face: (N, 3, S, S) aligned photos, RGB in [0, 1].

        Returns:
            (N, n) parameters: controllers in [0, 1], discrete groups as probabilities.
        """
        identity = self.similarity.identity(face)
        if not self.reads:
            parameters = self.translator(identity)
        else:
            controllers, scores = self.parts(face, identity)
            options = [part.softmax(dim=1) for part in scores.split(self.group_sizes, dim=1)]
            parameters = torch.cat([controllers, *options], dim=1)
        return parameters if self.prior is None else self.prior(parameters).clamp(0.0, 1.0)

    def parts(self, face: torch.Tensor, identity: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, n_c) controllers and (N, n_d) scores of the options, whose softmax is their probability."""
        made = self.translator(identity)
        if not self.reads:
            return made[:, : self.n_c], made[:, self.n_c :].clamp_min(SMALLEST_PROBABILITY).log()
        controllers = made[:, : self.n_c] * self.kept
        if self.reader is None:
            return controllers + self.even, self.unread.expand(len(made), -1)
        scores, sliders = self.reader(self.reader.features(identity, self.similarity.regions(face, self.reader_stage)))
        return controllers + (sliders @ self.places + self.even), scores


class PriorProjection(nn.Module):
    """Moves controllers into the priors' subspace (eqs. 11 and 12 in one product); discrete groups pass unchanged.

    Raises:
        InputError: the bundle has no priors.
    """

    mean: torch.Tensor
    projection: torch.Tensor
    covariance: torch.Tensor

    def __init__(self, bundle: Bundle) -> None:
        super().__init__()
        if bundle.priors is None:
            raise InputError(f"the bundle {bundle.path} has no priors yet: f2p-deploy train priors makes them")
        matrices = bundle.priors.as_matrices()
        self.register_buffer("mean", torch.from_numpy(matrices.mean))
        self.register_buffer("projection", torch.from_numpy(matrices.projection @ matrices.basis.T))
        self.register_buffer("covariance", torch.from_numpy(matrices.basis @ matrices.basis.T))

    def forward(self, parameters: torch.Tensor) -> torch.Tensor:
        """Return (N, n) parameters whose controllers lie in the subspace; they may leave [0, 1]."""
        n_c = self.mean.shape[0]
        controllers = (parameters[:, :n_c] - self.mean) @ self.projection + self.mean
        return torch.cat([controllers, parameters[:, n_c:]], dim=1)

    def descent(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return (N, n) by how much parameters move where the subspace's coordinates of eq. 11 move along a gradient.

        With x = B u + m, u <- u - mu dL/du is x <- x - mu B B^T dL/dx: far only where faces differ.

        Args:
            gradient: (N, n) with regard to parameters; discrete groups pass unchanged.
        """
        n_c = self.mean.shape[0]
        return torch.cat([gradient[:, :n_c] @ self.covariance, gradient[:, n_c:]], dim=1)


class Update(nn.Module):
    """What a gradient does to the state: x <- clip(x - mu dL/dx, 0, 1), in the priors' subspace if asked for.

    Only controllers are clipped; the free numbers z of discrete groups may be anything.

    Args:
        bundle: gives the schema and the priors.
        settings: give the subspace and the discrete groups' rate.
    """

    def __init__(self, bundle: Bundle, settings: IterativeSettings) -> None:
        super().__init__()
        self.n, self.n_c = bundle.schema.n, bundle.schema.n_c
        self.discrete_rate = settings.discrete_rate
        self.momentum = settings.momentum
        self.prior = PriorProjection(bundle) if settings.use_prior else None
        self.held: torch.Tensor | None
        held = held_entries(bundle.schema).float() if bundle.settings.search == "surrogate" else None
        self.register_buffer("held", held, persistent=False)

    def forward(
        self, state: torch.Tensor, gradient: torch.Tensor, learning_rate: torch.Tensor | float, content: torch.Tensor
    ) -> torch.Tensor:
        """Return the next state.

        Args:
            state, gradient: (N, n).
            learning_rate: mu, a number or (1,).
            content: of the photos; in a search through a surrogate the states that were read from them, (N, n + k), of
                which the held entries are taken.
        """
        if self.prior is not None:
            gradient = self.prior.descent(gradient)
        if self.discrete_rate != 1.0:
            gradient = torch.cat([gradient[:, : self.n_c], gradient[:, self.n_c :] * self.discrete_rate], dim=1)
        moved = state - learning_rate * gradient
        if self.prior is not None:
            moved = self.prior(moved)
        if self.held is not None:
            moved = moved * (1.0 - self.held) + content[:, : self.n] * self.held
        return torch.cat([moved[:, : self.n_c].clamp(0.0, 1.0), moved[:, self.n_c :]], dim=1)

    def carried(self, state: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """Return the state (N, n) that the next gradient is taken at: carried on along its last move by the momentum.

        Args:
            state: (N, n) that the last step reached.
            before: (N, n) that the step before that reached.
        """
        if not self.momentum:
            return state.clone()
        moved = state + self.momentum * (state - before)
        return torch.cat([moved[:, : self.n_c].clamp(0.0, 1.0), moved[:, self.n_c :]], dim=1)


class StateToParameters(nn.Module):
    """The state of iterative generation to parameters: softmax(beta z) within each discrete group (section 3.6).

    Args:
        bundle: gives the schema.
        beta: sharpness of the softmax.
    """

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        self.n_c = bundle.schema.n_c
        self.group_sizes = [len(group.options) for group in bundle.schema.discrete_groups]
        self.beta = beta

    def forward(self, state: torch.Tensor) -> torch.Tensor:
        """(N, n) controllers in [0, 1] and free numbers z to (N, n) parameters."""
        if not self.group_sizes:
            return state
        controllers, free = state[:, : self.n_c], state[:, self.n_c :]
        smoothed = [(self.beta * z).softmax(dim=1) for z in free.split(self.group_sizes, dim=1)]
        return torch.cat([controllers, *smoothed], dim=1)


class GenerationLoss(nn.Module):
    """lambda_1 L_idt + lambda_2 L_ctt of a state's rendered face (eq. 9).

    Args:
        bundle: gives the imitator and the descriptor.
        beta: sharpness of the softmax over discrete groups.
    """

    def __init__(self, bundle: Bundle, beta: float) -> None:
        super().__init__()
        self.to_parameters = StateToParameters(bundle, beta)
        self.imitator = bundle.imitator
        self.similarity = bundle.similarity

    def forward(self, state: torch.Tensor, identity: torch.Tensor, content: torch.Tensor) -> torch.Tensor:
        """Return (N,) losses of (N, n) states against identity (N, d) and content (N, C, H, W) of the photos."""
        return self.similarity(self.imitator(self.to_parameters(state)), identity, content)


class Describe(nn.Module):
    """A face to its identity and content: `Similarity.describe` as a module."""

    def __init__(self, similarity: Similarity) -> None:
        super().__init__()
        self.similarity = similarity

    def forward(self, face: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.similarity.describe(face)


def describer(bundle: Bundle) -> nn.Module:
    """Return what a search describes faces by: (N, 3, S, S) to identity and content."""
    if bundle.settings.search == "surrogate":
        return SurrogateDescribe(bundle, bundle.settings.iterative.beta).eval()
    return Describe(bundle.similarity).eval()


def search_loss(bundle: Bundle, beta: float) -> "GenerationLoss | SurrogateLoss":
    """Return what a search makes small: (state, identity, content) to (N,)."""
    return SurrogateLoss(bundle, beta).eval() if bundle.settings.search == "surrogate" else GenerationLoss(bundle, beta)


def one_shot(bundle: Bundle, faces: torch.Tensor) -> np.ndarray:
    """Return (N, n) float32 parameters of aligned faces (N, 3, S, S), RGB in [0, 1] (section 3.4.1)."""
    with torch.inference_mode():
        return OneShot(bundle).eval()(faces).numpy()


def average_state(bundle: Bundle, count: int) -> torch.Tensor:
    """Return (count, n) states of the average face: controllers at their defaults, z = 0 in every discrete group.

    A one-hot start would stay where it is: at beta = 100 the softmax is flat there and has no gradient.
    """
    state = torch.zeros(count, bundle.schema.n)
    state[:, : bundle.schema.n_c] = torch.tensor([c.default for c in bundle.schema.controllers])
    return state


def first_state(bundle: Bundle, count: int, settings: IterativeSettings | None = None) -> torch.Tensor:
    """Return (count, n) states that iterative generation begins at, z = 0 in every discrete group.

    The average face or, with `from_prior`, the mean of the priors' faces.

    Args:
        bundle: gives the schema and the priors.
        count: number of faces.
        settings: the bundle's own if not given.

    Raises:
        InputError: the priors are asked for, and the bundle has none.
    """
    state = average_state(bundle, count)
    if (settings or bundle.settings.iterative).from_prior:
        state[:, : bundle.schema.n_c] = PriorProjection(bundle).mean.clamp(0.0, 1.0)
    return state


def state_of(parameters: torch.Tensor, n_c: int, beta: float) -> torch.Tensor:
    """Return the (N, n) state whose softmax(beta z) gives (N, n) parameters.

    Probabilities below `SMALLEST_PROBABILITY` count as that.
    """
    free = parameters[:, n_c:].clamp_min(SMALLEST_PROBABILITY).log() / beta
    return torch.cat([parameters[:, :n_c], free], dim=1)


def iterate(
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
    given = starting_state(bundle, faces, "iterative", settings) if start is None else start
    fixed = given.to(faces.device, copy=True)
    locked = None if locked is None else locked.to(faces.device)
    reached, before = fixed, fixed
    states, losses = [], []
    for done, learning_rate in enumerate(settings.learning_rates(), start=1):
        state = update.carried(reached, before).requires_grad_(True)
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


def starting_state(bundle: Bundle, faces: torch.Tensor, mode: str, settings: IterativeSettings) -> torch.Tensor:
    """Return (N, n) states to iterate from: `first_state`, or in hybrid mode what one-shot generation gives.

    Hybrid is what the paper's conclusion leaves to future work.
    """
    if mode == "hybrid":
        return state_of(torch.from_numpy(one_shot(bundle, faces)), bundle.schema.n_c, settings.beta)
    return first_state(bundle, len(faces), settings)


def choose_options(bundle: Bundle, face: torch.Tensor, parameters: np.ndarray, locked: np.ndarray | None) -> np.ndarray:
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
    chosen = [choose_options(bundle, faces[i : i + 1], row, locked) for i, row in enumerate(first)]
    return state_of(torch.from_numpy(np.stack(chosen)), schema.n_c, beta)


def generate(
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
    start = starting_state(bundle, faces, mode, settings)
    locked = None if keep is None else keep.locked_mask
    if keep is not None:
        kept = state_of(torch.from_numpy(keep.values.copy())[None], schema.n_c, settings.beta)
        start = torch.where(torch.from_numpy(locked), kept, start)
    start = with_options_tried_out(bundle, faces, start, settings.beta, locked)
    fixed = None if locked is None else torch.from_numpy(locked)
    measured = None if shape is None else shape[None]
    trajectory = iterate(bundle, faces, settings, start, fixed, progress, shapes=measured)
    losses, sharpness = trajectory.losses[:, 0].tolist(), sharpness_of(bundle.settings, mode)
    return finish(
        schema, trajectory.parameters[0], mode, losses, keep, unread=bundle.unread, sharpness=sharpness
    )


def render(bundle: Bundle, parameters: Parameters) -> np.ndarray:
    """Draw parameters with the imitator: (S, S, 3) uint8 RGB.

    Raises:
        InputError: the parameters are for another schema.
    """
    check_schema(parameters, bundle.schema)
    with torch.inference_mode():
        image = bundle.imitator(torch.from_numpy(parameters.values.copy())[None])[0]
    return to_picture(image.numpy())


def render_average(bundle: Bundle) -> np.ndarray:
    """Draw the average face: (S, S, 3) uint8 RGB."""
    return render(bundle, average(bundle.schema))


def to_tensor(bundle: Bundle, face: np.ndarray) -> torch.Tensor:
    """Return an aligned face (S, S, 3) uint8 as (1, 3, S, S) float32 in [0, 1].

    Raises:
        InputError: another shape or dtype than the bundle's networks take.
    """
    return torch.from_numpy(to_planes(face, bundle.settings.architecture.image_size))
