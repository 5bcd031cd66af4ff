"""What travels between replicas."""

import pickle
from dataclasses import replace
from pathlib import Path

from f2p_deploy.runtimes import load
from f2p_deploy.service.ray_replicas import Reply, alignment_key
from f2p_deploy.system.errors import PhotoError

DEMO = Path(__file__).resolve().parents[2] / "f2p_deploy" / "bundles" / "demo"


def test_bundles_share_a_key_if_photos_are_aligned_alike() -> None:
    settings = load(DEMO, "onnxruntime", 1).settings
    assert alignment_key(settings) == alignment_key(pickle.loads(pickle.dumps(settings)))
    points = {name: (x + 0.01, y) for name, (x, y) in settings.alignment.landmarks.items()}
    moved = replace(settings, alignment=replace(settings.alignment, landmarks=points))
    larger = replace(settings, architecture=replace(settings.architecture, image_size=512))
    assert len({alignment_key(each) for each in (settings, moved, larger)}) == 3


def test_an_error_travels_as_an_answer() -> None:
    reply = pickle.loads(pickle.dumps(Reply(PhotoError("no-face", "no face"), None)))
    assert isinstance(reply.value, PhotoError) and reply.value.reason == "no-face" and reply.news is None
