"""`bundle new`, `import`, `set`, `check`, `pack` and `unpack`: a bundle made of other people's weights."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from f2p_deploy.cli.choices import REGISTRIES

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

torch = pytest.importorskip("torch")


@pytest.fixture
def game(small_bundle: "Bundle", tmp_path: Path) -> Path:
    """A copy of the small bundle."""
    shutil.copytree(small_bundle.path, tmp_path / "game")
    return tmp_path / "game"


@pytest.mark.parametrize("command", ["new", "import", "set", "check", "pack", "unpack"])
def test_help_fits_and_names_the_choices(f2p: Callable, command: str) -> None:
    ran = f2p("bundle", command, "--help")
    assert ran.code == 0 and max(map(len, ran.out.splitlines())) <= 80
    assert not any(f"{{{registry}}}" in ran.out for registry in REGISTRIES)
    if command == "new":
        assert "paper, small, lite" in ran.out and "makehuman" in ran.out
    if command == "check":
        assert "exit code is 1" in " ".join(ran.out.split())


def test_from_nothing_to_a_start_of_training(f2p: Callable, tmp_path: Path) -> None:
    """The commands of docs/weights.md, with narrow networks."""
    from f2p_deploy.model.networks.light_cnn import LightCNN
    from f2p_deploy.model.networks.segmentation import Segmentation

    game = tmp_path / "my-game"
    ran = f2p("bundle", "new", game, "--preset", "paper", "--schema", "makehuman")
    assert ran.code == 0 and ran.out.startswith(f"bundle: {game}, schema makehuman, settings of the preset paper")
    ran = f2p("bundle", "check", game)
    assert ran.code == 1 and "error: graph one_shot: " in ran.err and "graph render" in ran.out

    light = {f"module.{name}": value for name, value in LightCNN(0.25).state_dict().items()}
    light["module.fc2.weight"] = torch.zeros(80013, 1)
    torch.save({"epoch": 80, "arch": "LightCNN", "state_dict": light, "prec1": 99.0}, tmp_path / "light.pth.tar")
    ran = f2p("bundle", "import", "recognition", tmp_path / "light.pth.tar", "--bundle", game)
    assert ran.code == 2 and "conv1.filter.weight should be (96, 1, 5, 5), found (32, 1, 5, 5). It fits " in ran.err
    words = ran.err.split("f2p-deploy ")[1].split()
    ran = f2p(*words)
    assert (ran.code, ran.out) == (0, "architecture.recognition_width: 1.0 -> 0.25\n")
    ran = f2p("bundle", "import", "recognition", tmp_path / "light.pth.tar", "--bundle", game)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [
        f"recognition: from light.pth.tar (LightCNN-29v2 as published), now in {game}",
        "left aside: epoch, arch, prec1, fc2.weight",
        "architecture.recognition: light-cnn-29v2 -> light-cnn-29v2-crop (--crop and --whole-face choose)",
    ]

    resnet = {k: v for k, v in Segmentation().state_dict().items() if not k.startswith("classifier.")}
    classes = {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}
    torch.save(resnet | classes, tmp_path / "resnet50.pth")
    ran = f2p("bundle", "import", "segmentation", tmp_path / "resnet50.pth", "--bundle", game)
    assert ran.code == 0 and "a start: classifier.weight, classifier.bias are fresh" in ran.out
    ran = f2p("bundle", "check", game, "--json")
    states = {part["part"]: part["state"] for part in ran.json["parts"]}
    assert ran.code == 1 and states["recognition"] == "note" and states["segmentation"] == "missing"
    ran = f2p("bundle", "set", "architecture.image_size=1024", "--bundle", game)
    assert ran.code == 2 and "cannot change" in ran.err
    ran = f2p("export", "--target", "onnx", "--bundle", game, "-o", tmp_path / "out")
    assert ran.code == 2 and not (tmp_path / "out").exists()


def test_new_needs_a_new_folder_and_known_words(f2p: Callable, game: Path, tmp_path: Path) -> None:
    def new(*words: object) -> tuple[int, str]:
        ran = f2p("bundle", "new", *words)
        return ran.code, ran.err

    assert new(game, "--preset", "paper", "--schema", "makehuman") == (
        2,
        f"error: {game} is not an empty folder: name a new one\n",
    )
    code, err = new(tmp_path / "a", "--preset", "papr", "--schema", "makehuman")
    assert code == 2 and "no preset named 'papr'. Did you mean 'paper'?" in err
    code, err = new(tmp_path / "a", "--preset", "paper", "--schema", "makehumn")
    assert code == 2 and "no schema named 'makehumn'. Did you mean 'makehuman'?" in err
    code, err = new(tmp_path / "a", "--preset", "paper")
    assert code == 2 and "a bundle needs a schema: --schema NAME" in err and not (tmp_path / "a").exists()


def test_new_takes_a_preset_from_a_file_and_training_finds_it_again(f2p: Callable, tmp_path: Path) -> None:
    from f2p_deploy.model.bundle import load_bundle
    from f2p_deploy.training.preset_files import preset_of

    (tmp_path / "mine.toml").write_text('base = "small"\n[settings.hybrid]\niterations = 7\n')
    assert f2p("bundle", "new", tmp_path / "a", "--preset", tmp_path / "mine.toml", "--schema", "makehuman").code == 0
    assert load_bundle(tmp_path / "a").settings.hybrid.iterations == 7
    assert f2p("bundle", "new", tmp_path / "b", "--preset", "paper", "--schema", "makehuman").code == 0
    assert preset_of(load_bundle(tmp_path / "b")).name == "paper"


def test_new_measures_the_average_face_of_rendered_pairs(f2p: Callable, tmp_path: Path) -> None:
    import numpy as np

    from f2p_deploy.character.face import LANDMARKS
    from f2p_deploy.character.schema import Controller, Schema
    from f2p_deploy.engine.engine import Rendering
    from f2p_deploy.engine.pairs import Sampling, write_pairs
    from f2p_deploy.model.bundle import load_bundle

    class Engine:
        schema = Schema("grey", (Controller("light", "face"),))

        def render_many(self, batch, size, scenes=None, workers=1):
            points = {name: (size / 2 + 3.0 * i, size / 4) for i, name in enumerate(LANDMARKS)}
            for row in batch:
                picture = np.full((size, size, 3), int(255 * row[0]), np.uint8)
                yield Rendering(picture, np.zeros((size, size), np.uint8), points)

    write_pairs(Engine(), tmp_path / "pairs", 3, Sampling(seed=1), 64)
    ran = f2p("bundle", "new", tmp_path / "a", "--preset", "small", "--front", tmp_path / "pairs")
    assert ran.code == 0 and "schema grey" in ran.out, ran.err
    landmarks = load_bundle(tmp_path / "a").settings.alignment.landmarks
    assert landmarks["left-eye"] == (0.5, 0.25) and landmarks["right-eye"] == pytest.approx((0.5 + 3 / 64, 0.25))
    words = ("--preset", "small", "--front", tmp_path / "pairs", "--schema", "makehuman")
    ran = f2p("bundle", "new", tmp_path / "b", *words)
    assert ran.code == 2 and "are of the schema 'grey', not of this 'makehuman'" in ran.err
    assert not (tmp_path / "b").exists()


def test_new_in_json(f2p: Callable, tmp_path: Path) -> None:
    ran = f2p("bundle", "new", tmp_path / "a", "--preset", "small", "--schema", "justice-female", "--json")
    assert ran.json == {
        "bundle": str(tmp_path / "a"),
        "schema": "justice-female",
        "preset": "small",
        "networks": [],
    }


def test_import_in_json_and_what_to_train_again(f2p: Callable, small_bundle: "Bundle", game: Path) -> None:
    file = small_bundle.path / "recognition.safetensors"
    ran = f2p("bundle", "import", "recognition", file, "--bundle", game, "--json")
    assert ran.code == 0 and ran.json["outdated"] == ["translator"] and ran.json["recognition"] == "light-cnn-29v2"
    assert ran.json["provenance"]["imported"]["file"] == "recognition.safetensors"
    ran = f2p("bundle", "import", "recognition", file, "--bundle", game)
    assert "train again what was trained on the network before: translator" in ran.out
    assert "rounded" not in ran.out  # this bundle stores float32


def test_an_import_says_that_it_rounds(f2p: Callable, game: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(game / "recognition.safetensors")
    save_file({key: value.float() * 1.0001 for key, value in tensors.items()}, tmp_path / "whole.safetensors")
    words = ("bundle", "import", "recognition", tmp_path / "whole.safetensors", "--bundle", game)
    f2p("bundle", "set", "storage=float16", "--bundle", game)
    ran = f2p(*words)
    assert "its weights are rounded to half precision, since this bundle has storage float16" in ran.out
    assert f2p("bundle", "set", "storage=float32", "--bundle", game).code == 0
    ran = f2p(*words, "--json")
    assert ran.json["rounded"] is False


def test_an_imported_network_is_named_before_what_its_training_lacks(
    f2p: Callable, small_bundle: "Bundle", game: Path, tmp_path: Path
) -> None:
    f2p("bundle", "import", "recognition", small_bundle.path / "recognition.safetensors", "--bundle", game)
    ran = f2p("train", "recognition", "--preset", "small", "--front", tmp_path, "--bundle", game)
    assert ran.code == 2 and "is imported from recognition.safetensors: only --retrain trains over it" in ran.err


def test_set_shows_before_and_after(f2p: Callable, game: Path) -> None:
    from f2p_deploy.model.bundle import load_bundle

    ran = f2p(
        "bundle", "set", "hybrid.iterations=50", "similarity.content_weight=0.5",
        "alignment.landmarks.left-eye=0.35,0.4", "--bundle", game,
    )  # fmt: skip
    assert ran.code == 0 and ran.out.splitlines() == [
        "hybrid.iterations: 5 -> 50",
        "similarity.content_weight: 1.0 -> 0.5",
        "alignment.landmarks.left-eye: [0.36, 0.42] -> [0.35, 0.4]",
    ]
    assert ran.err == "warning: the networks are trained on faces that were aligned by the old landmarks\n"
    settings = load_bundle(game).settings
    assert (settings.hybrid.iterations, settings.similarity.content_weight) == (50, 0.5)
    ran = f2p("bundle", "set", "hybrid.iterations=50", "--bundle", game)
    assert (ran.code, ran.out) == (0, "nothing changed: the settings have these values already\n")
    ran = f2p("bundle", "set", "fast=true", "--bundle", game, "--json")
    assert ran.json["changes"] == [{"path": "fast", "before": False, "after": True}]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["hybrid.iterations=3", "hybrid.iteration=50"], "Did you mean 'hybrid.iterations'?"),
        (["hybrid.iterations=3", "hybrid.decay=2"], "decay must lie in [0, 1), found 2.0"),
        (["architecture.imitator_width=0.5"], "cannot change: its networks are trained for it"),
        (
            ["similarity.features=probabilities", "similarity.weighting=class"],
            "weighting 'class' needs the logits or a stage as features",
        ),
    ],
)
def test_set_changes_all_or_nothing(f2p: Callable, game: Path, words: list[str], sentence: str) -> None:
    before = (game / "bundle.json").read_bytes()
    ran = f2p("bundle", "set", *words, "--bundle", game)
    assert ran.code == 2 and sentence in ran.err and len(ran.err.splitlines()) == 1
    assert (game / "bundle.json").read_bytes() == before


def test_check_of_a_whole_and_of_a_damaged_bundle(f2p: Callable, game: Path, damaged_bundle: Path) -> None:
    ran = f2p("bundle", "check", game)
    assert ran.code == 0 and not ran.err and "imitator.safetensors" in ran.out
    ran = f2p("bundle", "check", damaged_bundle)
    assert ran.code == 2 and "imitator.safetensors is damaged: it has" in ran.err
    assert "translator.safetensors    ok" in ran.out, "it goes on after the first damaged file"
    ran = f2p("bundle", "check", damaged_bundle, "--json")
    assert ran.code == 2 and json.loads(ran.out)["parts"][1]["state"] == "damaged"


def test_pack_and_unpack(f2p: Callable, small_bundle: "Bundle", game: Path, tmp_path: Path) -> None:
    ran = f2p("bundle", "pack", game, "-o", tmp_path / "a.zip")
    assert ran.code == 0 and ran.out.startswith(f"{tmp_path / 'a.zip'}: {len(small_bundle.stored) + 1} files, ")
    first = f2p("bundle", "pack", game, "-o", tmp_path / "a.zip", "--json").json
    assert first["sha256"] in ran.out and first["files"][0] == "bundle.json"
    ran = f2p("bundle", "unpack", tmp_path / "a.zip", "-o", tmp_path / "again")
    assert ran.code == 0 and small_bundle.fingerprint in ran.out
    ran = f2p("bundle", "unpack", tmp_path / "a.zip", "-o", tmp_path / "again", "--json")
    assert ran.code == 2 and "is not an empty folder" in ran.json["error"]
    ran = f2p("bundle", "unpack", tmp_path / "a.zip", "-o", tmp_path / "third", "--json")
    assert ran.json["fingerprint"] == small_bundle.fingerprint


def test_a_damaged_bundle_is_not_packed(f2p: Callable, damaged_bundle: Path, tmp_path: Path) -> None:
    ran = f2p("bundle", "pack", damaged_bundle, "-o", tmp_path / "a.zip")
    assert ran.code == 2 and "is damaged" in ran.err and not (tmp_path / "a.zip").exists()


def test_the_lines_of_the_page_are_commands(f2p: Callable) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "weights.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split()[1:] for line in page.splitlines() if line.startswith("    f2p-deploy ")]
    assert {line[1] for line in lines} == {"new", "import", "set", "check", "pack", "unpack"}
    for line in lines:
        said = f2p(*line[:2], "--help").out
        assert said.startswith("Usage: f2p-deploy bundle"), line
        assert all(word in said for word in line if word.startswith("-")), line
