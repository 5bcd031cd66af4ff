"""Each slider names target files that exist, for each of its directions."""

from pathlib import Path

import pytest

from f2p_deploy.character.schema import load_schema
from f2p_deploy.engine.makehuman.sliders import SLIDERS, Slider, has_sliders


def test_files_of_a_slider() -> None:
    assert Slider("nose", "nose-hump", "decr", "incr").files(positive=False) == ("nose/nose-hump-decr.target",)
    sided = Slider("ears", "ear-wing", "decr", "incr", sided=True)
    assert sided.files(positive=True) == ("ears/l-ear-wing-incr.target", "ears/r-ear-wing-incr.target")
    one_sided = Slider("head", "head-oval")
    assert one_sided.files(positive=True) == ("head/head-oval.target",) and one_sided.files(positive=False) == ()


def test_all_files_exist(makehuman_assets: Path) -> None:
    targets = makehuman_assets / "makehuman/data/targets"
    files = [file for slider in SLIDERS.values() for positive in (True, False) for file in slider.files(positive)]
    assert len(files) > 200
    assert [file for file in files if not (targets / file).is_file()] == []


@pytest.mark.parametrize("name", ["makehuman", "makehuman-female", "makehuman-male"])
def test_one_sided_sliders_rest_at_zero_in_the_schemas(name: str) -> None:
    for controller in load_schema(name).controllers:
        slider = SLIDERS.get(controller.name)
        if slider is not None and not slider.low:
            assert controller.low == controller.default == 0


def test_schemas_of_other_engines() -> None:
    assert has_sliders(load_schema("makehuman")) and not has_sliders(load_schema("justice-male"))
