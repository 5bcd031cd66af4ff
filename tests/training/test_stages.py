"""Every stage for a few updates on tiny discs, through the function that the command calls."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

from f2p_deploy.alignment import Landmarks  # noqa: E402
from f2p_deploy.character.face import LANDMARKS  # noqa: E402
from f2p_deploy.engine.pairs import PairSet  # noqa: E402
from f2p_deploy.model.bundle import create_bundle, load_bundle, store_network  # noqa: E402
from f2p_deploy.model.graphs import available_graphs  # noqa: E402
from f2p_deploy.model.imported import start_of  # noqa: E402
from f2p_deploy.model.network_import import import_network  # noqa: E402
from f2p_deploy.model.networks.known_checkpoints import PUBLISHED_PEOPLE  # noqa: E402
from f2p_deploy.model.networks.light_cnn import LightCNN  # noqa: E402
from f2p_deploy.model.networks.segmentation import Segmentation  # noqa: E402
from f2p_deploy.model.networks.table import build_network  # noqa: E402
from f2p_deploy.model.reference import reference_generate  # noqa: E402
from f2p_deploy.model.settings import Architecture  # noqa: E402
from f2p_deploy.model.shortcut_owner import why_other_shortcut  # noqa: E402
from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.system.file_lock import one_process  # noqa: E402
from f2p_deploy.training import stages  # noqa: E402
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS  # noqa: E402
from f2p_deploy.training.data.portraits import Portraits, is_held_out  # noqa: E402
from f2p_deploy.training.presets import LITE, PAPER, SMALL, THROUGH_IMITATOR, Preset  # noqa: E402
from f2p_deploy.training.schedule import Schedule  # noqa: E402
from f2p_deploy.training.training_hardware import Hardware, Processes  # noqa: E402

SMALL = replace(
    SMALL,
    settings=replace(
        SMALL.settings,
        architecture=Architecture(128, 0.06, 0.06, 128, 0.06, 64, 2, 0.06, shortcut_width=0.1),
        storage="float32",
    ),
    schedules={name: Schedule(steps=2, batch=4, optimiser="adam") for name in SMALL.schedules},
    shortcut_characters=16,
    shortcut_states=8,
)


class OffCentreFinder:
    """A finder with all points at a quarter of the picture, unlike the engine, which puts them in the middle."""

    def find(self, image, name=None):
        quarter = len(image) / 4
        return [Landmarks({name: (quarter + i, quarter) for i, name in enumerate(LANDMARKS)}, "test")]


class MeshFinder(OffCentreFinder):
    """A finder that also gives a mesh: a circle of points whose radius follows the picture's brightness."""

    def find(self, image, name=None):
        angle = np.linspace(0, 2 * np.pi, 478)
        radius = len(image) * (0.2 + 0.1 * float(np.mean(image)) / 255.0)
        dense = len(image) / 2 + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return [replace(found, dense=dense) for found in super().find(image)]


@pytest.fixture
def portraits(monkeypatch) -> Portraits:
    """Portraits of noise: enough to test the flow of data without photos."""
    rng = np.random.default_rng(0)
    names = tuple(f"people/p{i:04d}.jpg" for i in range(40))
    made = Portraits(
        names,
        rng.integers(0, 255, (40, 128, 128, 3), dtype=np.uint8),
        rng.integers(0, 11, (40, 128, 128), dtype=np.uint8),
        np.zeros(40, np.float32),
        rng.random((40, len(CONTOUR_POINTS), 2), dtype=np.float32),
        rng.random((40, 24), dtype=np.float32),
    )
    monkeypatch.setattr(stages, "load_portraits", lambda *_: made)
    return made


@pytest.fixture
def sources(disc_pairs: Path, tmp_path: Path, monkeypatch) -> stages.Sources:
    monkeypatch.setattr(stages, "HELD_OUT_PAIRS", 12)
    monkeypatch.setattr(stages, "HELD_OUT_CHARACTERS", 6)
    people = tmp_path / "people"
    people.mkdir()
    for i in range(40):
        (people / f"p{i:04d}.jpg").touch()  # counted by name; `portraits` stands for what is in them
    return stages.Sources(disc_pairs, disc_pairs, (people,), finder=OffCentreFinder())


