"""Train the face finder's two networks on photos that MediaPipe labels.

    python tools/face_finder/train.py WORK PHOTOS... --backgrounds FOLDER [--minutes 30] [--only reader]

WORK keeps labels, arrays and checkpoints; the same command continues an interrupted training. PHOTOS are folders with
one face in most photos; held-out photos (one in eight, by the hash of their names) are never trained on. Then
`python tools/face_finder/export.py WORK` writes the ONNX files of the package.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

import numpy as np
import torch
from labels import open_rgb, store
from networks import MAPPED, MEAN, SPREAD, Detector, Reader
from samples import Faces, detector_targets, face_sample, photo_sample
from torch import Tensor, nn

from f2p_deploy.alignment import MediaPipeFinder, find_landmarker_model
from f2p_deploy.training.data.portraits import list_photos

LEARNING_RATE, WEIGHT_DECAY, SEED = 2e-3, 2e-2, 1

#: Pictures per step of each network.
PHOTOS, CLOSE_UPS = 48, 32


def pixels(pictures: list[np.ndarray]) -> Tensor:
    """Return (N, 3, S, S) scaled pixels of (S, S, 3) uint8 pictures."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return ((stacked.float() - MEAN) / SPREAD).contiguous(memory_format=torch.channels_last)


def reader_loss(reader: nn.Module, faces: Faces, rng: np.random.Generator) -> dict[str, Tensor]:
    """Draw a batch of close-ups and return the losses of the reader."""
    samples = [face_sample(faces, rng) for _ in range(CLOSE_UPS)]
    with torch.autocast("cpu", torch.bfloat16):
        out = reader(pixels([sample["picture"] for sample in samples]))
    out = {name: value.float() for name, value in out.items()}
    truth = {
        name: torch.from_numpy(np.array([sample[name] for sample in samples], np.float32))
        for name in ("face", "points", "eyes", "turn", "shape")
    }
    is_face, total = truth["face"], truth["face"].sum()
    unit = truth["eyes"][:, None]

    def distance(points: Tensor, true: Tensor) -> Tensor:
        return torch.sqrt(((points - true) ** 2).sum(-1) + 1e-8) / unit

    first = out["points"][:, :MAPPED], truth["points"][:, :MAPPED]
    mapped = distance(out["mapped"], first[1])
    both = distance((out["mapped"] + first[0]) / 2, first[1])
    coarse = distance(out["points"], truth["points"])

    def mean(values: Tensor) -> Tensor:
        return (values.flatten(1).mean(1) * is_face).sum() / total

    return {
        "five": mean(both[:, :5]),
        "mapped": 0.5 * mean(mapped[:, :5]) + 0.25 * mean(mapped),
        "coarse": 0.5 * mean(coarse[:, :5]) + 0.5 * mean(coarse),
        "face": 0.1 * nn.functional.binary_cross_entropy_with_logits(out["face"], is_face),
        "turn": 0.05 * mean((out["turn"] - truth["turn"]).abs()),
        "shape": 0.05 * mean((out["shape"] - truth["shape"]).abs()),
    }


def detector_loss(detector: nn.Module, faces: Faces, rng: np.random.Generator) -> dict[str, Tensor]:
    """Draw a batch of photos and return the losses of the detector."""
    drawn = [photo_sample(faces, rng) for _ in range(PHOTOS)]
    targets = torch.from_numpy(np.stack([detector_targets(found) for _, found in drawn]))
    with torch.autocast("cpu", torch.bfloat16):
        maps = detector(pixels([picture for picture, _ in drawn]))
    maps = maps.float()
    score = torch.sigmoid(maps[:, 0]).clamp(1e-4, 1 - 1e-4)
    hit = targets[:, 0] >= 0.999
    count = hit.sum().clamp(min=1)
    focal = torch.where(
        hit, -((1 - score) ** 2) * score.log(), -((1 - targets[:, 0]) ** 4) * score**2 * (1 - score).log()
    ).sum() / count
    weight = targets[:, 6]
    away = ((maps[:, 1:] - targets[:, 1:6]).abs() * weight[:, None]).sum((0, 2, 3)) / weight.sum().clamp(min=1)
    return {"score": focal, "place": away[0] + away[1], "size": 2 * away[2], "roll": 2 * (away[3] + away[4])}


