import json

import pytest

torch = pytest.importorskip("torch")

from f2p_deploy.model.networks.name_map import NameRule, load_name_map, tensors_by_rules  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402

TOML = """
"conv1." = "features.0"
conv1.bias = "offset"
"fc.weight" = { name = "embed/kernel", transpose = true }
"out.weight" = { name = "head.weight", transpose = [3, 2, 0, 1] }
"classifier" = false
"""

NAMES = ("conv1.weight", "conv1.bias", "fc.weight", "fc.bias", "out.weight", "classifier.weight")


def theirs() -> dict:
    return {
        "features.0.weight": torch.rand(4, 3, 3, 3),
        "offset": torch.rand(4),
        "embed/kernel": torch.rand(4, 2),
        "fc.bias": torch.rand(2),
        "head.weight": torch.rand(3, 3, 2, 5),
        "more": torch.rand(1),
    }


def read(tmp_path, text: str, name: str = "names.toml") -> tuple[NameRule, ...]:
    (tmp_path / name).write_text(text)
    return load_name_map(tmp_path / name)


def test_prefixes_names_transposes_and_what_is_fresh(tmp_path) -> None:
    tensors = theirs()
    found, fresh, used = tensors_by_rules(NAMES, read(tmp_path, TOML), tensors, "a.pth")
    assert list(found) == [name for name in NAMES if name != "classifier.weight"] and fresh == ("classifier.weight",)
    assert used == set(tensors) - {"more"}
    assert torch.equal(found["conv1.weight"], tensors["features.0.weight"])
    assert torch.equal(found["conv1.bias"], tensors["offset"])
    assert torch.equal(found["fc.weight"], tensors["embed/kernel"].T)
    assert torch.equal(found["out.weight"], tensors["head.weight"].permute(3, 2, 0, 1))


def test_json_says_the_same(tmp_path) -> None:
    rules = {"": "backbone", "fc": {"name": "head", "transpose": True}}
    read_rules = read(tmp_path, json.dumps(rules), "names.json")
    tensors = {"backbone.a.weight": torch.zeros(1), "head.weight": torch.zeros(2, 3), "head.bias": torch.zeros(2)}
    found, _, used = tensors_by_rules(("a.weight", "fc.weight", "fc.bias"), read_rules, tensors, "a.pth")
    assert {name: tuple(value.shape) for name, value in found.items()} == {
        "a.weight": (1,),
        "fc.weight": (3, 2),
        "fc.bias": (2,),
    }
    assert used == set(tensors)


def test_a_prefix_ends_at_a_dot() -> None:
    rule = NameRule("layer1", "body.1")
    assert rule.applies_to("layer1.0.weight") and not rule.applies_to("layer10.weight")
    assert rule.name_of("layer1.0.weight") == "body.1.0.weight"
    assert NameRule("layer1.", "").name_of("layer1.0.weight") == "0.weight"


def test_a_rule_for_nothing_and_a_name_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"rule 'conv2' is for no tensor of the network\. Did you mean 'conv1'"):
        tensors_by_rules(NAMES, (NameRule("conv2", "a"),), theirs(), "a.pth")
    with pytest.raises(
        InputError, match=r"conv1\.weight should come from features\.1\.weight, which a\.pth does not hold\. Did you"
    ):
        tensors_by_rules(NAMES, (NameRule("conv1", "features.1"),), theirs(), "a.pth")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "holds no rules"),
        ("a = ", "is not valid TOML at end of document"),
        ("a = 3", "'a' should be a name, false, or name and transpose, found 3"),
        ("a = true", "'a' should be a name, false, or name and transpose, found True"),
        ("a = {}", "'a' should be a name, false, or name and transpose"),
        ('a = { name = "b", transpose = 1 }', r"transpose of 'a' should be true or a list"),
        ('a = { name = "b", transpose = [0, 2] }', r"transpose of 'a' should be true or a list"),
    ],
)
def test_what_is_no_mapping(tmp_path, text: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        read(tmp_path, text)


def test_a_mapping_that_cannot_be_read(tmp_path) -> None:
    with pytest.raises(InputError, match="cannot read the mapping .*nowhere"):
        load_name_map(tmp_path / "nowhere.toml")
    with pytest.raises(InputError, match="not valid JSON at line 1, column 1"):
        read(tmp_path, "names", "names.json")