def test_all_stages_make_a_whole_bundle(sources, portraits, tmp_path) -> None:
    folder = tmp_path / "made"
    for name in SMALL.stages:
        stages.train_stage(name, folder, SMALL, sources, seed=1, command=f"train {name}")
    bundle = load_bundle(folder)
    assert bundle.networks == ("imitator", "recognition", "segmentation", "translator", "shortcut")
    assert not why_other_shortcut(bundle) and "update_controllers" in bundle.provenance["shortcut"]["metrics"]
    assert bundle.priors is not None
    assert bundle.provenance["imitator"]["command"] == "train imitator"
    assert bundle.provenance["imitator"]["samples"] == 48
    assert set(bundle.provenance["shortcut"]["trained_on"]) == {"imitator", "recognition", "segmentation"}
    assert bundle.provenance["imitator"]["pairs"]["front"]["count"] == 60
    assert bundle.provenance["imitator"]["pairs"]["varied"]["sampling"]["seed"] == 3
    assert 0 < bundle.provenance["imitator"]["metrics"]["l1"] < 1
    assert bundle.provenance["translator"]["portraits"]["training"] == len(portraits.training)
    assert (tmp_path / "made.training" / "translator" / "metrics.jsonl").is_file()
    assert bundle.settings.alignment.landmarks["left-eye"] == pytest.approx((0.25, 0.25))


def test_two_trainings_of_one_bundle_do_not_mix(sources, tmp_path) -> None:
    held = one_process(tmp_path / "made.training.lock", "")
    with held, pytest.raises(InputError, match="another training of .*made is running"):
        stages.train_stage("imitator", tmp_path / "made", SMALL, sources)
    assert not (tmp_path / "made").exists() and not (tmp_path / "made.training.lock").exists()


@pytest.mark.parametrize(("stage", "preset"), [("shortcut", LITE), ("surrogate", PAPER)])
def test_a_stage_that_the_preset_lacks_is_refused(sources, stage: str, preset: Preset) -> None:
    with pytest.raises(InputError, match=f"'{preset.name}' does not train a {stage}; its stages are .*imitator"):
        stages.check_stage(stage, preset, sources)


def test_the_shortcut_of_a_bundle_needs_no_pairs(sources, portraits, tmp_path) -> None:
    for name in SMALL.stages[:-1]:
        stages.train_stage(name, tmp_path / "made", SMALL, sources)
    bundle = stages.train_stage("shortcut", tmp_path / "made", SMALL, replace(sources, front=None))
    assert "shortcut" in bundle.networks


def test_the_paper_needs_no_varied_pairs_with_weights_of_others(sources, portraits, tmp_path) -> None:
    """An imported recognition network stays; segmentation starts from what was imported."""
    folder, front_only = tmp_path / "made", replace(sources, varied=None)
    recipe, bundle = SMALL, stages.train_stage("imitator", folder, SMALL, front_only)
    mark = {"file": "light.pth.tar", "sha256": "0" * 64, "kind": "LightCNN-29v2"}
    torch.manual_seed(3)
    for name, own in (("recognition", mark), ("segmentation", mark | {"start": True})):
        network = build_network(name, bundle.schema, bundle.settings)
        bundle = store_network(bundle, name, network, {"command": "", "imported": own})
    before = bundle.stored["recognition.safetensors"]
    with pytest.raises(InputError, match="only --retrain trains over it"):
        stages.train_stage("recognition", folder, recipe, sources)
    first = start_of(load_bundle(folder), "segmentation")
    assert first is not None
    none = replace(recipe.schedules["segmentation"], steps=1, learning_rate=1e-12)
    recipe = replace(recipe, schedules={**recipe.schedules, "segmentation": none})
    bundle = stages.train_stage("segmentation", folder, recipe, front_only)
    torch.testing.assert_close(bundle.segmentation.state_dict()["conv1.weight"], first.state_dict()["conv1.weight"])
    assert bundle.provenance["segmentation"]["started_from"]["file"] == "light.pth.tar"
    assert bundle.stored["recognition.safetensors"] == before
    bundle = stages.train_stage("recognition", folder, recipe, sources, retrain=True)
    assert bundle.stored["recognition.safetensors"] != before


