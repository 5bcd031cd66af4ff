"""Open a set of pairs in any of the formats that verification reads."""

from pathlib import Path

from f2p_deploy.evaluation.verification.bcolz_folder import is_bcolz_folder, read_bcolz_folder
from f2p_deploy.evaluation.verification.face_pairs import ColourOrder, FacePairs
from f2p_deploy.evaluation.verification.insightface_bin import read_insightface_bin
from f2p_deploy.evaluation.verification.pair_list import LIST_SUFFIXES, read_pair_list
from f2p_deploy.evaluation.verification.picture_arrays import read_picture_arrays
from f2p_deploy.system.errors import InputError


def open_face_pairs(path: Path, order: ColourOrder = "auto") -> FacePairs:
    """Return a set of pairs; the format is that of its suffix.

    Args:
        path: InsightFace's `.bin`, an array `.npy` or `.npz`, a list `.csv`, `.tsv` or `.txt`, or a folder of bcolz.
        order: order of the colours in arrays, see `picture_of_array`.

    Raises:
        InputError: there is no such file, another format, or it cannot be read.
        MissingDependency: the format needs a package that is not installed.
    """
    suffix = path.suffix.lower()
    if path.is_dir():
        if is_bcolz_folder(path):
            return read_bcolz_folder(path, order)
        raise InputError(
            f"{path} is a folder, and not one of bcolz (meta/sizes, meta/storage): name a file of pairs, or use "
            "--people for a folder with a subfolder for each person"
        )
    if not path.is_file():
        raise InputError(f"there is no file of pairs {path}")
    if suffix == ".bin":
        return read_insightface_bin(path)
    if suffix in (".npy", ".npz"):
        return read_picture_arrays(path, order)
    if suffix in LIST_SUFFIXES:
        return read_pair_list(path)
    known = ", ".join((".bin", ".npy", ".npz", *LIST_SUFFIXES))
    raise InputError(f"pairs are read from {known} and folders of bcolz, found {path}")
