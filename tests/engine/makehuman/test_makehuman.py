"""The reference engine draws and labels every part of its schema, and refuses what it cannot draw."""

import multiprocessing
import multiprocessing.connection
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.face import HELEN_CLASSES, LANDMARKS
from f2p_deploy.character.parameters import average, random_batch
from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.engine.engine import Engine, Rendering, Scene
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError, MissingDependency

pytest.importorskip("numba")

from f2p_deploy.engine.makehuman.makehuman import MakeHumanEngine, load_engine

SIZE = 96
ROOT = Path(__file__).resolve().parents[3]


def draw(engine: MakeHumanEngine, scene: Scene = FRONT_VIEW, size: int = SIZE, **changes: float | str) -> Rendering:
    parameters = average(engine.schema).with_values({name.replace("__", "."): v for name, v in changes.items()})
    return engine.render(parameters.values, size, scene)


def middle(labels: np.ndarray, name: str) -> tuple[float, float]:
    """Return the mean x and y of a class, in fractions of the picture."""
    rows, columns = np.nonzero(labels == HELEN_CLASSES.index(name))
    assert len(rows) > 0, f"no {name}"
    return columns.mean() / labels.shape[1], rows.mean() / labels.shape[0]


def test_it_is_an_engine_and_gives_what_the_contract_says(engine: MakeHumanEngine) -> None:
    assert isinstance(engine, Engine)
    drawn = draw(engine)
    assert drawn.image.shape == (SIZE, SIZE, 3) and drawn.image.dtype == np.uint8
    assert drawn.labels is not None and drawn.labels.shape == (SIZE, SIZE) and drawn.labels.dtype == np.uint8
    assert tuple(drawn.landmarks) == LANDMARKS


def test_the_same_parameters_give_the_same_picture(engine: MakeHumanEngine) -> None:
    first, second = draw(engine), draw(engine)
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.labels, second.labels)
    assert first.landmarks == second.landmarks


def test_each_controller_moves_pixels_at_both_ends(engine: MakeHumanEngine) -> None:
    # Some change only parts that are visible from the side, such as the back of the head.
    scenes = (Scene(), Scene(yaw=40))
    usual = [draw(engine, scene, hair="bald").image.astype(int) for scene in scenes]
    still = []
    for controller in engine.schema.controllers:
        for end in (0.0, 1.0):
            if abs(end - controller.default) < 1e-3:
                continue
            drawn = (draw(engine, scene, hair="bald", **{controller.name.replace(".", "__"): end}) for scene in scenes)
            moved = max(np.abs(d.image.astype(int) - u).max() for d, u in zip(drawn, usual, strict=True))
            if moved < 3:
                still.append((controller.name, end))
    assert still == []


def test_each_option_looks_different(engine: MakeHumanEngine) -> None:
    for group in engine.schema.discrete_groups:
        # The colour of hair is visible only with hair, that of a beard only with a beard.
        pictures = [draw(engine, **{group.name: option}).image.tobytes() for option in group.options]
        assert len(set(pictures)) == len(group.options), group.name


def test_all_classes_lie_where_a_face_has_them(engine: MakeHumanEngine) -> None:
    drawn = draw(engine, size=256)
    assert drawn.labels is not None
    at = {name: middle(drawn.labels, name) for name in HELEN_CLASSES}
    for part in ("brow", "eye"):
        assert at[f"left-{part}"][0] < 0.5 < at[f"right-{part}"][0]
    assert at["hair"][1] < at["left-brow"][1] < at["left-eye"][1] < at["nose"][1]
    assert at["nose"][1] < at["upper-lip"][1] < at["inner-mouth"][1] < at["lower-lip"][1]
    assert all(abs(at[name][0] - 0.5) < 0.02 for name in ("skin", "nose", "upper-lip", "inner-mouth", "lower-lip"))
    assert set(drawn.labels[:8, 0]) == {0}, "the upper corner is background"


