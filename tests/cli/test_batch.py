"""`batch`: its output, its refusals, and a job that is killed, stopped or out of space."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("pyarrow")

COUNT = 24


@pytest.fixture
def album(photo: Path) -> Path:
    """A folder of a photo, many times and once without a picture in it."""
    for i in range(COUNT - 2):
        shutil.copy(photo, photo.parent / f"a{i:02d}.png")
    (photo.parent / "broken.jpg").write_text("no picture")
    return photo.parent


@pytest.fixture
def words(album: Path, landmarks: Path, tmp_path: Path) -> list[object]:
    """The words of a batch with landmarks for all photos; it makes one-shot characters in `out`."""
    points = json.loads(landmarks.read_text())["astronaut.png"]
    landmarks.write_text(json.dumps(dict.fromkeys((path.name for path in album.iterdir()), points)))
    made = ["--mode", "one-shot", "--runtime", "onnxruntime", "--landmarks", landmarks, "--workers", 1, "--rows", 8]
    return ["batch", album, "-o", tmp_path / "out", *made]


def command(words: Sequence[object]) -> list[str]:
    """Return the command line of a process of its own."""
    return [sys.executable, "-m", "f2p_deploy.cli", *map(str, words)]


def parts(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder of parts."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_folder_becomes_rows_and_a_second_run_has_nothing_to_do(
    f2p: Callable, words: list[object], tmp_path: Path
) -> None:
    ran = f2p(*words)
    assert ran.code == 0, ran.err
    assert "ok" in ran.out and "unreadable  1" in ran.out and f"3 files in {tmp_path / 'out'}" in ran.out
    assert "24 photos in" in ran.out and "Landmarks come from" in ran.err
    assert sorted(parts(tmp_path / "out")) == [f"part-{i:05d}.parquet" for i in range(3)]
    again = f2p(*words, "--json")
    assert again.code == 0 and again.json.pop("seconds") >= 0
    assert again.json | {"out": "", "seconds": 0} == {
        "out": "", "photos": 24, "ok": 23, "failed": {"unreadable": 1}, "parts": 3, "parts_kept": 3, "left_out": [],
        "broken_shards": [], "photos_made": 0, "seconds": 0,
    }  # fmt: skip
    refused = f2p(*words, "--mode", "hybrid")
    assert refused.code == 2 and "was made with another --mode (one-shot, now hybrid): --again" in refused.err


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_a_killed_job_goes_on_and_gives_the_same_bytes(f2p: Callable, words: list[object], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(command(words), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    while not list(out.glob("part-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    kept = [path.name for path in sorted(out.glob("part-*"))]
    assert kept and len(kept) < 3
    (out / ".f2p-0123456789.part").write_bytes(b"half of a part")
    ran = f2p(*words, "--json")
    assert ran.code == 0 and ran.json["parts_kept"] == len(kept) and ran.json["ok"] == 23
    killed = parts(out)
    shutil.rmtree(out)
    assert f2p(*words, "--workers", 2).code == 0
    assert killed == parts(out)


@pytest.mark.skipif(os.name != "posix", reason="sends signals as POSIX does")
def test_ctrl_c_leaves_whole_parts_and_says_how_to_go_on(
    words: list[object], photo: Path, landmarks: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    points = json.loads(landmarks.read_text())
    for i in range(400):  # many more than are made before the signal comes, on a busy machine, too
        os.link(photo, photo.parent / f"b{i:03d}.png")
        points[f"b{i:03d}.png"] = points[photo.name]
    landmarks.write_text(json.dumps(points))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by a suite in the background
    try:
        process = subprocess.Popen(command(words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 60
    while not list(out.glob("part-*")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "error: stopped: " in err and "the same command goes on from there" in err and "Traceback" not in err
    assert all(path.name.startswith("part-") for path in out.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="limits the size of files")
def test_a_full_disk_is_one_sentence(words: list[object], tmp_path: Path) -> None:
    import resource

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = subprocess.run(
        command([*words, "--json"]), capture_output=True, text=True, preexec_fn=limit, timeout=120, check=False
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert f"error: cannot write {tmp_path / 'out' / 'part-00000.parquet'}: File too large" in done.stderr
    assert json.loads(done.stdout)["exit_code"] == 2 and not list((tmp_path / "out").iterdir())


def test_damaged_shards_end_with_exit_code_2(f2p: Callable, words: list[object], tmp_path: Path) -> None:
    import tarfile

    tar = tmp_path / "a.tar"
    with tarfile.open(tar, "w") as archive:
        for path in sorted(words[1].iterdir())[:3]:  # type: ignore[attr-defined]
            archive.add(path, path.name)
    tar.write_bytes(tar.read_bytes()[: tar.stat().st_size // 2])
    words[1] = tar
    ran = f2p(*words)
    assert ran.code == 2 and f"error: {tar}: the tar file is damaged or incomplete; 2 photos" in ran.err
    assert "1 file in" in ran.out


def test_wrong_input_is_refused_before_anything_is_written(
    f2p: Callable, words: list[object], album: Path, tmp_path: Path
) -> None:
    def refused(*more: object) -> str:
        ran = f2p(*more)
        assert ran.code == 2 and "Traceback" not in ran.err
        return str(ran.err)

    assert "there is no file or folder" in refused("batch", tmp_path / "gone", "-o", tmp_path / "out")
    assert "is inside the source" in refused("batch", album, "-o", album / "out")
    assert "--column is for Parquet files" in refused(*words, "--column", "image")
    assert "no mode named 'oneshot'. Did you mean 'one-shot'" in refused(*words, "--mode", "oneshot")
    assert "Missing option '-o' / '--out'" in refused("batch", album)
    assert "give either --bundle or --artifact" in refused(*words, "--bundle", album, "--artifact", album)
    Image.new("RGB", (80, 80)).save(tmp_path / "a.png")
    assert "is no folder, no .tar file and no .parquet file" in refused("batch", tmp_path / "a.png", *words[2:])
    assert not (tmp_path / "out").exists()


def test_ray_that_is_not_installed_is_named(f2p: Callable, words: list[object]) -> None:
    from f2p_deploy.system.extras import missing_modules

    if not missing_modules("ray"):
        pytest.skip("Ray is installed")
    ran = f2p(*words, "--ray")
    assert ran.code == 3 and "--ray needs ray, not installed here: " in ran.err
