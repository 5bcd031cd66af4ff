"""`bundle show` and `bundle import`: the content of a bundle, and checkpoints of others."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def test_show_prints_sizes_settings_and_provenance(f2p: Callable, small_bundle: "Bundle") -> None:
    ran = f2p("bundle", "show", small_bundle.path)
    assert ran.code == 0
    assert "schema small: 11 parameters, 6 controllers in 3 groups, 5 options in 2 discrete groups" in ran.out
    assert small_bundle.fingerprint in ran.out and '"image_size": 128' in ran.out
    assert "provenance:" in ran.out and "command: tests" in ran.out


def test_show_needs_no_torch(small_bundle: "Bundle") -> None:
    code = "import sys; sys.modules['torch'] = None; from f2p_deploy.cli import main; main()"
    words = ["bundle", "show", str(small_bundle.path)]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "translator" in done.stdout, done.stderr


def test_a_damaged_bundle(f2p: Callable, damaged_bundle: Path) -> None:
    ran = f2p("bundle", "show", damaged_bundle, "--json")
    assert ran.code == 2 and "imitator.safetensors is damaged" in ran.json["error"]


def test_no_bundle(f2p: Callable, tmp_path: Path) -> None:
    ran = f2p("bundle", "show", tmp_path)
    assert (ran.code, ran.err) == (2, f"error: {tmp_path} is not a bundle: it has no bundle.json\n")


def test_import_reads_a_foreign_checkpoint(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    import torch

    from f2p_deploy.model.bundle import copy_bundle, load_bundle
    from f2p_deploy.model.networks.table import build_network

    copy_bundle(small_bundle, tmp_path / "game", "game")
    network = build_network("recognition", small_bundle.schema, small_bundle.settings)
    state = {f"module.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": state | {"module.fc2.weight": torch.zeros(10, 256)}}, tmp_path / "light.pth.tar")
    ran = f2p("bundle", "import", "recognition", tmp_path / "light.pth.tar", "--bundle", tmp_path / "game")
    assert ran.code == 0 and "recognition: from light.pth.tar" in ran.out
    assert torch.equal(load_bundle(tmp_path / "game").recognition.fc.weight, network.fc.weight)


def test_import_refuses_a_checkpoint_of_another_network(f2p: Callable, small_bundle: "Bundle", tmp_path: Path) -> None:
    ran = f2p(
        "bundle", "import", "recognition", small_bundle.path / "imitator.safetensors", "--bundle", small_bundle.path
    )
    assert ran.code == 2 and "does not fit this LightCNN" in ran.err
