"""Single graphs run on any number of samples."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.character.parameters import average  # noqa: E402
from f2p_deploy.model import reference  # noqa: E402
from f2p_deploy.runtimes import Runtime, graph_calls  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_the_picture_is_the_imitators(runtime: Runtime, small_bundle: "Bundle") -> None:
    parameters = average(small_bundle.schema)
    picture = graph_calls.render(runtime, parameters).astype(int)
    assert np.abs(picture - reference.reference_render(small_bundle, parameters)).max() <= 1