NETWORKS = {"detector": (Detector, detector_loss), "reader": (Reader, reader_loss)}


def train(name: str, work: Path, faces: Faces, steps: int, seconds: float) -> None:
    """Train one network, from its checkpoint if there is one, until `steps` or the time is over."""
    make, loss_of = NETWORKS[name]
    torch.manual_seed(SEED)
    network = make().to(memory_format=torch.channels_last).train()
    average = make().requires_grad_(False)
    average.load_state_dict(network.state_dict())
    split = [[p for p in network.parameters() if (p.ndim > 1) == wide] for wide in (True, False)]
    optimiser = torch.optim.AdamW(
        [{"params": split[0], "weight_decay": WEIGHT_DECAY}, {"params": split[1], "weight_decay": 0.0}], LEARNING_RATE
    )
    file, first, began = work / f"{name}.pt", 0, time.monotonic()
    if file.exists():
        state = torch.load(file, weights_only=True)
        network.load_state_dict(state["network"])
        average.load_state_dict(state["average"])
        optimiser.load_state_dict(state["optimiser"])
        first = state["step"]
    sums: dict[str, float] = {}
    for step in range(first, steps):
        rate = LEARNING_RATE * min(1.0, (step + 1) / 200) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate
        losses = loss_of(network, faces, np.random.default_rng((SEED, step)))
        optimiser.zero_grad()
        sum(losses.values()).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        keep = min(0.998, (step + 1) / (step + 20))
        with torch.no_grad():
            for slow, fast in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
                slow.copy_(slow * keep + fast * (1 - keep)) if slow.is_floating_point() else slow.copy_(fast)
        for key, value in losses.items():
            sums[key] = sums.get(key, 0.0) + float(value.detach())
        last = step + 1 == steps or time.monotonic() - began > seconds
        if last or (step + 1) % 250 == 0:
            count = (step + 1 - first) % 250 or min(250, step + 1 - first)
            said = {key: round(value / count, 4) for key, value in sums.items()}
            print(f"{name} {step + 1}/{steps} {time.monotonic() - began:.0f} s {said}", flush=True)
            sums = {}
            state = {"network": network.state_dict(), "average": average.state_dict(),
                     "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(state, file.with_suffix(".part"))
            os.replace(file.with_suffix(".part"), file)
        if last:
            return


def main() -> None:
    """Label, store, train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--backgrounds", type=Path, required=True, help="folder of pictures without faces")
    parser.add_argument("--steps", type=int, nargs=2, default=(1600, 10000), help="of the detector and the reader")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop after that time; call again to continue")
    parser.add_argument("--only", choices=tuple(NETWORKS))
    words = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    if not (words.work / "labels.npz").exists():
        model = find_landmarker_model()
        assert model is not None, "run `f2p-deploy landmarker` first"
        store(list_photos(words.photos), MediaPipeFinder(model), words.work)
    files = [path for path in sorted(words.backgrounds.iterdir()) if path.suffix in (".png", ".jpg")]
    backgrounds = [open_rgb(path) for path in files]
    faces = Faces(words.work, held=False, backgrounds=backgrounds)
    counts = {"photos": int(faces.looked_at), "faces": len(faces.names), "trained_on": len(faces.rows),
              "backgrounds": len(backgrounds), "seed": SEED, "batch": [PHOTOS, CLOSE_UPS], "steps": list(words.steps)}
    (words.work / "provenance.json").write_text(json.dumps(counts))
    for name, steps in zip(NETWORKS, words.steps, strict=True):
        if words.only in (None, name):
            train(name, words.work, faces, steps, words.minutes * 60)


if __name__ == "__main__":
    main()
