"""A report on an 8-bit export."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from f2p_deploy.export.int8.int8_report import GraphReport


@pytest.fixture(scope="session")
def int8_report() -> "GraphReport":
    """A report on a graph of two layers, of which one stays float."""
    from f2p_deploy.export.int8.int8_report import CurvePoint, GraphReport, LayerCost

    return GraphReport(
        graph="render",
        method="mse",
        errors={"min-max": 0.02, "mse": 0.01},
        measured=384,
        judged=32,
        layers=(
            LayerCost("first", "Conv", 100, 6400, 0.004, 0.3, {"image: PSNR dB": 44.0}, 300, 0.5, 0.2),
            LayerCost("second", "Conv", 200, 12800, 0.009, 1.4, {"image: PSNR dB": 32.0}, 600, 0.9, 0.4),
        ),
        quantised=("first",),
        curve=(
            CurvePoint(2, 1.5, {"image: PSNR dB": 31.0}, 300, 0.7),
            CurvePoint(1, 0.3, {"image: PSNR dB": 44.0}, 900, 1.1),
            CurvePoint(0, 0.0, {"image: PSNR dB": 140.0}, 1200, 1.4),
        ),
    )
