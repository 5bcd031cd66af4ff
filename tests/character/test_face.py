"""The words for a face's parts: one list for networks, engines and finders."""

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS, POINT_CLASSES


def test_the_classes_are_helens_in_its_order() -> None:
    assert len(HELEN_CLASSES) == len(set(HELEN_CLASSES)) == 11
    assert HELEN_CLASSES[0] == "background" and HELEN_CLASSES[-1] == "hair"
    assert [name for name in HELEN_CLASSES if name.startswith("left-")] == ["left-brow", "left-eye"]
    assert all(name.replace("left-", "right-") in HELEN_CLASSES for name in HELEN_CLASSES)


def test_points_are_read_off_classes_that_are_there() -> None:
    assert set(POINT_CLASSES) < set(HELEN_CLASSES)
    assert len(LANDMARKS) == 5 and LANDMARKS[0] == "left-eye", "left is left in the picture"
