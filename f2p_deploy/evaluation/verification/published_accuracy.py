"""The figures of the paper's Table 6, quoted."""

#: The data sets of Table 6, by the names of their files in face.evoLVe and InsightFace.
DATA_SETS = {
    "lfw": "LFW",
    "cfp_ff": "CFP_FF",
    "cfp_fp": "CFP_FP",
    "agedb_30": "AgeDB",
    "calfw": "CALFW",
    "cplfw": "CPLFW",
    "vgg2_fp": "Vggface2_FP",
}

#: Accuracy on the data sets, by method; None where the paper has no figure.
PUBLISHED: dict[str, tuple[float | None, ...]] = {
    "3DMM-CNN": (0.9235, None, None, None, None, None, None),
    "paper, iterative": (0.6977, 0.7060, 0.5800, 0.6013, 0.6547, 0.6042, 0.6104),
    "paper, one-shot": (0.9402, 0.9450, 0.8236, 0.8408, 0.8463, 0.7652, 0.8190),
    "LightCNN-29v2": (0.9958, 0.9940, 0.9494, 0.9597, 0.9433, 0.8857, 0.9374),
}

#: What a quoted row is, where it is not the paper's own method.
QUOTED = {
    "3DMM-CNN": "quoted; its authors' figure, from the paper",
    "LightCNN-29v2": "quoted; of the photos themselves, an upper bound",
}


def column_of(name: str) -> str:
    """Return the name of a set in Table 6, or its own name for another set."""
    return DATA_SETS.get(name.lower().replace("-", "_"), name)
