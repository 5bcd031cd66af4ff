"""The reader's stage: options, age and sex of photos, learned from people's own words about them."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Schema, suggestion
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.networks.reader import Reader
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.system.causes import reason_of
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.pair_tensors import to_float
from f2p_deploy.training.data.portraits import Portraits

#: Faces that are looked at together.
BATCH = 64

#: The penalty on squared weights, for the identity, the colours, the class maps and a stage's features.
PENALTIES = (2e-2, 1e-2, 3e-1, 1.0)

#: What rare options count more than common ones: how rare they are, to this power. Without it the beards and glasses
#: that some wear are left out where in doubt; with more, people get beards who have none.
RARITY = 0.25

#: How labelled photos are shown besides as they are: mirrored, half as bright and brighter. The person is the same.
VARIANTS: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (
    lambda face: face.flip(3),
    lambda face: 0.5 * face,
    lambda face: (1.3 * face).clamp(0.0, 1.0),
)

#: Parts of the photos that are left out in turn where it is measured how sure a group may be, and how sure: divisors.
FOLDS = 3
TEMPERATURES = tuple(0.5 * 1.05**k for k in range(50))

#: Steps of L-BFGS.
STEPS = 60

#: How much what was measured of an ordered group counts beside what people said. A skin tone that is measured follows
#: the photo's light, which people see through; what people say is coarse (seven in ten are called light). At 0.6 the
#: rank correlation of cheeks is higher, and light-skinned people in dim photos come out brown.
MEASURED_SHARE = 0.4

#: The score of a default option that nothing is known of, over that of the others.
CERTAIN = 8.0


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known of photos.

    Args:
        names: (N,) of the photos, folder and file.
        options: by discrete group, (N,) int64 positions of options, -1 where unknown.
        sliders: by controller, (N,) float32 in [0, 1], NaN where unknown.
    """

    names: tuple[str, ...]
    options: Mapping[str, np.ndarray]
    sliders: Mapping[str, np.ndarray]


def read_labels(path: Path, schema: Schema) -> Labels:
    """Read a table of labels.

    A column `photo` names folder and file; any other column is a discrete group, with the name of an option, or one of
    the controllers tagged as age and sex, with a number in [0, 1]. An empty cell is unknown.

    Args:
        path: CSV, UTF-8.
        schema: has the groups and controllers.

    Raises:
        InputError: the file cannot be read, or names what the schema does not have (the line and the word).
    """
    groups = {group.name: group.options for group in schema.discrete_groups}
    controllers = {schema.controllers[i].name for i in read_controllers(schema)}
    columns, rows = label_rows(path)
    columns.remove("photo")
    for name in columns:
        if name not in groups and name not in controllers:
            known = (*groups, *sorted(controllers))
            hint = suggestion(name, known)
            raise InputError(f"{path}: the schema {schema.name!r} has no part {name!r} to read{hint}")
    options = {name: np.full(len(rows), -1) for name in columns if name in groups}
    sliders = {name: np.full(len(rows), np.nan, np.float32) for name in columns if name in controllers}
    for i, row in enumerate(rows):
        for name in columns:
            word = (row[name] or "").strip()
            if not word:
                continue
            if name in groups:
                if word not in groups[name]:
                    where = f"{path}, line {i + 2}"
                    raise InputError(f"{where}: {name} has no option {word!r}{suggestion(word, groups[name])}")
                options[name][i] = groups[name].index(word)
            else:
                sliders[name][i] = _slider(word, f"{path}, line {i + 2}: {name}")
    return Labels(tuple(row["photo"] for row in rows), options, sliders)


