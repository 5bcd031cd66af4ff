"""The C# file: compiled and run where Mono is installed, else parsed."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from f2p_deploy.character.parameters import average
from f2p_deploy.engine import clients
from f2p_deploy.engine.engine import Scene
from f2p_deploy.engine.link.linked_engine import LinkedEngine
from f2p_deploy.engine.link.messages import PROTOCOL
from f2p_deploy.system.errors import InputError
from tests.engine.link.conftest import HURRIED

SOURCE = Path(clients.__file__).parent / "F2PEngine.cs"
TOY = Path(__file__).with_name("toy_engine.cs")


@pytest.mark.parametrize("path", [SOURCE, TOY], ids=lambda path: path.name)
def test_it_is_csharp(path: Path) -> None:
    tree_sitter = pytest.importorskip("tree_sitter")
    language = tree_sitter.Language(pytest.importorskip("tree_sitter_c_sharp").language())
    tree = tree_sitter.Parser(language).parse(path.read_bytes())
    assert not tree.root_node.has_error


def test_it_speaks_this_version() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    assert f"Protocol = {PROTOCOL}," in text and "UnityEngine" not in text


@pytest.mark.skipif(not (shutil.which("mcs") and shutil.which("mono")), reason="Mono (mcs, mono) is not installed")
def test_it_draws(disc_engine: Any, tmp_path: Path) -> None:
    made = tmp_path / "toy.exe"
    done = subprocess.run(
        ["mcs", "-warnaserror", f"-out:{made}", str(SOURCE), str(TOY)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    face = average(disc_engine.schema).with_values({"disc.x": 0.2, "disc.y": 0.4, "disc.radius": 1.0}).values
    with subprocess.Popen(["mono", str(made), "0"], stdout=subprocess.PIPE, text=True) as toy:
        try:
            assert toy.stdout is not None
            linked = LinkedEngine(f"tcp://127.0.0.1:{int(toy.stdout.readline())}", disc_engine.schema, HURRIED)
            assert linked.welcome.engine == 'toy "grey" engine'
            drawn = linked.render(face, 24, Scene(background=(0, 0.6, 0), expression=(("mouth-open", 0.5),)))
            assert drawn.image[-1, 0].tolist() == [153, 102, 255] and drawn.image[0, 0].tolist() == [51, 102, 255]
            assert drawn.landmarks["left-eye"] == (8.0, 0.5) and drawn.labels is not None
            with pytest.raises(InputError, match="cannot draw this character: a head does not turn so far"):
                linked.render(face, 24, Scene(yaw=181))
            assert np.array_equal(linked.render(face, 256).image, linked.render(face, 256).image)
            linked.close()
        finally:
            toy.kill()
