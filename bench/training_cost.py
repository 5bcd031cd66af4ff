"""Cost of the paper's recipe: an update of every stage at the paper's size, and the whole by counted operations.

    python bench/training_cost.py --device cpu -o bench/results/training.json
    python bench/training_cost.py --device cuda --precision bf16 --updates 10

Networks, batches and losses are those of the preset `paper`, with random pictures in place of data, so that no data is
needed. Counted are multiplications and additions of convolutions and matrix products, forward and backward. The
recipe's length is the preset's, for 20,000 rendered pairs and 100,000 photos. Seconds are medians after one update that
is not counted, preparation of the batch included; beside them stands the processor time of all threads, which other
programs on the machine lengthen less.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import torch
from paper_bundle import randomise
from torch.utils.flop_counter import FlopCounterMode

from f2p_deploy.character.face import HELEN_CLASSES
from f2p_deploy.character.face_shape import LENGTH as SHAPE_LENGTH
from f2p_deploy.character.parameters import random_batch
from f2p_deploy.character.schema import Schema, load_schema
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.pairs import Sampling, write_pairs
from f2p_deploy.model.bundle import Bundle, create_bundle, store_network
from f2p_deploy.model.networks.table import REQUIRED_NETWORKS, build_network
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.data.portrait_labels import CONTOUR_POINTS
from f2p_deploy.training.data.portraits import Portraits
from f2p_deploy.training.presets import PAPER
from f2p_deploy.training.stage import Stage
from f2p_deploy.training.train_imitator import ImitatorStage
from f2p_deploy.training.train_loop import train
from f2p_deploy.training.train_recognition import RecognitionStage
from f2p_deploy.training.train_segmentation import SegmentationStage
from f2p_deploy.training.train_translator import TranslatorStage
from f2p_deploy.training.training_hardware import Hardware, Processes

#: Samples of the recipe: rendered pairs of section 4.1, and photos of the order of CelebA's frontal ones.
PAIRS, PHOTOS = 20_000, 100_000

#: Dense bfloat16 operations per second of an H100 SXM (its data sheet), and the share that convolutions reach in
#: practice; the share is an assumption, not a measurement.
H100, SHARE = 989e12, 0.35


class Noise:
    """An engine that draws noise, two pictures of every character.

    Args:
        schema: of the characters.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def render(self, parameters: np.ndarray, size: int, scene: Scene | None = None) -> Rendering:
        rng = np.random.default_rng(int(1e6 * parameters[0]))
        labels = rng.integers(0, len(HELEN_CLASSES), (size // 32, size // 32), np.uint8)
        picture = rng.integers(0, 256, (size // 8, size // 8, 3), np.uint8)
        picture, labels = picture.repeat(8, axis=0).repeat(8, axis=1), labels.repeat(32, axis=0).repeat(32, axis=1)
        return Rendering(picture, labels)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Sequence[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        return (self.render(row, size) for row in batch)


def paper_bundle(folder: Path) -> Bundle:
    """Create a bundle of the preset `paper` with random weights."""
    schema = load_schema("justice-female")
    bundle = create_bundle(folder, "paper", schema, PAPER.settings)
    torch.manual_seed(0)
    for name in REQUIRED_NETWORKS:
        network = build_network(name, schema, PAPER.settings)
        randomise(network)
        bundle = store_network(bundle, name, network, {})
    return bundle


def stages_of(bundle: Bundle, folder: Path) -> dict[str, Callable[[], Stage]]:
    """Return the functions that build the stages of `paper` on random data."""
    size = bundle.settings.architecture.image_size
    count = 2 * max(PAPER.schedules[name].batch for name in ("imitator", "segmentation", "translator"))
    parameters = random_batch(bundle.schema, count, 0)
    write_pairs(Noise(bundle.schema), folder, len(parameters), Sampling(pictures_per_character=2), size)
    pairs = PairTensors(folder, size, labels=True)
    rng = np.random.default_rng(0)
    unknown = np.full((count, len(CONTOUR_POINTS), 2), np.nan, np.float32)
    photos = Portraits(
        tuple(f"photos/{i}.jpg" for i in range(count)),
        rng.integers(0, 256, (count, size, size, 3), np.uint8),
        rng.integers(0, len(HELEN_CLASSES), (count, size, size), np.uint8),
        np.zeros(count, np.float32),
        unknown,
        np.full((count, SHAPE_LENGTH), np.nan, np.float32),
    )
    return {
        "imitator": lambda: ImitatorStage(bundle, pairs, held_out=1, feature_weight=PAPER.feature_weight),
        "recognition": lambda: RecognitionStage(bundle, pairs, photos, pairs, held_out=2, front_held_out=1),
        "segmentation": lambda: SegmentationStage(bundle, [pairs], photos, held_out=1),
        "translator": lambda: TranslatorStage(bundle, photos),
    }


def forget_peak(device: torch.device) -> None:
    """Begin to measure the largest memory anew."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    else:
        Path("/proc/self/clear_refs").write_text("5")


def peak_bytes(device: torch.device) -> int:
    """Return the largest memory since `forget_peak`: allocated by CUDA, or resident in this process (Linux)."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated()
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def measure(
    name: str, build: Callable[[], Stage], folder: Path, processes: Processes, updates: int
) -> dict[str, float | int]:
    """Return the cost of one update of a stage, and of the whole recipe."""
    stage = build()
    schedule = PAPER.schedules[name]
    # The data has fewer samples than a batch of recognition: positions are drawn again.
    stage.samples = max(stage.samples, schedule.batch)
    original = stage.prepare
    real = len(stage.training) if isinstance(stage, RecognitionStage) else stage.samples
    stage.prepare = lambda batch, step, rng: original(batch % real, step, rng)  # type: ignore[method-assign]
    stage.evaluate = dict  # type: ignore[method-assign, assignment]
    stage.sheet = lambda: np.zeros((8, 8, 3), np.uint8)  # type: ignore[method-assign]
    seconds: list[float] = []
    processor: list[float] = []
    forget_peak(processes.fabric.device)
    began, used = time.perf_counter(), time.process_time()
    counter = FlopCounterMode(display=False)

    def updated(done: int, total: int, numbers: object) -> None:
        nonlocal began, used
        if processes.fabric.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
        if done == 1:
            counter.__exit__(None, None, None)
        began, used = time.perf_counter(), time.process_time()

    counter.__enter__()
    train(stage, replace(schedule, steps=updates + 1), folder, 0, updated, processes=processes)
    flops = counter.get_total_flops()
    samples = {"imitator": PAIRS, "recognition": PHOTOS, "segmentation": PAIRS, "translator": PHOTOS}[name]
    total = schedule.total_steps(samples)
    step = statistics.median(seconds[1:])
    return {
        "batch": schedule.batch,
        "seconds": step,
        "processor_seconds": statistics.median(processor[1:]),
        "tflop": flops / 1e12,
        "updates": total,
        "days_here": step * total / 86400,
        "days_h100": flops * total / (H100 * SHARE) / 86400,
        "peak_gb": peak_bytes(processes.fabric.device) / 1e9,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="32")
    parser.add_argument("--updates", type=int, default=1, help="timed updates of every stage, after one that is not")
    parser.add_argument("--stage", action="append", help="only this stage; may be repeated")
    parser.add_argument("--accumulate", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path)
    words = parser.parse_args()
    processes = Processes(Hardware(words.device, words.precision, accumulate=words.accumulate))
    rows = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        bundle = paper_bundle(folder / "bundle")
        for name, build in stages_of(bundle, folder / "pairs").items():
            if words.stage and name not in words.stage:
                continue
            rows[name] = measure(name, build, folder / name, processes, words.updates)
            print(
                f"{name}: {rows[name]['seconds']:.2f} s an update of {rows[name]['batch']} "
                f"({rows[name]['processor_seconds']:.2f} s of processor time), {rows[name]['tflop']:.2f} TFLOP, "
                f"{rows[name]['updates']:,} updates: {rows[name]['days_here']:.1f} days here, "
                f"{24 * rows[name]['days_h100']:.1f} h on an H100 at {SHARE:.0%}; peak {rows[name]['peak_gb']:.1f} GB",
                flush=True,
            )
    if words.out is not None:
        facts = {"date": date.today().isoformat(), "device": str(processes.fabric.device), "precision": words.precision}
        words.out.write_text(json.dumps({**facts, "stages": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