@pytest.mark.parametrize("scene", [Scene(), Scene(yaw=20, pitch=-8, roll=9, shift=(0.04, -0.03), zoom=1.15)])
def test_landmarks_lie_on_what_they_name(engine: MakeHumanEngine, scene: Scene) -> None:
    drawn = draw(engine, scene, size=256)
    assert drawn.labels is not None
    lips = {HELEN_CLASSES.index(name) for name in ("upper-lip", "lower-lip", "inner-mouth")}
    wanted = {
        "left-eye": {HELEN_CLASSES.index("left-eye")},
        "right-eye": {HELEN_CLASSES.index("right-eye")},
        "nose-tip": {HELEN_CLASSES.index("nose")},
        "mouth-left": lips,
        "mouth-right": lips,
    }
    for name, (x, y) in drawn.landmarks.items():
        around = drawn.labels[int(y) - 2 : int(y) + 3, int(x) - 2 : int(x) + 3]
        assert wanted[name] & set(around.ravel()), name


def test_the_eyes_stay_in_place_whatever_the_head(engine: MakeHumanEngine) -> None:
    for parameters in random_batch(engine.schema, 5, seed=3):
        eyes = engine.render(parameters, SIZE).landmarks
        x = (eyes["left-eye"][0] + eyes["right-eye"][0]) / 2
        y = (eyes["left-eye"][1] + eyes["right-eye"][1]) / 2
        assert abs(x / SIZE - 0.5) < 0.005 and abs(y / SIZE - 0.44) < 0.01


