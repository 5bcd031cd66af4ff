"""Fitting of the reader: options, age and sex of photos, learned from a table of labels."""

from collections.abc import Callable, Mapping

import numpy as np
import torch

from f2p_deploy.character.parameters import average
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.held import read_controllers
from f2p_deploy.model.networks.reader import Reader
from f2p_deploy.model.networks.table import build_network
from f2p_deploy.system.errors import InputError
from f2p_deploy.training.data.face_cache import Rows, choose_rows
from f2p_deploy.training.data.labels import Labels
from f2p_deploy.training.data.pair_tensors import to_float
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.regressions import calibrated_temperature, logistic_regression, ridge_regression

#: Number of faces described at once.
BATCH = 64

#: L2 penalties on the weights of the identity, the colours, the class maps and a stage's features.
PENALTIES = (2e-2, 1e-2, 3e-1, 1.0)


def _mirrored(faces: torch.Tensor) -> torch.Tensor:
    return faces.flip(3)


def _darker(faces: torch.Tensor) -> torch.Tensor:
    return 0.5 * faces


def _brighter(faces: torch.Tensor) -> torch.Tensor:
    return (1.3 * faces).clamp(0.0, 1.0)


#: Augmentations of labelled photos, added to the originals.
AUGMENTATIONS: tuple[Callable[[torch.Tensor], torch.Tensor], ...] = (_mirrored, _darker, _brighter)

#: Weight of measured positions of an ordered group; labels have the rest of 1. A measured skin tone depends on the
#: photo's light, which labels do not; labels are coarse (seven in ten say light). At 0.6 the rank correlation of cheek
#: colours is higher, but light-skinned people in dim photos get brown skin.
MEASURED_SHARE = 0.4

#: Logit of the default option of a group without labels; the other options have 0. Minus this is the logit of an option
#: that no label names, in a group with labels.
CERTAIN = 8.0


def learn_reader(
    bundle: Bundle, photos: Portraits, labels: Labels, measured: Mapping[str, np.ndarray] | None = None
) -> tuple[Reader, dict[str, float]]:
    """Fit the reader by regularised logistic and least-squares regression.

    A group or slider without labels gets its default. An option that no label of its group names is never the most
    probable one: a regression over all options would give each such option the same probability for every photo, and
    choose among them, by rounding, whenever a photo resembles none of the labelled ones.

    Args:
        bundle: gives F.
        photos: aligned portraits; held-out photos are used for the metrics only.
        labels: of some of the photos.
        measured: by ordered group, (N,) measured positions of options for all photos, -1 where unknown.

    Returns:
        The network, and metrics on held-out photos: accuracy for groups, correlation for sliders.

    Raises:
        InputError: fewer than 20 training photos have labels.
    """
    rows = _rows_of(photos, labels)
    # Labels exist for some photos, measured positions for all.
    positions = np.arange(len(rows)) if measured else np.flatnonzero(rows >= 0)
    rows, training = rows[positions], torch.from_numpy(~np.isin(positions, photos.held_out))
    options = {name: _values_of(values, rows, -1) for name, values in labels.options.items()}
    sliders = {name: _values_of(values, rows, np.float32(np.nan)) for name, values in labels.sliders.items()}
    tones = {name: torch.from_numpy(np.asarray(values, np.int64)) for name, values in (measured or {}).items()}
    reader: Reader = build_network("reader", bundle.schema, bundle.settings)  # type: ignore[assignment]
    pictures = choose_rows(photos.pictures, positions)
    features = _features(bundle, reader, pictures)
    repeated = _with_options(options) & training
    labelled = choose_rows(pictures, repeated.numpy())
    augmented = [_features(bundle, reader, labelled, augment) for augment in AUGMENTATIONS]
    samples = torch.cat([features[training], *augmented])
    order = torch.cat([training.nonzero()[:, 0], *[repeated.nonzero()[:, 0]] * len(AUGMENTATIONS)])
    reader.mean.copy_(samples.mean(dim=0))
    reader.deviation.copy_(samples.std(dim=0).clamp_min(1e-3))
    x = (samples - reader.mean) / reader.deviation
    _fit(reader, bundle.schema, x, _part(options, order), _part(sliders, order), _part(tones, order), order)
    held_out = _part(options, ~training), _part(sliders, ~training)
    return reader.requires_grad_(False), _measure(reader, bundle.schema, features[~training], *held_out)


def _rows_of(photos: Portraits, labels: Labels) -> np.ndarray:
    """Return (N,) int64: the row of each photo in the table of labels, -1 for photos without a row.

    Raises:
        InputError: no photo has a row, or fewer than 20 training photos have one.
    """
    row_of = {name: i for i, name in enumerate(labels.names)}
    rows = np.array([row_of.get(name, -1) for name in photos.names])
    if (rows < 0).all():
        raise InputError(
            f"none of the {len(labels.names)} rows of the labels names one of the photos: a photo's name is its "
            f"folder and file, such as {photos.names[0]}"
        )
    count = int((rows[photos.training] >= 0).sum())
    if count < 20:
        raise InputError(f"the reader needs labels of at least 20 photos to train on, found {count}")
    return rows


def _values_of(values: np.ndarray, rows: np.ndarray, unknown: float | np.float32) -> torch.Tensor:
    """Return (N,) values of photos in rows of a table of labels; `unknown` for the row -1."""
    return torch.from_numpy(np.where(rows >= 0, values[rows], unknown))


