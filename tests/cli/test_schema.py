"""`schema`: the shipped schemas."""

from collections.abc import Callable


def test_list(f2p: Callable) -> None:
    ran = f2p("schema", "list", "--json")
    assert {"name": "justice-male", "n": 264, "n_c": 208, "n_d": 56} in ran.json["schemas"]
    assert "justice-female" in f2p("schema", "list").out


def test_show(f2p: Callable) -> None:
    from f2p_deploy.character.schema import Schema, load_schema

    ran = f2p("schema", "show", "makehuman", "--json")
    assert Schema.from_dict(ran.json).fingerprint == load_schema("makehuman").fingerprint
    lines = f2p("schema", "show", "makehuman").out.splitlines()
    assert any(line.startswith("hair: bald, ") for line in lines)
    assert "tag bald: hair=bald" in lines
    assert [line.split()[0] for line in lines if line.endswith(", asymmetric")][0] == "asym.brow-1"
