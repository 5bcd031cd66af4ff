"""Presets as files: what `preset show` prints is read back the same, and every mistake is one sentence."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("torch")
pytest.importorskip("tomli_w")

from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.preset_files import (  # noqa: E402
    find_preset,
    kept_from_bundle,
    preset_of,
    preset_text,
    read_preset,
    with_schedule,
)
from f2p_deploy.training.presets import PAPER, PRESETS, SMALL  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def _file(folder: Path, text: str) -> Path:
    path = folder / "studio.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_is_read_back_as_it_was_written(name: str, tmp_path: Path) -> None:
    assert find_preset(str(_file(tmp_path, preset_text(PRESETS[name])))) == PRESETS[name]


def test_a_file_says_what_differs_from_its_base(tmp_path: Path) -> None:
    text = """
        base = "small"
        feature_weight = 2
        [settings.hybrid]
        iterations = 40
        [schedules.imitator]
        epochs = 3
        [schedules.segmentation]
        batch = 4
    """
    preset = read_preset(_file(tmp_path, text))
    assert preset.name == "studio" and preset.feature_weight == 2.0
    assert preset.settings.hybrid.iterations == 40
    assert preset.settings.hybrid.momentum == SMALL.settings.hybrid.momentum
    assert preset.schedules["imitator"].steps is None and preset.schedules["imitator"].epochs == 3
    assert preset.schedules["segmentation"].steps == SMALL.schedules["segmentation"].steps
    assert preset.schedules["segmentation"].batch == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('base = "lite"\nshipped = ["imitator"]', "shipped may list recognition and segmentation, found 'imitator'"),
        ('base = "lite"\n[schedules.imitator]\nsteps = 0', "schedules.imitator.steps must be at least 1, found 0"),
        ("feature = 1.0", "unknown key 'feature'"),
        ('base = "huge"', "base must be one of paper, small, lite, found 'huge'"),
        ("feature_weight = true", "feature_weight should be like 1.0, found True"),
        ("[settings.architecture]\nimage = 3", "settings.architecture has an unknown setting 'image'"),
        ("[schedules.imitators]\nbatch = 3", "unknown stage 'imitators'"),
        ("[schedules.imitator]\nbatch = 0", "batch must be at least 1, found 0"),
        ("[schedules.imitator]\nsteps = 1.5", "steps should be a whole number, found 1.5"),
        ("schedules = 3", "schedules should be a table of stages"),
        ("base = ", "it is not valid TOML"),
        ('base = ["small"]', "base must be one of paper, small, lite"),
        ("shortcut_states = -16", "shortcut_states must be at least 16, found -16"),
        ("shortcut_characters = 0", "shortcut_characters must be at least 16, found 0"),
    ],
)
def test_a_mistake_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        read_preset(_file(tmp_path, text))


def test_a_clash_with_a_setting_that_is_left_out_names_it(tmp_path: Path) -> None:
    text = "[settings.architecture]\nimage_size = 192\n"
    left_out = "multiple of segmentation_size, found 512; the file leaves out segmentation_size, so 512 is the"
    with pytest.raises(InputError, match=f"{left_out} built-in default: write it too, or name the preset .* base = "):
        read_preset(_file(tmp_path, text))
    with pytest.raises(InputError, match="so 256 is that of the preset small: write it too$"):
        read_preset(_file(tmp_path, f'base = "small"\n{text}'))
    with pytest.raises(InputError, match="found 90$"):
        read_preset(_file(tmp_path, f"{text}segmentation_size = 90\n"))


def test_an_edited_copy_of_a_shipped_preset_does_not_pass_for_it(tmp_path: Path) -> None:
    text = preset_text(SMALL).replace("shortcut_states = 3072", "shortcut_states = 64")
    assert read_preset(_file(tmp_path, text)).name == "edited-small"


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the preset .*none.toml: No such file"):
        find_preset(str(tmp_path / "none.toml"))


def test_options_change_the_schedules_of_the_trained_stages() -> None:
    changed = with_schedule(PAPER, ("imitator", "priors"), {"steps": 3, "epochs": None, "batch": 2})
    assert (changed.schedules["imitator"].steps, changed.schedules["imitator"].batch) == (3, 2)
    assert changed.schedules["segmentation"] == PAPER.schedules["segmentation"]
    assert with_schedule(SMALL, ("imitator",), {"epochs": 2}).schedules["imitator"].steps is None
    with pytest.raises(InputError, match="as --steps or as --epochs say"):
        with_schedule(PAPER, ("imitator",), {"steps": 3, "epochs": 1})


def test_a_bundle_goes_on_with_the_preset_of_its_last_part() -> None:
    assert preset_of(None).name == "lite"
    bundle = SimpleNamespace(provenance={"imitator": {"preset": "lite"}, "shortcut": {"preset": "small"}, "x": {}})
    assert preset_of(bundle).name == "small"  # type: ignore[arg-type]
    bundle.provenance["priors"] = {"preset": "studio"}
    with pytest.raises(InputError, match="'studio' of a file"):
        preset_of(bundle)  # type: ignore[arg-type]


def test_eq_6_by_class_is_a_key_of_a_preset(tmp_path: Path) -> None:
    text = 'base = "paper"\n[settings.similarity]\nfeatures = "conv_4"\nweighting = "class"\n'
    similarity = read_preset(_file(tmp_path, text)).settings.similarity
    assert (similarity.features, similarity.weighting) == ("conv_4", "class")
    with pytest.raises(InputError, match="studio.toml: settings.similarity: weighting must be one of face, class"):
        read_preset(_file(tmp_path, text.replace('"class"', '"classes"')))


@pytest.mark.parametrize(("name", "sentence"), [("a.json", "'a.json' is no file"), (".", "'.' is a folder")])
def test_what_is_no_preset_file_is_told_what_one_is(name: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"one of paper, small, lite, or a .toml file .*; {sentence}"):
        find_preset(name)


def test_settings_that_a_bundle_keeps_are_named(small_bundle: "Bundle") -> None:
    (sentence,) = kept_from_bundle(small_bundle, PAPER)
    assert "architecture.image_size 128 (512 in the preset)" in sentence and " more; f2p-deploy bundle set" in sentence
    assert kept_from_bundle(small_bundle, replace(PAPER, settings=small_bundle.settings)) == []