def _with_options(options: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """Return (N,) bool: True for photos with a known option."""
    known = [positions >= 0 for positions in options.values()]
    return torch.stack(known).any(dim=0) if known else torch.tensor(False)


def _part(tensors: Mapping[str, torch.Tensor], which: torch.Tensor) -> dict[str, torch.Tensor]:
    return {name: tensor[which] for name, tensor in tensors.items()}


def _features(
    bundle: Bundle, reader: Reader, pictures: Rows, augment: Callable[[torch.Tensor], torch.Tensor] | None = None
) -> torch.Tensor:
    """Return (N, f) features of pictures (N, S, S, 3) uint8, augmented first if a function is given."""
    rows = [torch.empty(0, reader.mean.shape[0])]
    stage = bundle.settings.architecture.reader_stage
    with torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            faces = to_float(pictures[start : start + BATCH])
            faces = faces if augment is None else augment(faces)
            rows.append(reader.features(bundle.similarity.identity(faces), bundle.similarity.regions(faces, stage)))
    return torch.cat(rows).clone()


def _fit(
    reader: Reader,
    schema: Schema,
    x: torch.Tensor,
    options: Mapping[str, torch.Tensor],
    sliders: Mapping[str, torch.Tensor],
    measured: Mapping[str, torch.Tensor] | None = None,
    photos: torch.Tensor | None = None,
) -> None:
    """Fit the linear layer, each output to the photos with a label for it.

    Args:
        reader: the network; its linear layer is changed.
        schema: gives the groups and controllers.
        x: (N, f) standardised features.
        options: by group, (N,) positions of options, -1 where unknown.
        sliders: by controller, (N,) in [0, 1], NaN where unknown.
        measured: measured positions of ordered groups, in the form of `options`.
        photos: (N,) index of the photo that each row shows; all different if not given. Ordered groups are fitted to
            the first row of each photo only: trained on darkened photos as well, skin tones separate people worse.
    """
    photos = torch.arange(len(x)) if photos is None else photos
    first_rows: dict[int, int] = {}
    first = [row for row, photo in enumerate(photos.tolist()) if first_rows.setdefault(photo, row) == row]
    weight, bias = reader.linear.weight.requires_grad_(False), reader.linear.bias.requires_grad_(False)
    weight.zero_()
    bias.zero_()
    penalty = torch.cat([torch.full((n,), p) for n, p in zip(reader.parts, PENALTIES, strict=True)])
    default = torch.from_numpy(average(schema).values.copy())
    for ordered, (name, part) in zip(reader.ordered, schema.discrete_slices.items(), strict=True):
        rows = slice(part.start - schema.n_c, part.stop - schema.n_c)
        known = options[name] >= 0 if name in options else torch.zeros(len(x), dtype=torch.bool)
        if ordered:
            sources = _position_sources(options, measured or {}, name)
            bias[rows] = default[part].argmax().float() if not sources else 0.0
            for positions, share in sources:
                slopes, level = _fit_positions(x[first], positions[first], penalty)
                weight[rows.start] += share * slopes
                bias[rows.start] += share * level
        elif not known.any():
            bias[rows] = CERTAIN * default[part]
        else:
            named, y = options[name][known].unique(return_inverse=True)
            slopes, levels = logistic_regression(x[known], y, len(named), penalty)
            temperature = calibrated_temperature(x[known], y, photos[known], len(named), penalty)
            bias[rows] = -CERTAIN
            weight[rows.start + named] = slopes / temperature
            bias[rows.start + named] = levels / temperature
    for row, i in enumerate(read_controllers(schema), start=schema.n_d):
        name = schema.controllers[i].name
        known = sliders[name].isfinite() if name in sliders else torch.zeros(len(x), dtype=torch.bool)
        if known.any():
            weight[row], bias[row] = ridge_regression(x[known], sliders[name][known], penalty)
        else:
            bias[row] = default[i]


def _position_sources(
    options: Mapping[str, torch.Tensor], measured: Mapping[str, torch.Tensor], name: str
) -> list[tuple[torch.Tensor, float]]:
    """Return the known positions of an ordered group's options, labelled and measured, each with its weight."""
    sources = [source[name] for source in (options, measured) if name in source and (source[name] >= 0).any()]
    shares = (1.0 - MEASURED_SHARE, MEASURED_SHARE) if len(sources) == 2 else (1.0,)
    return list(zip(sources, shares, strict=False))


def _fit_positions(
    x: torch.Tensor, positions: torch.Tensor, penalty: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the ridge regression of an ordered group's positions, with weights 1 / sqrt(frequency of the position)."""
    known = positions >= 0
    y = positions[known]
    return ridge_regression(x[known], y.float(), penalty, torch.bincount(y)[y].float().rsqrt())


def _measure(
    reader: Reader,
    schema: Schema,
    features: torch.Tensor,
    options: Mapping[str, torch.Tensor],
    sliders: Mapping[str, torch.Tensor],
) -> dict[str, float]:
    """Return the accuracy of each group and the correlation of each slider; empty without photos."""
    metrics: dict[str, float] = {}
    if not len(features):
        return metrics
    with torch.no_grad():
        scores, predicted = reader(features)
    for name, part in schema.discrete_slices.items():
        if name in options and (known := options[name] >= 0).any():
            best = scores[known, part.start - schema.n_c : part.stop - schema.n_c].argmax(dim=1)
            metrics[name] = float((best == options[name][known]).float().mean())
    for position, i in enumerate(read_controllers(schema)):
        name = schema.controllers[i].name
        if name in sliders and int((known := sliders[name].isfinite()).sum()) > 2:
            pairs = torch.stack([predicted[known, position], sliders[name][known]])
            metrics[name] = float(torch.corrcoef(pairs)[0, 1])
    return metrics
