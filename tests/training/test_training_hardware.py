"""The hardware of a training: wrong words are sentences, and a batch is divided among processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from f2p_deploy.system.errors import InputError  # noqa: E402
from f2p_deploy.training.training_hardware import Hardware, Processes  # noqa: E402

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle

#: Trains an imitator for four updates; Fabric starts the second process itself, with the same line.
SCRIPT = """
import sys
from pathlib import Path

import torch

from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.training.data.pair_tensors import PairTensors
from f2p_deploy.training.training_hardware import Hardware, Processes
from f2p_deploy.training.schedule import Schedule
from f2p_deploy.training.train_imitator import ImitatorStage
from f2p_deploy.training.train_loop import train

bundle, pairs, folder, devices, accumulate = sys.argv[1:]
processes = Processes(Hardware(device="cpu", devices=int(devices), accumulate=int(accumulate)))
torch.manual_seed(0)
stage = ImitatorStage(load_bundle(bundle), PairTensors(Path(pairs), 128), held_out=20)
train(stage, Schedule(steps=4, batch=8, learning_rate=0.01), Path(folder), seed=0, processes=processes)
"""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"device": "gpu"}, "device must be one of auto, cpu, cuda, mps, found 'gpu'"),
        ({"precision": "8"}, "precision must be one of 32, bf16, 16, found '8'"),
        ({"devices": 0}, "devices must be at least 1, found 0"),
        ({"workers": -1}, "workers must be at least 0, found -1"),
    ],
)
def test_wrong_words_are_one_sentence(words: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Hardware(**words)  # type: ignore[arg-type]


def test_a_device_that_is_not_there_is_refused() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="PyTorch finds no cuda device here"):
            _ = Hardware(device="cuda").found
        assert Hardware(device="auto").found in ("cpu", "mps")
    assert Hardware(device="cpu", devices=4).found == "cpu"


def test_a_batch_has_a_part_for_every_process_and_repetition() -> None:
    assert Hardware(devices=2, nodes=3, accumulate=4).parts == 24
    alone = Processes(Hardware(device="cpu", accumulate=3))
    assert alone.first and alone.own_parts == (0, 1, 2)


def test_batches_are_prepared_by_others_only_where_it_is_faster() -> None:
    assert Hardware(device="cpu").loaders == 0
    assert Hardware(device="cpu", workers=3).loaders == 3


def test_several_machines_need_a_place_to_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "SLURM_NTASKS", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    with pytest.raises(InputError, match="--nodes 2 needs MASTER_PORT, NODE_RANK: set MASTER_ADDR"):
        Processes(Hardware(device="cpu", nodes=2))


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MASTER_PORT", "abc", "MASTER_PORT .* from 1 to 65535 for --nodes 2, found 'abc'"),
        ("MASTER_PORT", "70000", "MASTER_PORT .* from 1 to 65535 for --nodes 2, found '70000'"),
        ("NODE_RANK", "7", "NODE_RANK .* from 0 to 1 for --nodes 2, found '7'"),
        ("NODE_RANK", "-1", "NODE_RANK .* from 0 to 1 for --nodes 2, found '-1'"),
        ("NODE_RANK", "", "NODE_RANK .* from 0 to 1 for --nodes 2, found ''"),
    ],
)
def test_a_place_to_meet_that_is_none_is_refused_before_it_waits(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "NODE_RANK": "0", name: value}
    for variable, text in place.items():
        monkeypatch.setenv(variable, text)
    with pytest.raises(InputError, match=sentence):
        Processes(Hardware(device="cpu", nodes=2))


@pytest.mark.skipif(os.name == "nt", reason="sends SIGTERM")
def test_a_process_that_waits_for_another_machine_can_be_stopped(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "from f2p_deploy.training.training_hardware import Hardware, Processes\n"
        "Processes(Hardware(device='cpu', nodes=2))\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0"}
    process = subprocess.Popen([sys.executable, str(script)], env={**os.environ, **place}, stderr=subprocess.PIPE)
    assert process.stderr is not None
    assert b"waiting for 2 machines" in process.stderr.readline()
    process.terminate()
    assert process.wait(timeout=60) == -signal.SIGTERM
    process.stderr.close()


def test_two_processes_compute_what_one_computes_in_two_parts(
    disc_bundle: "Bundle", disc_pairs: Path, tmp_path: Path
) -> None:
    """The same losses and, after four updates, the same weights, but for batch norms' running statistics."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    for name, devices, accumulate in (("two", 2, 1), ("one", 1, 2)):
        line = [sys.executable, str(script), str(disc_bundle.path), str(disc_pairs), str(tmp_path / name)]
        done = subprocess.run(
            [*line, str(devices), str(accumulate)], capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stderr

    def losses(name: str) -> list[float]:
        lines = (tmp_path / name / "metrics.jsonl").read_text().splitlines()
        return [line["loss"] for line in map(json.loads, lines) if "loss" in line]

    assert len(losses("two")) == 4  # the first process alone writes
    assert losses("two") == pytest.approx(losses("one"), rel=1e-5)
    one, two = (torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("one", "two"))
    for name, weights in one["modules"]["imitator"].items():
        if weights.is_floating_point() and "running" not in name:  # batch norms count the first process's parts
            torch.testing.assert_close(two["modules"]["imitator"][name], weights, rtol=1e-3, atol=1e-5)
