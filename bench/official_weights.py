"""The way of other people's weights: official layouts imported, kept through `train all`, exported, verified, run.

    python bench/official_weights.py portraits_small -o bench/results/official_weights.json

The command lines are those that a user types, one process each. Two checkpoints are made as their authors' scripts
leave them: LightCNN-29v2 (DataParallel's `module.`, the classifier of 80,013 people, a used optimiser, epoch, arch,
prec1, PyTorch's old serialization) and torchvision's ResNet-50 (names, shapes, counters, the classifier of ImageNet).
Their weights are seeded random numbers: the way is tested, not the characters. Training takes a few updates for the
same reason. Needs the reference engine's assets and MediaPipe's landmarker.
"""

import argparse
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch
from paper_bundle import randomise
from safetensors.torch import load_file
from torch import nn

from f2p_deploy.alignment.photo_files import expand
from f2p_deploy.model.networks.known_checkpoints import PUBLISHED_PEOPLE
from f2p_deploy.model.networks.light_cnn import EMBEDDING, LightCNN
from f2p_deploy.model.networks.segmentation import Segmentation

#: Names of the published files.
LIGHT_CNN, RESNET = "LightCNN_29Layers_V2_checkpoint.pth.tar", "resnet50-19c8e357.pth"

#: The preset `small` with few updates, in float32 and for faces of 128 pixels. Its recognition has another width than
#: the published network, so that the first import is refused.
PRESET = """
base = "small"
shortcut_characters = 32
shortcut_states = 16

[settings]
storage = "float32"

[settings.architecture]
image_size = 128
segmentation_size = 64
segmentation_width = 1.0
imitator_width = 0.25
"""
SCHEDULES = {"imitator": 8, "segmentation": 4, "translator": 4, "refinement": 8, "shortcut": 8}
UPDATES = 4

#: Number of pairs: 500 are held out from every stage.
PAIRS = 520


@dataclass
class Way:
    """The commands of a walk, and what they said.

    Args:
        place: folder of everything that is made.
        rows: one for each command: its words, exit code, seconds and what it said.
    """

    place: Path
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, *words: object, code: int = 0) -> str:
        """Run a command in `place`, which must end with the exit code; return what it said.

        Raises:
            SystemExit: it ended with another one.
        """
        line = [str(word) for word in words]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "f2p_deploy.cli", *line],
            cwd=self.place,
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "1000"},
            check=False,
        )
        said = (done.stdout + done.stderr).strip()
        seconds = round(time.perf_counter() - began, 1)
        self.rows.append({"command": shlex.join(["f2p-deploy", *line]), "code": done.returncode, "seconds": seconds})
        print(f"$ {self.rows[-1]['command']}\n{said}\n({done.returncode}, {seconds} s)\n", flush=True)
        self.rows[-1]["said"] = [row for row in said.splitlines() if row.strip()][-12:]
        if done.returncode != code:
            raise SystemExit(f"expected the exit code {code}")
        return said


class Published(LightCNN):
    """LightCNN-29v2 with its classifier, as its authors train it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc2 = nn.Linear(EMBEDDING, PUBLISHED_PEOPLE, bias=False)

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return self.fc2(super().forward(grey))


def write_light_cnn(path: Path) -> dict[str, torch.Tensor]:
    """Write LightCNN-29v2 as its authors' script does after an epoch; return the tensors of the network itself."""
    torch.manual_seed(29)
    network = Published()
    randomise(network)
    parallel = nn.DataParallel(network)
    optimiser = torch.optim.SGD(parallel.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
    faces, people = torch.rand(2, 1, 128, 128), torch.tensor([3, PUBLISHED_PEOPLE - 1])
    nn.functional.cross_entropy(parallel(faces), people).backward()
    optimiser.step()
    content = {
        "epoch": 80,
        "arch": "LightCNN-29v2",
        "state_dict": parallel.state_dict(),
        "prec1": torch.tensor(99.43),
        "optimizer": optimiser.state_dict(),
    }
    torch.save(content, path, _use_new_zipfile_serialization=False)
    return {name: value for name, value in network.state_dict().items() if not name.startswith("fc2.")}


def write_resnet(path: Path) -> dict[str, torch.Tensor]:
    """Write a ResNet-50 as torchvision publishes it; return the tensors that are not its classifier's."""
    torch.manual_seed(50)
    network = Segmentation(strided_stage=3)
    randomise(network)
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("classifier.")}
    head = nn.Linear(2048, 1000)
    torch.save({**state, "fc.weight": head.weight.detach(), "fc.bias": head.bias.detach()}, path)
    return state


def wrong_files(place: Path, official: Mapping[str, torch.Tensor]) -> dict[str, Path]:
    """Write checkpoints that must be refused, by what is wrong with them."""
    files = {name: place / f"{name}.pth".replace(" ", "-") for name in ("one shape", "one tensor missing", "code")}
    shape = "block3.1.conv2.filter.weight"
    torch.save({**official, shape: official[shape][:, :100].clone()}, files["one shape"])
    torch.save({name: value for name, value in official.items() if name != shape}, files["one tensor missing"])
    torch.save({"state_dict": dict(official), "path": Path("weights")}, files["code"])
    files["cut short"] = place / "cut-short.pth.tar"
    with (place / LIGHT_CNN).open("rb") as whole:
        files["cut short"].write_bytes(whole.read(1_000_000))
    return files


