"""The alignment stage: positions of photos' landmarks, compared with those of renders."""

import numpy as np

from f2p_deploy.alignment.warp import fit_similarity, transform
from f2p_deploy.character.face import LANDMARKS
from f2p_deploy.evaluation.stages.stage_data import HeldOut, Renders
from f2p_deploy.evaluation.stages.stage_result import Figure, Sheet, StageResult, badness
from f2p_deploy.model.bundle import Bundle


def measure_alignment(bundle: Bundle, held: HeldOut) -> StageResult:
    """Compare the alignment by the template with the best similarity transform of each photo onto the average render.

    The residual of the alignment's fit cannot reveal a misplaced template, since the fit follows any shift, rotation
    and scale of it. So landmarks are compared with those of the average render: badness 0 is no difference; 1 is a
    difference as large as that between a person's landmarks and the average's.
    """
    photos = held.photos
    if photos is None:
        return StageResult("alignment", missing="no photos: name a folder with --portraits")
    mean = average_landmarks(held.front)
    if mean is None:
        return StageResult("alignment", missing="no landmarks of the renders")
    target, uncertainty = mean
    size = bundle.settings.architecture.image_size
    template = np.array([bundle.settings.alignment.landmarks[name] for name in LANDMARKS])
    points = [face.landmarks.array for face in photos.faces]
    placed = np.array(
        [transform(face.matrix, one) / size for face, one in zip(photos.faces, points, strict=True)], np.float64
    )
    best = np.array([transform(fit_similarity(one, target), one) for one in points])
    misplaced = _rms(placed - best)
    personal = float(np.median(_rms(best - target)))
    # The mean of a few renders has a standard error, which is not the template's fault.
    value = float(np.sqrt(max(0.0, np.median(misplaced) ** 2 - uncertainty**2)))
    away = np.linalg.norm(placed - template, axis=2)
    figures = [
        Figure("misplaced, median over photos", value, "edges", 0.0, personal),
        Figure("residual of the fit, median", float(np.median([face.residual for face in photos.faces])), "edges"),
        Figure("photos", len(photos.faces)),
        Figure("photos refused", photos.refused),
    ]
    figures += [
        Figure(f"{name} from the template, median", float(np.median(away[:, i])), "edges")
        for i, name in enumerate(LANDMARKS)
    ]
    sheet = Sheet(
        "Aligned photos; the mean photo and the mean render should cover each other",
        {
            "photos": photos.pictures[:8],
            "means": np.stack([photos.pictures.mean(axis=0), held.front.pictures.mean(axis=0)])
            .round()
            .astype(np.uint8),
        },
    )
    return StageResult(
        "alignment",
        badness(value, 0.0, personal),
        "distance of photos' landmarks from those of renders; 1 is the difference between people",
        tuple(figures),
        (sheet,),
    )


def average_landmarks(renders: Renders) -> tuple[np.ndarray, float] | None:
    """Return the (5, 2) mean landmarks of front renders and their standard error, in edges of the picture.

    Uses the landmarks found by the photos' finder, so that both have the same definition; if it found fewer than two
    faces, the engine's. None if there are none.
    """
    found = [face.array for face in renders.found if face is not None]
    table = np.array(found) if len(found) > 1 else renders.landmarks
    if table is None or len(table) < 2:
        return None
    table = np.asarray(table, np.float64) / renders.pictures.shape[1]
    scatter = table.var(axis=0, ddof=1).sum(axis=1).mean()
    return table.mean(axis=0), float(np.sqrt(scatter / len(table)))


def _rms(differences: np.ndarray) -> np.ndarray:
    """Return (N,) root mean square lengths of (N, 5, 2) differences."""
    return np.sqrt(np.square(differences).sum(axis=2).mean(axis=1))
