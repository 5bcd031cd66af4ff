"""The figures of the paper's Tables 7 and 9, quoted: selection ratio and what follows the paper's plus-minus."""

#: Table 7: selection ratio and its spread, "in-the-wild" and "HD front view", by method.
TABLE_7: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "3DMM-CNN": ((0.174, 0.012), (0.017, 0.001)),
    "iterative": ((0.339, 0.012), (0.700, 0.011)),
    "one-shot": ((0.487, 0.011), (0.283, 0.013)),
}

#: Table 9: selection ratio and its spread, by the losses in use.
TABLE_9: dict[str, tuple[float, float]] = {
    "identity": (0.1347, 0.0038),
    "content": (0.3627, 0.0098),
    "identity+content": (0.5026, 0.0040),
}