def same_bits(stored: Path, official: Mapping[str, torch.Tensor]) -> bool:
    """Return whether a file of a bundle holds these tensors, bit for bit, and no others."""
    own = load_file(stored)
    return set(own) == set(official) and all(
        own[name].dtype == value.dtype and own[name].numpy().tobytes() == value.contiguous().numpy().tobytes()
        for name, value in official.items()
    )


def moved(stored: Path, start: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """Return how far weights of convolutions moved from their start, and how far those of a fresh network are."""
    own, fresh = load_file(stored), Segmentation().state_dict()
    names = [name for name, value in start.items() if value.ndim == 4]
    return {
        "largest_change": max(float((own[name] - start[name]).abs().max()) for name in names),
        "mean_change": _mean(own, start, names),
        "mean_difference_of_a_fresh_network": _mean(fresh, start, names),
        "changed_tensors": sum(not torch.equal(own[name], start[name]) for name in names) / len(names),
    }


def _mean(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor], names: Sequence[str]) -> float:
    apart = torch.cat([(one[name] - other[name]).abs().flatten() for name in names])
    return float(apart.mean())


def import_and_train(way: Way, photos: Sequence[Path], pairs: Path | None) -> dict[str, Any]:
    """Make the checkpoints, import them, the wrong ones too, and train the rest; return what was found."""
    place, game = way.place, way.place / "game"
    folder = place / "portraits"
    folder.mkdir()
    for photo in photos:
        shutil.copy(photo, folder)
    schedules = "".join(f"\n[schedules.{k}]\nsteps = {UPDATES}\nbatch = {v}\n" for k, v in SCHEDULES.items())
    (place / "few.toml").write_text(PRESET + schedules)
    light, resnet = write_light_cnn(place / LIGHT_CNN), write_resnet(place / RESNET)
    if pairs is None:
        way("engine", "render", "--count", PAIRS, "--size", 128, "-o", "pairs")
    front = pairs.absolute() if pairs else "pairs"

    way("bundle", "new", "game", "--preset", "few.toml", "--front", front)
    onto = ("--bundle", "game")
    refused = {}
    for what, file in {"another width": LIGHT_CNN, **wrong_files(place, light)}.items():
        said = way("bundle", "import", "recognition", file, *onto, code=2)
        refused[what] = said.removeprefix("error: ").replace(f"{place}/", "")
        if what == "another width":
            way(*shlex.split(said.split("f2p-deploy ")[1]))  # the line that the error holds
    way("bundle", "import", "recognition", LIGHT_CNN, *onto)
    way("bundle", "import", "segmentation", RESNET, *onto)
    way("bundle", "check", "game", code=1)
    found: dict[str, Any] = {"refused": refused, "kept_by_import": same_bits(game / "recognition.safetensors", light)}

    way("train", "all", "--preset", "few.toml", "--front", front, "--portraits", "portraits", *onto)
    way("bundle", "check", "game")
    found["kept_by_training"] = same_bits(game / "recognition.safetensors", light)
    found["segmentation"] = moved(game / "segmentation.safetensors", resnet)
    provenance = json.loads((game / "bundle.json").read_text())["provenance"]
    found["provenance"] = {
        "recognition": provenance["recognition"]["imported"],
        "segmentation": provenance["segmentation"]["started_from"],
    }
    way("train", "recognition", "--preset", "few.toml", "--front", front, "--portraits", "portraits", *onto, code=2)
    return found


def deploy(way: Way, photo: Path, targets: Sequence[str]) -> dict[str, Any]:
    """Export to each target, verify and run it, and pack the bundle; return what was found."""
    for target in targets:
        way("export", "--target", target, "--bundle", "game", "-o", target)
        way("verify", target)
        way("run", photo, "--mode", "hybrid", "--artifact", target, "-o", f"characters-{target}")
    way("bundle", "pack", "game", "-o", "game.zip")
    way("bundle", "unpack", "game.zip", "-o", "again")
    own, packed = (load_file(way.place / name / "recognition.safetensors") for name in ("game", "again"))
    return {"kept_by_packing": all(packed[name].equal(value) for name, value in own.items())}


def main() -> None:
    """Walk and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder of portraits")
    parser.add_argument("--count", type=int, default=40, help="portraits to train on")
    parser.add_argument("--pairs", type=Path, help="rendered pairs of the front view; rendered anew if not given")
    parser.add_argument("--target", action="append", help="may be repeated; onnx and onnx-fp16 if not given")
    parser.add_argument("--keep", type=Path, help="a new folder for everything that is made; removed if not given")
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    photos = [photo.absolute() for photo in expand([words.photos])][: words.count + 1]
    with tempfile.TemporaryDirectory(prefix="f2p-weights-") as temporary:
        place = words.keep or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        way = Way(place.absolute())
        found = import_and_train(way, photos[1:], words.pairs)
        found |= deploy(way, photos[0], words.target or ("onnx", "onnx-fp16"))
    rows = json.loads(json.dumps(way.rows).replace(f"{way.place}/", "").replace(f"{words.photos.absolute()}/", ""))
    result = {
        "date": date.today().isoformat(),
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "weights": "seeded random numbers",
        "portraits": len(photos) - 1,
        **found,
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "commands": rows,
    }
    print(json.dumps(found, indent=2))
    if words.out is not None:
        words.out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    if not all(found[key] for key in found if key.startswith("kept_")):
        raise SystemExit("the imported tensors are not those of the checkpoint")


if __name__ == "__main__":
    main()