def test_the_scene_is_honoured(engine: MakeHumanEngine) -> None:
    usual = draw(engine)

    def nose(scene: Scene) -> np.ndarray:
        return np.array(draw(engine, scene).landmarks["nose-tip"]) - usual.landmarks["nose-tip"]

    assert nose(Scene(yaw=20))[0] > 2 and nose(Scene(yaw=-20))[0] < -2
    assert nose(Scene(pitch=15))[1] < -1, "pitch > 0 lifts the nose"
    assert np.allclose(nose(Scene(shift=(0.05, 0.1))), (0.05 * SIZE, 0.1 * SIZE), atol=1e-3)
    eyes = draw(engine, Scene(roll=10)).landmarks
    assert eyes["right-eye"][1] > eyes["left-eye"][1] + 2, "roll > 0 turns clockwise"
    wide = draw(engine, Scene(zoom=1.2)).landmarks
    spread = usual.landmarks["right-eye"][0] - usual.landmarks["left-eye"][0]
    assert wide["right-eye"][0] - wide["left-eye"][0] == pytest.approx(1.2 * spread, rel=1e-4)
    half = SIZE // 2
    lit = draw(engine, Scene(light=(-1, 0, 0.2), ambient=0.2), hair="bald").image[half:, :, :].mean((0, 2))
    assert lit[half // 2 : half].mean() > 1.2 * lit[half : half + half // 2].mean()
    red = draw(engine, Scene(light_colour=(1.0, 0.3, 0.3))).image[half, half]
    assert red[0] > 1.5 * red[1]
    assert draw(engine, Scene(ambient=0.1)).image.mean() < draw(engine, Scene(ambient=0.9)).image.mean()
    assert draw(engine, Scene(background=(0.0, 0.5, 1.0))).image[0, 0].tolist() == [0, 128, 255]


def test_a_smile_opens_the_mouth_onto_teeth_and_an_unknown_unit_is_named(engine: MakeHumanEngine) -> None:
    smile = Scene(expression=(("mouth-corner-puller", 0.8), ("mouth-parling", 0.6)))
    mouth = HELEN_CLASSES.index("inner-mouth")
    still, smiling = draw(engine, size=256), draw(engine, smile, size=256)
    assert (smiling.labels == mouth).sum() > 3 * (still.labels == mouth).sum()
    assert smiling.image[smiling.labels == mouth].mean() > 1.5 * still.image[still.labels == mouth].mean()
    assert smiling.landmarks["mouth-left"][1] < still.landmarks["mouth-left"][1] - 1
    with pytest.raises(InputError, match="'mouth-opn'.*mouth-open"):
        draw(engine, Scene(expression=(("mouth-opn", 1.0),)))


def test_glasses_are_drawn_over_the_eyes_and_leave_labels_alone(engine: MakeHumanEngine) -> None:
    bare, worn = draw(engine, size=256), draw(engine, size=256, glasses="thick")
    assert np.array_equal(bare.labels, worn.labels)
    rows, _ = np.nonzero(np.abs(bare.image.astype(int) - worn.image).max(-1) > 60)
    assert len(rows) > 400 and 0.35 < rows.mean() / 256 < 0.5


def test_an_old_face_shows_more_edges_than_a_young_one(engine: MakeHumanEngine) -> None:
    def roughness(age: float) -> float:
        drawn = draw(engine, size=256, head__age=age, hair="bald")
        forehead = drawn.image.mean(-1)[50:85, 98:158]
        return float(np.abs(np.diff(forehead, axis=0)).mean())

    assert roughness(1.0) > 1.5 * roughness(0.1)


def test_an_asymmetric_controller_s_ends_mirror_each_other(engine: MakeHumanEngine) -> None:
    drawn, base = np.unique(engine._skin.triangles), engine._skin.points
    gaps = ((base[drawn, None, 1:] - base[None, drawn, 1:]) ** 2).sum(-1)
    gaps += (base[drawn, None, 0] + base[None, drawn, 0]) ** 2
    partner = gaps.argmin(1)
    assert gaps.min(1).max() < 1e-6, "every vertex has one on the other half of the face"
    usual = np.array([controller.default for controller in engine.schema.controllers], np.float32)
    misses = []
    for i in (i for i, controller in enumerate(engine.schema.controllers) if controller.asymmetric):
        low, high = np.repeat(usual[None], 2, 0)
        low[i], high[i] = 0, 1
        low, high = (engine._morphs.shape(values)[drawn] - engine._morphs.shape(usual)[drawn] for values in (low, high))
        # The ratio is 0 for exact mirror images, and 1 if a controller moves both halves alike.
        misses.append(np.abs(high[partner] * (-1, 1, 1) - low).mean() / np.abs(high - low).mean())
    assert len(misses) == 19
    # In MakeHuman most pairs of targets are exact mirror images, but some are not: asym-jaw-1 differs by half.
    assert np.median(misses) < 0.1 and max(misses) < 0.6


def test_the_schema_that_bundles_stored_before_draws_about_the_same_person(engine: MakeHumanEngine) -> None:
    few = ("nose.hump", "mouth.width", "head.masculinity", "head.age")
    controllers = tuple(
        replace(c, low=-1.0, high=1.0, default=0.5) if c.name == "head.age" else c
        for c in engine.schema.controllers
        if c.name in few
    )
    old = MakeHumanEngine(Schema("before", controllers, engine.schema.discrete_groups[:4]), engine.assets)
    as_before = draw(old, hair="short02")
    now = draw(engine, hair="short02", head__age=0.25 / 4.0)
    assert np.abs(as_before.image.astype(int) - now.image).mean() < 3
    aged = {name: np.array(place) for name, place in draw(old, head__age=1.0).landmarks.items()}
    for name, place in as_before.landmarks.items():
        assert np.abs(aged[name] - place).max() < 3, "its age slider sags nothing"


def test_a_schema_without_the_newer_parts_is_drawn_as_before(engine: MakeHumanEngine) -> None:
    """An older bundle may have a schema without paint, asymmetry, glasses and make-up."""
    whole = engine.schema
    older = replace(
        whole,
        controllers=tuple(c for c in whole.controllers if c.group != "skin" and not c.asymmetric),
        discrete_groups=tuple(g for g in whole.discrete_groups if g.name not in ("glasses", "make-up")),
        tags={},
    )
    drawn = draw(MakeHumanEngine(older, engine.assets), hair="short02").image.astype(int)
    assert np.abs(drawn - draw(engine, hair="short02").image).mean() < 1


def test_the_most_probable_option_is_drawn(engine: MakeHumanEngine) -> None:
    soft = average(engine.schema).values.copy()
    part = engine.schema.discrete_slices["hair"]
    soft[part] = 0.05
    soft[part.start] = 1 - 0.05 * (part.stop - part.start - 1)
    bald = engine.schema.discrete_groups[0].options[0]
    assert np.array_equal(engine.render(soft, SIZE).image, draw(engine, hair=bald).image)


def test_processes_draw_what_one_draws_and_in_order_and_end_in_the_middle_of_a_picture(
    engine: MakeHumanEngine,
) -> None:
    batch = random_batch(engine.schema, 9, seed=5)
    # Without hair, since each process would compute its ambient occlusion.
    hair = engine.schema.discrete_slices["hair"]
    batch[:, hair], batch[:, hair.start] = 0, 1
    scenes = [Scene(yaw=float(i)) for i in range(9)]
    try:
        for one, other in zip(
            engine.render_many(batch, 64, scenes), engine.render_many(batch, 64, scenes, workers=2), strict=True
        ):
            assert np.array_equal(one.image, other.image) and np.array_equal(one.labels, other.labels)
        drawn = engine.render_many(batch, 512, workers=2)
        next(drawn)
        workers = [process for process in multiprocessing.active_children() if process.is_alive()]
        assert len(workers) == 2
        engine.abandon()
        for process in workers:
            # Not `is_alive`: the pool's thread also waits for the process, and the system informs only one of the two.
            assert multiprocessing.connection.wait([process.sentinel], 60)
    finally:
        engine.close()


def test_it_can_be_sent_to_a_process(engine: MakeHumanEngine) -> None:
    sent = pickle.dumps(engine)
    assert len(sent) < 100_000  # what it read stays here
    drawn = pickle.loads(sent).render(average(engine.schema).values, SIZE)
    np.testing.assert_array_equal(drawn.image, draw(engine).image)


@pytest.mark.parametrize("name", ["makehuman-female", "makehuman-male"])
def test_the_other_shipped_schemas_are_drawn(name: str, makehuman_assets: Path) -> None:
    drawn = load_engine(name, makehuman_assets)
    assert drawn.render(average(drawn.schema).values, 32).image.std() > 10
    assert len(drawn.schema.groups) == 8


def test_wrong_parameters_are_refused_by_name(engine: MakeHumanEngine) -> None:
    usual = average(engine.schema).values
    with pytest.raises(InputError, match=str(engine.schema.n)):
        engine.render(usual[:-1], SIZE)
    broken = usual.copy()
    broken[engine.schema.controller_index["nose.hump"]] = np.nan
    with pytest.raises(InputError, match="nose.hump"):
        engine.render(broken, SIZE)
    with pytest.raises(InputError, match="render_many"):
        engine.render(np.stack([usual, usual]), SIZE)
    with pytest.raises(InputError, match="16 pixels"):
        engine.render(usual, 8)
    with pytest.raises(InputError, match="zoom"):
        engine.render(usual, SIZE, Scene(zoom=0))
    with pytest.raises(InputError, match="1 characters need 1 scenes"):
        list(engine.render_many(usual[None], SIZE, []))


def test_a_schema_with_unknown_parts_is_refused_with_the_nearest_word(engine: MakeHumanEngine) -> None:
    controllers = (Controller("nose.humb", "nose"),)
    with pytest.raises(InputError, match="nose.hump"):
        MakeHumanEngine(Schema("wrong", controllers), engine.assets)
    group = DiscreteGroup("hair", ("bald", "short1"))
    with pytest.raises(InputError, match="short01"):
        MakeHumanEngine(replace(engine.schema, discrete_groups=(group,), tags={}), engine.assets)
    with pytest.raises(InputError, match="eyebrows"):
        groups = (DiscreteGroup("eyebrow", ("a", "b")),)
        MakeHumanEngine(replace(engine.schema, discrete_groups=groups, tags={}), engine.assets)


def test_missing_assets_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("F2P_MAKEHUMAN_ASSETS", raising=False)
    with pytest.raises(MissingDependency, match="makehumancommunity.*F2P_MAKEHUMAN_ASSETS"):
        load_engine("makehuman")
    with pytest.raises(MissingDependency, match="base.obj"):
        load_engine("makehuman", tmp_path)


def test_a_missing_rasteriser_is_said_before_slow_work() -> None:
    program = "import sys; sys.modules['numba'] = None; import f2p_deploy.engine.makehuman.makehuman"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert "MissingDependency: the reference engine needs numba" in done.stderr


def test_the_environment_variable_names_the_assets(makehuman_assets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from f2p_deploy.engine.makehuman.assets import find_assets

    monkeypatch.setenv("F2P_MAKEHUMAN_ASSETS", str(makehuman_assets))
    assert find_assets() == makehuman_assets