def label_rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Return the columns of a table of labels and its rows, at least one, each of another photo."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            found = csv.DictReader(stream)
            rows, columns = list(found), list(found.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read the labels {path}: {reason_of(error, 'it is not a table in UTF-8')}") from error
    if "photo" not in columns:
        raise InputError(
            f"{path} should be a table with commas, a column 'photo' and one for each part that is known"
        )
    if not rows:
        raise InputError(f"{path} names columns and has no row below them")
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise InputError(f"{path} has two columns {twice!r}")
    lines: dict[str, int] = {}
    for line, row in enumerate(rows, start=2):
        if None in row:
            raise InputError(f"{path}, line {line} has more cells than the {len(columns)} columns")
        if row["photo"] in lines:
            raise InputError(f"{path}, line {line} names {row['photo']!r} again, as line {lines[row['photo']]} does")
        lines[row["photo"]] = line
    return columns, rows


def learn_reader(
    bundle: Bundle, photos: Portraits, labels: Labels, measured: Mapping[str, np.ndarray] | None = None
) -> tuple[Reader, dict[str, float]]:
    """Fit the reader by regularised logistic and least-squares regression.

    A group or slider of which nothing is known reads as its default.

    Args:
        bundle: gives F.
        photos: aligned portraits; those that are held out are only measured.
        labels: of some of them.
        measured: by ordered group, positions of options that were measured in all the photos, -1 where unknown.

    Returns:
        The network, and the share of held-out photos read right (or the correlation, for sliders).

    Raises:
        InputError: fewer than 20 of the photos to train on have labels.
    """
    schema = bundle.schema
    place = {name: i for i, name in enumerate(labels.names)}
    chosen = [i for i, name in enumerate(photos.names) if name in place]
    held = set(photos.held_out.tolist())
    training = [i for i in chosen if i not in held]
    if not chosen:
        raise InputError(
            f"none of the {len(labels.names)} rows of the labels names one of the photos: a photo is called by its "
            f"folder and file, as {photos.names[0]}"
        )
    if len(training) < 20:
        raise InputError(f"the reader needs labels of at least 20 photos to train on, found {len(training)}")
    rows = np.array([place[photos.names[i]] for i in chosen])
    train = torch.tensor([i not in held for i in chosen])
    measured = measured or {}
    if measured:  # in all photos
        chosen = list(range(len(photos.names)))
        rows = np.array([place.get(name, -1) for name in photos.names])
        train = torch.tensor([i not in held for i in chosen])
    said = rows >= 0
    wanted = {name: torch.from_numpy(np.where(said, found[rows], -1)) for name, found in labels.options.items()}
    unknown = np.float32(np.nan)
    sliders = {name: torch.from_numpy(np.where(said, found[rows], unknown)) for name, found in labels.sliders.items()}
    seen = {name: torch.from_numpy(np.asarray(found, np.int64)) for name, found in measured.items()}
    reader: Reader = build_network("reader", schema, bundle.settings)  # type: ignore[assignment]
    faces = photos.pictures[chosen]
    features = _features(bundle, reader, faces)
    again = _worth_showing_again(wanted) & train
    shown = torch.cat([features[train], *(_features(bundle, reader, faces[again.numpy()], vary) for vary in VARIANTS)])
    order = torch.cat([train.nonzero()[:, 0], *[again.nonzero()[:, 0]] * len(VARIANTS)])
    reader.mean.copy_(shown.mean(dim=0))
    reader.deviation.copy_(shown.std(dim=0).clamp_min(1e-3))
    x = (shown - reader.mean) / reader.deviation
    _fit(reader, schema, x, _part(wanted, order), _part(sliders, order), _part(seen, order), order)
    metrics = _measure(reader, schema, features[~train], _part(wanted, ~train), _part(sliders, ~train))
    return reader.requires_grad_(False), metrics


def _worth_showing_again(wanted: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return (N,) bool: the photos of which some option is known."""
    known = [found >= 0 for found in wanted.values()]
    return torch.stack(known).any(dim=0) if known else torch.tensor(False)


def _part(tensors: Mapping[str, torch.Tensor], which: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: tensor[which] for name, tensor in tensors.items()}


def _features(
    bundle: Bundle, reader: Reader, pictures: np.ndarray, vary: Callable[[torch.Tensor], torch.Tensor] | None = None
) -> torch.Tensor:
    """Return (N, f) what a reader reads of pictures (N, S, S, 3) uint8, each changed by `vary` before."""
    rows = [torch.empty(0, reader.mean.shape[0])]
    stage = bundle.settings.architecture.reader_stage
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            faces = to_float(pictures[start : start + BATCH])
            faces = faces if vary is None else vary(faces)
            rows.append(reader.features(bundle.similarity.identity(faces), bundle.similarity.regions(faces, stage)))
    return torch.cat(rows).clone()


def _fit(
    reader: Reader,
    schema: Schema,
    x: torch.Tensor,
    wanted: Mapping[str, torch.Tensor],
    sliders: Mapping[str, torch.Tensor],
    measured: Mapping[str, torch.Tensor] | None = None,
    photos: torch.Tensor | None = None,
) -> None:
    """Fit the linear layer to standardised features (N, f), each part to the photos that it is known of.

    Args:
        reader: is changed.
        schema: has the groups and controllers.
        x: (N, f) features.
        wanted: by group, (N,) positions of options, -1 where unknown.
        sliders: by controller, (N,) in [0, 1], NaN where unknown.
        measured: as `wanted`, of ordered groups.
        photos: (N,) which photo each row shows; each its own if not given. Ordered groups are fitted to the first row
            of each: taught that a darkened photo has the same skin tone, a reader of tones tells people apart worse.
    """
    photos = torch.arange(len(x)) if photos is None else photos
    seen: dict[int, int] = {}
    first = [row for row, photo in enumerate(photos.tolist()) if seen.setdefault(photo, row) == row]
    weight, bias = reader.linear.weight.requires_grad_(False), reader.linear.bias.requires_grad_(False)
    weight.zero_()
    bias.zero_()
    penalty = torch.cat([torch.full((n,), p) for n, p in zip(reader.parts, PENALTIES, strict=True)])
    usual = torch.from_numpy(average(schema).values.copy())
    for ordered, (name, part) in zip(reader.ordered, schema.discrete_slices.items(), strict=True):
        rows = slice(part.start - schema.n_c, part.stop - schema.n_c)
        known = wanted[name] >= 0 if name in wanted else torch.zeros(len(x), dtype=torch.bool)
        if ordered:
            ways = _ways(wanted, measured or {}, name)
            bias[rows] = usual[part].argmax().float() if not ways else 0.0
            for positions, share in ways:
                slopes, level = _place(x[first], positions[first], penalty)
                weight[rows.start] += share * slopes
                bias[rows.start] += share * level
        elif not known.any():
            bias[rows] = CERTAIN * usual[part]
        else:
            options, found, shown = part.stop - part.start, wanted[name][known], photos[known]
            weight[rows], bias[rows] = _logistic(x[known], found, options, penalty)
            too_sure = _temperature(x[known], found, shown, options, penalty)
            weight[rows] /= too_sure
            bias[rows] /= too_sure
    for row, i in enumerate(read_controllers(schema), start=schema.n_d):
        name = schema.controllers[i].name
        known = sliders[name].isfinite() if name in sliders else torch.zeros(len(x), dtype=torch.bool)
        if known.any():
            weight[row], bias[row] = _ridge(x[known], sliders[name][known], penalty)
        else:
            bias[row] = usual[i]


def _ways(
    wanted: Mapping[str, torch.Tensor], measured: Mapping[str, torch.Tensor], name: str
) -> list[tuple[torch.Tensor, float]]:
    """Return the positions that an ordered group's options are known to be at, and what each source counts."""
    ways = [way[name] for way in (wanted, measured) if name in way and (way[name] >= 0).any()]
    shares = (1.0 - MEASURED_SHARE, MEASURED_SHARE) if len(ways) == 2 else (1.0,)
    return list(zip(ways, shares, strict=False))


def _place(x: torch.Tensor, positions: torch.Tensor, penalty: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the regression of an ordered group's positions; rare ones weigh more, by the root of how rare they are."""
    known = positions >= 0
    found = positions[known]
    return _ridge(x[known], found.float(), penalty, torch.bincount(found)[found].float().rsqrt())


def _ridge(
    x: torch.Tensor, y: torch.Tensor, penalty: torch.Tensor, samples: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights (f,) and the bias of a regression.

    Args:
        x: (N, f) features.
        y: (N,) values.
        penalty: (f,) on squared weights.
        samples: (N,) how much each sample counts; all the same if not given.
    """
    share = torch.full((len(x),), 1.0 / len(x)) if samples is None else samples / samples.sum()
    middle, level = share @ x, share @ y
    away = (x - middle).double()
    shared = away.T * share.double()
    weights = torch.linalg.solve(shared @ away + torch.diag(penalty.double()), shared @ (y - level).double()).float()
    return weights, level - middle @ weights


def _logistic(
    x: torch.Tensor, y: torch.Tensor, options: int, penalty: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the weights (options, f) and biases (options,) of a multinomial logistic regression."""
    shares = torch.bincount(y).float().pow(-RARITY)[y]
    shares = shares / shares.sum()
    weight = torch.zeros(options, x.shape[1], requires_grad=True)
    bias = torch.zeros(options, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        wrong = F.cross_entropy(x @ weight.T + bias, y, reduction="none")
        total = shares @ wrong + (weight.square() * penalty).sum()
        total.backward()
        return total

    with torch.enable_grad():
        optimiser.step(loss)
    return weight.detach(), bias.detach()


def _temperature(
    x: torch.Tensor, y: torch.Tensor, photos: torch.Tensor, options: int, penalty: torch.Tensor
) -> float:
    """Return the number whose division of the scores makes their softmax most probable for photos not learned from.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", by cross-validation over the photos.
    """
    fold = photos.unique(return_inverse=True)[1] % FOLDS
    left_out, answers = [], []
    for k in range(FOLDS):
        inside = fold != k
        if inside.all() or not inside.any():
            return 1.0
        weight, bias = _logistic(x[inside], y[inside], options, penalty)
        left_out.append(x[~inside] @ weight.T + bias)
        answers.append(y[~inside])
    scores, truth = torch.cat(left_out), torch.cat(answers)
    losses = [float(F.cross_entropy(scores / temperature, truth)) for temperature in TEMPERATURES]
    return TEMPERATURES[int(np.argmin(losses))]


def _measure(
    reader: Reader,
    schema: Schema,
    features: torch.Tensor,
    wanted: Mapping[str, torch.Tensor],
    sliders: Mapping[str, torch.Tensor],
) -> dict[str, float]:
    metrics: dict[str, float] = {}
    if not len(features):
        return metrics
    with torch.no_grad():
        scores, read = reader(features)
    for name, part in schema.discrete_slices.items():
        if name in wanted and (known := wanted[name] >= 0).any():
            found = scores[known, part.start - schema.n_c : part.stop - schema.n_c].argmax(dim=1)
            metrics[name] = float((found == wanted[name][known]).float().mean())
    for position, i in enumerate(read_controllers(schema)):
        name = schema.controllers[i].name
        if name in sliders and int((known := sliders[name].isfinite()).sum()) > 2:
            both: Sequence[torch.Tensor] = (read[known, position], sliders[name][known])
            metrics[name] = float(torch.corrcoef(torch.stack(list(both)))[0, 1])
    return metrics


def _slider(word: str, where: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{where} is a number in [0, 1], found {word!r}")
    return value
