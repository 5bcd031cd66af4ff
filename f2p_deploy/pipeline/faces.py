"""Align a user's photos to the faces on which an export is measured."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from f2p_deploy.alignment import align_photo
from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.system.errors import InputError

logger = logging.getLogger(__name__)


def aligned_faces(photos: Sequence[Path], bundle: Bundle, finder: ChosenFinder) -> Faces:
    """Align photos for a bundle; photos without a usable face are left out, with a warning in the log.

    Args:
        photos: files and folders.
        bundle: determines the size and the template.
        finder: finds the faces.

    Raises:
        InputError: no photo has a usable face.
    """
    size, template = bundle.settings.architecture.image_size, bundle.settings.alignment.landmarks
    images, names = [], []
    for photo in expand(photos):
        try:
            face = align_photo(photo, finder.finder, template, size)
        except InputError as error:
            logger.warning("left out: %s", error)
            continue
        images.append(face.image.transpose(2, 0, 1).astype(np.float32) / 255.0)
        names.append(photo.name)
    if not images:
        raise InputError("none of the photos has a face that an export could be checked with")
    return Faces(np.stack(images), tuple(names))
