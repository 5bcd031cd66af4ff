"""The description of a benchmark's machine."""

import json
import platform

from f2p_deploy.evaluation.speed.device import describe_device
from f2p_deploy.system.cuda_devices import cuda_devices


def test_names_clocks_and_versions() -> None:
    found = json.loads(json.dumps(describe_device(1)))
    assert found["machine"] == platform.machine() and found["threads"] == 1 and found["cores"] >= 1
    assert {"torch", "numpy", "onnxruntime"} <= set(found["versions"])
    assert len(found["cards"]) == len(cuda_devices())
    assert describe_device(None)["threads"] == found["cores"]
