"""`run`: its output, and photos and folders that it cannot use."""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from f2p_deploy.artifact.parity import FLOORS
from f2p_deploy.character.parameter_files import read_parameters

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_a_photo_becomes_a_character(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = f2p("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", out)
    assert ran.code == 0, ran.err
    assert f"page: {out / 'index.html'}" in ran.out and "astronaut.png" in ran.out
    assert "Landmarks come from" in ran.err
    made = {path.name for path in (out / "astronaut").iterdir()}
    assert {"parameters.json", "aligned.png", "character.png"} <= made
    with Image.open(out / "astronaut" / "character.png") as picture:
        assert picture.size == (128, 128)
    assert not list(out.rglob("*.part"))


def test_json_holds_the_whole_report(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out", "--json", "--threads", 1)
    ran = f2p("run", photo, "--mode", "hybrid", *words)
    assert ran.code == 0
    (result,) = ran.json["results"]
    assert (result["status"], result["mode"], result["mode_reason"]) == ("created", "hybrid", "as asked")
    assert len(result["losses"]) == small_bundle.settings.hybrid.iterations + 1
    assert result["parameters"]["schema"] == "small" and (ran.json["created"], ran.json["failed"]) == (1, 0)


def test_modes_are_compared(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ("run", photo, "--compare", "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", out)
    assert f2p(*words).code == 0
    modes = ("one-shot", "iterative", "hybrid")
    for mode in modes:
        result = json.loads((out / f"astronaut-{mode}" / "result.json").read_text())
        assert result["mode"] == mode and list(result["read"]) == ["hair", "lips"]
        assert 0 < result["read"]["hair"]["next_confidence"] <= result["read"]["hair"]["confidence"] < 1
    with (out / "summary.csv").open(newline="") as stream:
        assert [row["mode"] for row in csv.DictReader(stream)] == list(modes)
    page = (out / "index.html").read_text()
    assert page.count("<article") == 1 and "3 modes side by side" in page
    assert [row["status"] for row in f2p(*words, "--json").json["results"]] == ["kept"] * 3
    assert [row["status"] for row in f2p(*words, "--again", "--json").json["results"]] == ["created"] * 3
    ran = f2p(*words, "--mode", "hybrid")
    assert ran.code == 2 and "--compare makes one-shot, iterative, hybrid: leave out --mode hybrid" in ran.err


def test_the_folder_goes_on_after_bad_photos(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    (photo.parent / "notes.jpg").write_text("not a picture")
    Image.new("RGB", (20, 20)).save(photo.parent / "tiny.png")
    cut = photo.parent / "cut.png"
    cut.write_bytes(photo.read_bytes()[:20_000])
    out = tmp_path / "out"
    ran = f2p("run", photo.parent, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", out)
    assert ran.code == 2
    assert "error: notes.jpg: this is not a picture in a supported format" in ran.err
    assert "error: tiny.png: 20x20 pixels are too few; a photo needs at least 64 on each edge" in ran.err
    assert "error: cut.png: the picture is damaged or incomplete" in ran.err
    with (out / "summary.csv").open(newline="") as stream:
        rows = {Path(row["photo"]).name: row for row in csv.DictReader(stream)}
    assert rows["astronaut.png"]["status"] == "created" and float(rows["astronaut.png"]["eye.tx"]) >= 0
    assert [rows[name]["reason"] for name in ("notes.jpg", "tiny.png", "cut.png")] == [
        "unreadable",
        "too-small",
        "unreadable",
    ]
    assert sorted(path.name for path in out.iterdir()) == ["astronaut", "index.html", "summary.csv"]
    assert "this is not a picture" in (out / "index.html").read_text()


def test_no_face(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "wall.png")
    words = ("--bundle", small_bundle.path, "--offline", "-o", tmp_path / "out", "--json")
    ran = f2p("run", tmp_path / "wall.png", *words)
    assert ran.code == 2
    (result,) = ran.json["results"]
    assert result["reason"] == "no-face" and result["message"].startswith("wall.png: no face was found")


def test_two_faces(f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path) -> None:
    (face,) = json.loads(landmarks.read_text()).values()
    smaller = {name: [x / 2, y / 2] for name, (x, y) in face.items()}
    landmarks.write_text(json.dumps({"astronaut.png": [smaller, face]}))
    words = ("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    ran = f2p(*words)
    assert ran.code == 0 and "warning: astronaut.png: 2 faces were found" in ran.err and "--face 2" in ran.err
    ran = f2p(*words, "--face", 3)
    assert ran.code == 2 and "error: astronaut.png: face 3 was asked for, but 2 faces were found" in ran.err
    ran = f2p(*words, "--face", 0)
    assert ran.code == 2 and "error: Invalid value for '--face'" in ran.err


def test_a_profile(f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path) -> None:
    content = json.loads(landmarks.read_text())
    content["astronaut.png"]["yaw"] = 75
    landmarks.write_text(json.dumps(content))
    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    ran = f2p("run", photo, *words, "--json")
    assert ran.code == 2
    (result,) = ran.json["results"]
    assert result["reason"] == "turned" and "the head is turned too far (75 degrees" in result["message"]


def test_auto_says_why(f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path) -> None:
    content = json.loads(landmarks.read_text())
    content["astronaut.png"]["yaw"] = 35
    landmarks.write_text(json.dumps(content))
    words = ("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    ran = f2p(*words)
    assert ran.code == 0 and "one-shot: chosen because the head is turned by 35 degrees" in ran.out
    page = (tmp_path / "out" / "index.html").read_text()
    assert "chosen because the head is turned by 35 degrees" in page
    assert "<li>The head is turned by 35 degrees</li>" in page and "more robust" not in page  # it is one-shot already
    assert "35 degrees" in f2p(*words, "--json").json["results"][0]["mode_reason"]


def test_keep_keeps_what_is_locked(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    from f2p_deploy.character.parameter_files import read_parameters, write_parameters
    from f2p_deploy.character.parameters import average

    kept = average(small_bundle.schema).with_values({"eye.tx": 0.875, "hair": "long"}).lock("eye.tx", "hair")
    write_parameters(tmp_path / "kept.json", kept)
    words = ("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    for mode in ("one-shot", "hybrid"):
        assert f2p(*words, "--keep", tmp_path / "kept.json", "--mode", mode).code == 0
        found = read_parameters(tmp_path / "out" / "astronaut" / "parameters.json", small_bundle.schema)
        assert found["eye.tx"] == 0.875 and found.choice("hair") == "long" and found.locked == {"eye.tx", "hair"}


def test_keep_of_another_schema(f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path) -> None:
    from f2p_deploy.character.parameter_files import write_parameters
    from f2p_deploy.character.parameters import average
    from f2p_deploy.character.schema import load_schema

    write_parameters(tmp_path / "other.json", average(load_schema("justice-male")))
    words = ("--bundle", small_bundle.path, "-o", tmp_path / "out", "--keep", tmp_path / "other.json")
    ran = f2p("run", photo, *words)
    assert ran.code == 2
    assert ran.err == f"error: {tmp_path / 'other.json'}: 'schema' must be 'small', found 'justice-male'\n"
    assert not (tmp_path / "out").exists()


def test_a_truncated_bundle(f2p: Callable, damaged_bundle: Path, photo: Path, tmp_path: Path) -> None:
    ran = f2p("run", photo, "--bundle", damaged_bundle, "-o", tmp_path / "out")
    assert ran.code == 2
    assert ran.err.startswith(f"error: {damaged_bundle / 'imitator.safetensors'} is damaged: it has ")
    assert not (tmp_path / "out").exists()


def test_a_bundle_without_a_network(f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(small_bundle.path, folder)
    content = json.loads((folder / "bundle.json").read_text())
    del content["files"]["translator.safetensors"]
    (folder / "bundle.json").write_text(json.dumps(content))
    ran = f2p("run", photo, "--bundle", folder, "-o", tmp_path / "out")
    assert ran.code == 2 and f"the bundle {folder} has no translator yet: f2p-deploy train translator" in ran.err


@pytest.mark.parametrize("missing", [True, False])
def test_nothing_to_read(f2p: Callable, small_bundle: "Bundle", tmp_path: Path, missing: bool) -> None:
    folder = tmp_path / "empty"
    if not missing:
        folder.mkdir()
    ran = f2p("run", folder, "--bundle", small_bundle.path, "-o", tmp_path / "out")
    sentence = f"there is no file {folder}" if missing else f"the folder {folder} has no photo directly in it"
    assert ran.code == 2 and ran.err.startswith(f"error: {sentence}")
    assert not (tmp_path / "out").exists()


def test_out_is_a_file(f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path) -> None:
    words = ("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o")
    inside = landmarks / "inside"
    ran = f2p(*words, landmarks)
    assert (ran.code, ran.err) == (2, f"error: the output folder {landmarks} is a file: choose another place with -o\n")
    ran = f2p(*words, inside)
    assert (ran.code, ran.err) == (2, f"error: cannot write the output folder {inside}: Not a directory\n")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not stop the administrator")
def test_out_cannot_be_written(f2p: Callable, small_bundle: "Bundle", photo: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    ran = f2p("run", photo, "--bundle", small_bundle.path, "--offline", "-o", locked)
    assert ran.code == 2 and ran.err == f"error: cannot write the output folder {locked}: Permission denied\n"


def test_a_full_disk_leaves_nothing_half_written(
    small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    """Files may grow to 4 kB in the process, which fails in writing as a full disk does."""
    resource = pytest.importorskip("resource")
    out = tmp_path / "out"
    words = ["run", str(photo), "--bundle", str(small_bundle.path), "--landmarks", str(landmarks), "-o", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", "f2p_deploy.cli", *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert done.returncode == 2 and done.stderr == f"error: cannot write {out / 'index.html'}: File too large\n"
    with (out / "summary.csv").open(newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert row["reason"] == "unwritable" and f"cannot write {out / 'astronaut'}: File too large" in row["warnings"]
    assert [path.name for path in out.iterdir()] == ["summary.csv"]


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
@pytest.mark.parametrize(
    ("name", "seen"),
    [
        (b"caf\xe9.png", r"caf\xe9.png"),
        (b"new\nline.png", r"new\nline.png"),
        (b"esc\x1b[2J.png", r"esc\x1b[2J.png"),
        ("写".encode() * 74 + b".png", "写" * 74 + ".png"),
        (b"x" * 251 + b".png", "x" * 251 + ".png"),
        (b"=cmd.png", "=cmd.png"),
    ],
)
def test_any_name_that_the_disk_allows(
    f2p: Callable,
    small_bundle: "Bundle",
    photo: Path,
    landmarks: Path,
    tmp_path: Path,
    name: bytes,
    seen: str,
) -> None:
    odd = photo.with_name(os.fsdecode(name))
    odd.write_bytes(photo.read_bytes())
    (photo.parent / os.fsdecode(b"bad\xe9\n\x1b[2J.jpg")).write_text("not a picture")
    (face,) = json.loads(landmarks.read_text()).values()
    landmarks.write_text(json.dumps({"astronaut.png": face, odd.name: face}))
    words = ("run", photo.parent, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    ran = f2p(*words, "--mode", "one-shot")
    assert ran.code == 2 and [line for line in ran.out.splitlines() if line.startswith(f"{seen} ")]
    assert r"error: bad\xe9\n\x1b[2J.jpg: this is not a picture" in ran.err
    ran_as_json = f2p(*words, "--mode", "one-shot", "--json")
    for text in (ran.out, ran.err, ran_as_json.out, ran_as_json.err):
        text.encode("utf-8")
        assert "\x1b" not in text
    data = ran_as_json.json
    assert (data["created"], data["kept"], data["failed"]) == (0, 2, 1)
    in_json = seen if b"\xe9.png" in name else odd.name
    assert {Path(row["photo"]).name for row in data["results"] if row["status"] == "kept"} == {"astronaut.png", in_json}
    assert (tmp_path / "out" / "index.html").is_file() and (tmp_path / "out" / "summary.csv").is_file()


def test_files_that_are_no_photos_are_named(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    for name in ("a.txt", "b.pdf", ".c.jpg"):
        (photo.parent / name).touch()
    (photo.parent / "more").mkdir()
    shutil.copy(photo, photo.parent / "more")
    words = ("run", photo.parent, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out")
    ran = f2p(*words)
    note = "3 files were not taken as photos: .c.jpg, a.txt, b.pdf."
    assert ran.code == 0 and f"{note}\n" in ran.err and note in (tmp_path / "out" / "index.html").read_text()
    assert "1 folder was not looked into: more; --recursive looks into them." in ran.err
    ran = f2p(*words, "--recursive", "--json")
    assert note in ran.json["notes"] and len(ran.json["not_taken"]) == 3
    assert [row["folder"] for row in ran.json["results"]] == ["astronaut", "astronaut-2"]
    assert [row["status"] for row in ran.json["results"]] == ["kept", "created"]


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_killed_run_goes_on_and_makes_only_the_rest(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    (face,) = json.loads(landmarks.read_text()).values()
    landmarks.write_text(json.dumps({f"{i:03}.png": face for i in range(30)}))
    for i in range(30):
        shutil.copy(photo, photo.parent / f"{i:03}.png")
    photo.unlink()
    out = tmp_path / "out"
    words = ["run", photo.parent, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", out]
    words = [*map(str, words), "--mode", "one-shot", "--threads", "1", "--json"]
    line = [sys.executable, "-m", "f2p_deploy.cli", *words, "--workers", "2"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE)
    while len(list(out.glob("*/result.json"))) < 5:
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate(timeout=60)  # the pipe is open until the workers have noticed, and ended
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/result.json")}
    assert 5 <= len(before) < 30 and not (out / "index.html").exists() and list(out.glob(".f2p-*"))
    ran = f2p(*words)
    assert ran.code == 0 and (ran.json["kept"], ran.json["created"]) == (len(before), 30 - len(before))
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert sorted(path.name for path in out.iterdir() if path.is_file()) == ["index.html", "summary.csv"]
    assert not list(out.glob(".f2p-*"))
    f2p(*words, "--again")
    assert not {path: path.stat().st_mtime_ns for path in before}.items() & before.items()


def test_several_modes_side_by_side(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out", "--json")
    ran = f2p("run", photo, "--mode", "one-shot", "--mode", "hybrid", *words)
    assert [result["folder"] for result in ran.json["results"]] == ["astronaut-one-shot", "astronaut-hybrid"]


def test_the_trained_bundle_without_any_download(f2p: Callable, photo: Path, tmp_path: Path) -> None:
    from f2p_deploy.model.bundle import demo_bundle_path

    if not (demo_bundle_path() / "bundle.json").is_file():
        pytest.skip("the demo bundle is not in this checkout")
    ran = f2p("run", photo, "--offline", "--mode", "one-shot", "-o", tmp_path / "out", "--json")
    assert ran.code == 0 and "built-in networks" in ran.json["finder"]
    with Image.open(tmp_path / "out" / "astronaut" / "aligned.png") as aligned:
        assert np.asarray(aligned).std() > 20


#: Runs a command line in a Python that has the base install alone.
WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder

class Present(MetaPathFinder):
    finders = tuple(sys.meta_path)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "onnxscript", "onnxsim", "openvino", "skimage", "mediapipe"):
            return None
        return next((spec for finder in self.finders if (spec := finder.find_spec(name, path, target))), None)

sys.meta_path[:] = [Present()]
from f2p_deploy.cli import main
try:
    main(sys.argv[1:])
finally:
    assert not {"torch", "onnx"} & set(sys.modules)
"""


def test_an_artifact_makes_characters_without_torch(
    small_artifact: Path, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ["run", photo, "--landmarks", landmarks, "-o", tmp_path / "out", "--mode", "iterative", "--threads", "1"]

    def run(*more: object) -> subprocess.CompletedProcess:
        line = [sys.executable, "-c", WITHOUT_TORCH, *map(str, [*words, *more])]
        return subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)

    done = run("--artifact", small_artifact, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["made_with"].startswith("onnxruntime ") and said["bundle"] == "small"
    (result,) = said["results"]
    assert len(result["losses"]) == small_bundle.settings.iterative.iterations + 1
    with Image.open(tmp_path / "out" / "astronaut" / "character.png") as picture:
        assert picture.size == (128, 128)
    done = run("--bundle", small_bundle.path)
    assert done.returncode == 3 and "needs torch, " in done.stderr
    done = run("--artifact", small_artifact, "--runtime", "openvino")
    assert done.returncode == 3 and "openvino is not installed: " in done.stderr and "[openvino]'" in done.stderr


@pytest.mark.parametrize("mode", ["one-shot", "iterative", "hybrid"])
def test_a_bundle_that_carries_its_artifact_makes_the_same_character_without_torch(
    mode: str, f2p: Callable, carrying_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ["run", photo, "--landmarks", landmarks, "--bundle", carrying_bundle.path, "--mode", mode, "--json"]
    line = [sys.executable, "-c", WITHOUT_TORCH, *map(str, words), "-o", str(tmp_path / "without")]
    done = subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["made_with"].startswith("onnxruntime ")
    assert "torch" not in done.stderr.lower() and "error" not in done.stderr
    with_torch = f2p(*words, "-o", tmp_path / "with")
    assert with_torch.json["made_with"].startswith("torch ")
    named = f2p(*words, "-o", tmp_path / "named", "--runtime", "onnxruntime")
    assert named.json["made_with"].startswith("onnxruntime ")
    n_c = carrying_bundle.schema.n_c
    made = {
        name: read_parameters(tmp_path / name / "astronaut" / "parameters.json", carrying_bundle.schema).values
        for name in ("without", "with", "named")
    }
    for name in ("without", "named"):
        assert np.abs(made[name] - made["with"])[:n_c].max() <= FLOORS["fp32"].controllers
        assert np.array_equal(made[name][n_c:], made["with"][n_c:])


def test_a_picture_of_a_bundle_that_carries_its_artifact_without_torch(
    carrying_bundle: "Bundle", tmp_path: Path
) -> None:
    words = ("render", "--average", "--bundle", carrying_bundle.path, "-o", tmp_path / "average.png")
    line = [sys.executable, "-c", WITHOUT_TORCH, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=200, check=False)
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "average.png").is_file()


def test_fast_and_exact_searches_are_different_characters(
    f2p: Callable, fast_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("run", photo, "--mode", "iterative", "--bundle", fast_bundle.path, "--landmarks", landmarks)
    words = (*words, "-o", tmp_path / "out", "--json")
    losses = {}
    for option in ((), ("--fast",), ("--exact",)):
        (result,) = f2p(*words, *option).json["results"]
        assert result["status"] == "created"  # that of the other search does not count as the same
        losses[option] = result["losses"]
    assert losses[()] == losses["--fast",] != losses["--exact",]
    assert losses["--fast",][0] == pytest.approx(losses["--exact",][0], rel=1e-4)


def test_a_fast_search_without_a_shortcut_is_refused(
    f2p: Callable, small_bundle: "Bundle", photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    words = ("run", photo, "--bundle", small_bundle.path, "--landmarks", landmarks, "-o", tmp_path / "out", "--fast")
    ran = f2p(*words, "--mode", "hybrid")
    assert ran.code == 2 and "has no shortcut yet: f2p-deploy train shortcut --bundle" in ran.err
    assert not (tmp_path / "out").exists()
    assert f2p(*words, "--mode", "one-shot").code == 0  # searches nothing


def test_invalid_combinations_of_options_are_refused(
    f2p: Callable, small_artifact: Path, small_bundle: "Bundle", photo: Path, tmp_path: Path
) -> None:
    words = ("run", photo, "-o", tmp_path / "out")
    ran = f2p(*words, "--artifact", small_artifact, "--bundle", tmp_path)
    assert ran.code == 2 and "give either --bundle or --artifact, not both" in ran.err
    ran = f2p(*words, "--bundle", small_bundle.path, "--runtime", "openvino")
    assert ran.code == 2 and "--runtime openvino needs --artifact" in ran.err
    ran = f2p(*words, "--artifact", small_artifact, "--runtime", "onnxruntme")
    assert ran.code == 2 and "Did you mean 'onnxruntime'?" in ran.err
    ran = f2p(*words, "--artifact", small_artifact, "--threads", 0)
    assert ran.code == 2
    assert not (tmp_path / "out").exists()


def test_a_damaged_artifact(f2p: Callable, small_artifact: Path, photo: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small_artifact, tmp_path / "artifact")
    with (folder / "step.onnx").open("r+b") as stream:
        stream.seek(1000)
        stream.write(b"x")
    ran = f2p("run", photo, "--artifact", folder, "-o", tmp_path / "out")
    assert ran.code == 2 and f"the artifact {folder} is damaged: step.onnx has another content" in ran.err
    assert not (tmp_path / "out").exists()
