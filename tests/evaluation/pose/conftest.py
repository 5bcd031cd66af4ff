"""A report of two heads with known figures."""

import numpy as np
import pytest

from f2p_deploy.evaluation.pose.measure_pose import MeasuredSeries, PosedResult, PoseReport


@pytest.fixture
def pose_report() -> PoseReport:
    """Two known characters at -20, 0 and 20 degrees, in one mode; the second lost its face at 20 degrees."""

    def result(yaw: int, size: float, mesh: float = 0.02) -> PosedResult:
        return PosedResult(yaw, yaw == 0, {"one-shot": np.array([size, 0.5, 1 - size, mesh])}, {"one-shot": 2 * size})

    pictures = [np.full((32, 32, 3), 40 * i, np.uint8) for i in range(3)]
    series = (
        MeasuredSeries(
            "anna", (result(-20, 0.1), result(0, 0.0, 0.0), result(20, 0.2)), {"photo": pictures, "one-shot": pictures}
        ),
        MeasuredSeries("ben", (result(-20, 0.3), result(0, 0.0, 0.0), result(20, 0.4, np.inf))),
    )
    others = {"one-shot": np.array([0.25, 0.6, 0.4, 0.05])}
    refused = (("ben, 40°", 40, "no face was found"),)
    modes, yaws = ("one-shot",), (-20, 0, 20)
    return PoseReport("demo", "games/hero", "0" * 64, modes, yaws, True, series, others, refused, ("cleo",))