def test_official_checkpoints_go_the_whole_way(sources, portraits, tmp_path) -> None:
    """LightCNN as its authors leave it stays bit for bit; segmentation goes on from torchvision's ResNet-50."""
    torch.manual_seed(4)
    light, resnet = LightCNN(0.06), Segmentation(0.06)
    parallel = torch.nn.DataParallel(light)
    optimiser = torch.optim.SGD(parallel.parameters(), lr=0.1, momentum=0.9)
    content = {
        "epoch": 80,
        "arch": "LightCNN-29v2",
        "state_dict": {**parallel.state_dict(), "module.fc2.weight": torch.zeros(PUBLISHED_PEOPLE, 1)},
        "prec1": torch.tensor(99.4),
        "optimizer": optimiser.state_dict(),
    }
    torch.save(content, tmp_path / "official.pth.tar", _use_new_zipfile_serialization=False)
    start = {name: value for name, value in resnet.state_dict().items() if not name.startswith("classifier.")}
    torch.save({**start, "fc.weight": torch.zeros(1000, 8), "fc.bias": torch.zeros(1000)}, tmp_path / "resnet50.pth")
    bundle = create_bundle(tmp_path / "made", "made", PairSet(sources.front).schema, SMALL.settings)
    bundle = import_network(bundle, "recognition", tmp_path / "official.pth.tar", "").bundle
    import_network(bundle, "segmentation", tmp_path / "resnet50.pth", "")
    for name in ("imitator", "segmentation", "translator", "priors"):  # `train all` leaves out what is imported
        stages.train_stage(name, bundle.path, SMALL, replace(sources, varied=None), seed=1)
    made = load_bundle(bundle.path)
    assert available_graphs(made) == ("one_shot", "describe", "render", "step")
    assert made.settings.architecture.recognition == "light-cnn-29v2-crop"
    own = load_file(made.path / "recognition.safetensors")
    assert set(own) == set(light.state_dict())
    assert all(own[name].equal(value) for name, value in light.state_dict().items())
    trained = made.segmentation.state_dict()
    moved = [float((trained[name] - value).abs().mean()) for name, value in start.items() if value.ndim == 4]
    fresh = [float(value.abs().mean()) for value in start.values() if value.ndim == 4]
    assert min(moved) > 0 and sum(moved) < sum(fresh) / 2
    assert made.provenance["segmentation"]["started_from"]["kind"] == "ResNet-50 of torchvision"


def test_with_a_mesh_shape_is_learned_and_measured(sources, portraits, tmp_path) -> None:
    folder, seeing = tmp_path / "made", replace(sources, finder=MeshFinder())
    for name in ("imitator", "recognition", "segmentation", "translator"):
        stages.train_stage(name, folder, SMALL, seeing, seed=1)
    work = tmp_path / "made.training"
    assert (work / "shapes-front.npz").is_file() and (work / "shapes-varied.npz").is_file()
    metrics = {name: entry["metrics"] for name, entry in load_bundle(folder).provenance.items()}
    assert {"shape_renders", "shape_photos"} <= metrics["recognition"].keys()
    assert metrics["translator"]["shape_photos"] > 0
    lines = (work / "recognition" / "metrics.jsonl").read_text().splitlines()
    assert {"identities", "controllers", "groups", "shape", "domain"} <= json.loads(lines[0]).keys()


def test_refinement_goes_on_with_the_translator_and_its_story(sources, portraits, tmp_path) -> None:
    folder, seeing = tmp_path / "made", replace(sources, finder=MeshFinder())
    for name in ("imitator", "recognition", "segmentation", "translator"):
        stages.train_stage(name, folder, SMALL, seeing, seed=1, command=f"train {name}")
    before = load_bundle(folder)
    after = stages.train_stage("refinement", folder, SMALL, seeing, seed=1, command="train refinement")
    assert before.stored["translator.safetensors"] != after.stored["translator.safetensors"]
    assert {n: f for n, f in before.stored.items() if n != "translator.safetensors"} == {
        n: f for n, f in after.stored.items() if n != "translator.safetensors"
    }
    story = after.provenance["translator"]
    assert story["command"] == "train translator" and "refinement" not in after.provenance
    facts = stages.stage_facts(after.provenance, "refinement")
    assert facts == story["refinement"] and facts["command"] == "train refinement"
    assert facts["metrics"]["shape_photos"] > 0
    lines = (tmp_path / "made.training" / "refinement" / "metrics.jsonl").read_text().splitlines()
    assert {"shape", "plainness", "options", "unchanged"} <= json.loads(lines[0]).keys()


def test_without_a_mesh_refinement_is_left_out(sources, portraits, tmp_path, caplog) -> None:
    before = stages.train_stage("translator", _with_descriptors(sources, tmp_path), SMALL, sources, seed=1)
    with caplog.at_level("INFO"):
        after = stages.train_stage("refinement", tmp_path / "made", SMALL, sources, seed=1)
    assert after.stored == before.stored and after.provenance == before.provenance
    assert "refinement is left out" in caplog.text


