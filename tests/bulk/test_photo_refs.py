"""References to photos and what becomes of unusual names and sizes."""

from f2p_deploy.bulk.photo_refs import PhotoRef, photo_key, too_large, unreadable


def test_a_reference_knows_whether_it_is_in_a_shard() -> None:
    assert PhotoRef(0, "a.tar", "a", 0).in_shard and not PhotoRef(0, "a.jpg", "a.jpg").in_shard


def test_keys_are_valid_utf8_and_differ_where_names_do() -> None:
    assert photo_key("caf\udce9.jpg") == "caf\\xe9.jpg" != photo_key("caf\udce8.jpg")
    assert photo_key("写/ü.jpg") == "写/ü.jpg"


def test_photos_that_cannot_be_read_say_why() -> None:
    large = too_large("a", 64 * 1024**2 + 1)
    assert large.content is None and large.error is not None
    assert (large.error.reason, str(large.error)) == (
        "too-large", "a: a file of 65 MiB; photos of at most 64 MiB are read",
    )  # fmt: skip
    assert str(unreadable("a", "gone").error) == "a: gone"
