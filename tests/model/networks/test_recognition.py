"""The kinds of recognition network: each bundle has the one that its settings name."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.dlib_resnet import DlibResNet  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.model.networks.recognition import build_recognition  # noqa: E402


def test_the_settings_say_which(small_bundle, surrogate_bundle) -> None:  # noqa: ANN001
    assert isinstance(build_recognition(small_bundle.schema, small_bundle.settings), LightCNN)
    made = build_recognition(surrogate_bundle.schema, surrogate_bundle.settings)
    assert isinstance(made, DlibResNet)
    shallow = replace(small_bundle.settings.architecture, recognition_depth=0.5)
    blocks = build_recognition(small_bundle.schema, replace(small_bundle.settings, architecture=shallow)).block4
    assert len(blocks) == 2
    wider = replace(surrogate_bundle.settings.architecture, recognition_width=0.5)
    other = build_recognition(surrogate_bundle.schema, replace(surrogate_bundle.settings, architecture=wider))
    assert sum(p.numel() for p in other.parameters()) > sum(p.numel() for p in made.parameters())