def _with_descriptors(sources: stages.Sources, tmp_path: Path) -> Path:
    for name in ("imitator", "recognition", "segmentation"):
        stages.train_stage(name, tmp_path / "made", SMALL, sources, seed=1)
    return tmp_path / "made"


def test_the_paper_s_recipe_has_no_refinement(sources, tmp_path) -> None:
    assert "refinement" not in PAPER.stages and SMALL.stages == THROUGH_IMITATOR
    with pytest.raises(InputError, match="the preset 'paper' has no refinement"):
        stages.train_stage("refinement", tmp_path / "made", PAPER, sources)


def test_the_stored_recognition_network_has_light_cnn_s_tensors_alone(sources, portraits, tmp_path) -> None:
    bundle = stages.train_stage("recognition", tmp_path / "made", SMALL, sources, seed=1)
    assert sorted(bundle.recognition.state_dict()) == sorted(LightCNN(0.06).state_dict())


def test_the_same_seed_trains_the_same_network(sources, tmp_path) -> None:
    only_pairs = replace(sources, portraits=())
    for name in ("one", "two"):
        stages.train_stage("imitator", tmp_path / name, SMALL, only_pairs, seed=5)
    one, two = (load_bundle(tmp_path / name) for name in ("one", "two"))
    assert one.stored == two.stored


def test_without_a_finder_the_template_is_the_engine_s(disc_pairs) -> None:
    template = stages.template_of(PairSet(disc_pairs)).landmarks
    assert template["left-eye"] == pytest.approx((0.5, 0.5)) and template["mouth-right"][0] > 0.5


@pytest.mark.parametrize(
    ("stage", "change", "sentence"),
    [
        ("imitatr", {}, "stages are recognition, segmentation, surrogate"),
        ("translator", {"portraits": ()}, "name folders of portraits"),
        ("priors", {"portraits": ()}, "name folders of portraits"),
        ("recognition", {"varied": None}, "engine render --varied"),
        ("imitator", {"front": None}, "imitator needs rendered pairs of the front view .*engine render"),
        ("shortcut", {"front": None}, "has no imitator yet: f2p-deploy train imitator .* --front PAIRS makes it"),
    ],
)
def test_missing_data_is_named_before_training(sources, portraits, tmp_path, stage, change, sentence) -> None:
    with pytest.raises(InputError, match=sentence):
        stages.train_stage(stage, tmp_path / "made", SMALL, replace(sources, **change))


def test_a_shortcut_is_refused_where_a_surrogate_is_searched_through(surrogate_bundle, sources) -> None:
    with pytest.raises(InputError, match="the bundle .* searches through a surrogate, .* needs no shortcut"):
        stages.check_stage("shortcut", SMALL, sources, surrogate_bundle)


def test_a_preset_without_the_schedule_of_its_own_stage_says_what_to_add(sources) -> None:
    bare = replace(SMALL, name="bare", schedules={"imitator": SMALL.schedules["imitator"]})
    with pytest.raises(InputError, match=r"no schedule for recognition: add \[schedules.recognition\] .* or base"):
        stages.check_stage("recognition", bare, sources)


@pytest.mark.parametrize("name", ["made", "made.training"])
def test_a_file_in_a_folder_s_place_is_refused_and_nothing_is_left(sources, portraits, tmp_path, name) -> None:
    (tmp_path / name).write_text("mine")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError, match=f"{name} is a file, where the folder of"):
        stages.train_stage("imitator", tmp_path / "made", SMALL, sources)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_training_that_is_refused_before_its_first_update_leaves_nothing(sources, portraits, tmp_path) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(InputError, match="a batch of 4 samples cannot be divided into 5 parts"):
        parts = Processes(Hardware(device="cpu", accumulate=5))
        stages.train_stage("imitator", tmp_path / "made", SMALL, sources, processes=parts)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_bundle_may_be_the_current_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "game").mkdir()
    monkeypatch.chdir(tmp_path / "game")
    assert stages.work_folder_of(Path()) == tmp_path / "game.training"
    assert stages.work_folder_of(Path("my-game")) == Path("my-game.training")
    with pytest.raises(InputError, match="cannot be a bundle's folder"):
        stages.work_folder_of(Path("/"))


