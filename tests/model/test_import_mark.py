from f2p_deploy.model.import_mark import import_mark


def test_a_mark_an_old_import_and_a_training() -> None:
    mark = {"file": "a.pth", "sha256": "00", "kind": "state dict", "start": True}
    provenance = {
        "segmentation": {"command": "", "imported": mark},
        "recognition": {"command": "", "checkpoint": "b.dat", "sha256": "11"},
        "imitator": {"command": "", "steps": 3},
        "translator": "by hand",
    }
    assert import_mark(provenance, "segmentation") == mark
    assert import_mark(provenance, "recognition") == {"file": "b.dat", "sha256": "11", "kind": "state dict"}
    assert not any(import_mark(provenance, name) for name in ("imitator", "translator", "reader"))