def test_held_out_photos_are_fixed_by_their_names_and_about_one_in_eight() -> None:
    held = [is_held_out(f"portraits/p{i:04d}.jpg") for i in range(2000)]
    assert 0.10 < np.mean(held) < 0.15
    assert held == [is_held_out(f"portraits/p{i:04d}.jpg") for i in range(2000)]


@pytest.fixture
def tiny_lite(sources, portraits, tmp_path):
    """The preset `lite` in a tiny size, and a bundle with the recognition and segmentation networks."""
    settings = replace(
        LITE.settings,
        architecture=Architecture(128, 0.06, 0.06, 150, 0.06, 64, 2, 0.06, "dlib-resnet", 0.06),
        storage="float32",
    )
    schedules = {name: Schedule(steps=2, batch=4, optimiser="adam") for name in LITE.schedules}
    preset = replace(LITE, settings=settings, schedules=schedules, shipped=())
    bundle = stages.start_bundle(tmp_path / "made", preset, sources)
    for name in ("recognition", "segmentation"):
        bundle = store_network(bundle, name, build_network(name, bundle.schema, settings), {})
    return preset


def test_through_the_surrogate_a_bundle_is_made_that_generates(tiny_lite, sources, portraits, tmp_path) -> None:
    table = tmp_path / "labels.csv"
    rows = [f"{name},{'green' if i % 2 else ''}\n" for i, name in enumerate(portraits.names)]
    table.write_text("photo,colour\n" + "".join(rows))
    for name in ("surrogate", "reader", "translator", "imitator"):
        stages.train_stage(name, tmp_path / "made", tiny_lite, replace(sources, labels=table), command=f"train {name}")
    bundle = load_bundle(tmp_path / "made")
    assert bundle.networks == ("imitator", "recognition", "segmentation", "translator", "surrogate", "reader")
    assert {"r2", "cosine"} <= bundle.provenance["surrogate"]["metrics"].keys()
    assert bundle.provenance["reader"]["metrics"] == {"colour": 1.0}
    made = reference_generate(bundle, portraits.pictures[0], "hybrid")
    assert made.parameters.choice("colour") == "green" and len(made.losses) == bundle.settings.hybrid.iterations + 1
    assert (tmp_path / "made.training" / "descriptors-front.npz").is_file()


def test_without_labels_the_reader_is_left_out(tiny_lite, sources, tmp_path, caplog) -> None:
    with caplog.at_level("INFO"):
        bundle = stages.train_stage("reader", tmp_path / "made", tiny_lite, sources)
    assert bundle.reader is None and "--labels FILE.csv" in caplog.text


def test_a_missing_table_of_labels_is_said_before_anything_is_aligned(sources, tmp_path) -> None:
    with pytest.raises(InputError, match="there is no table of labels .*gone.csv"):
        stages.train_stage("reader", tmp_path / "made", LITE, replace(sources, labels=tmp_path / "gone.csv"))
    assert not (tmp_path / "made").exists()


def test_the_surrogate_says_which_network_is_missing(sources, portraits, tmp_path) -> None:
    preset = replace(LITE, schedules={"surrogate": Schedule(steps=2, batch=4, optimiser="adam")})
    with pytest.raises(InputError, match="has no recognition yet: f2p-deploy train recognition"):
        stages.train_stage("surrogate", tmp_path / "made", preset, sources)


def test_what_looks_at_photos_alone_is_taken_from_the_shipped_bundle(sources, tmp_path) -> None:
    for name in LITE.shipped:
        bundle = stages.train_stage(name, tmp_path / "made", LITE, sources)
    shipped = load_bundle()
    for name in LITE.shipped:
        assert bundle.stored[f"{name}.safetensors"] == shipped.stored[f"{name}.safetensors"]
        assert bundle.provenance[name]["taken_from"] == "the bundle demo inside the package"
    wider = replace(LITE.settings.architecture, segmentation_width=0.5)
    other = replace(LITE, settings=replace(LITE.settings, architecture=wider))
    with pytest.raises(InputError, match=r"that is shipped has segmentation_width 0\.25, this bundle needs 0\.5"):
        stages.train_stage("segmentation", tmp_path / "other", other, sources)
    shallow = replace(LITE.settings.architecture, segmentation_depth=0.5)
    other = replace(LITE, settings=replace(LITE.settings, architecture=shallow))
    with pytest.raises(InputError, match=r"that is shipped has segmentation_depth 1\.0, this bundle needs 0\.5"):
        stages.train_stage("segmentation", tmp_path / "shallow", other, sources)
