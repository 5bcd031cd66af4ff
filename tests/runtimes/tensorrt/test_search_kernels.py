"""The kernels of a search: the loop's arithmetic bit by bit, as C and as the PTX that ships."""

import ctypes
import operator
import re
import shutil
import subprocess
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from f2p_deploy.character.schema import Controller, DiscreteGroup, Schema
from f2p_deploy.runtimes.search import _carried, _step
from f2p_deploy.runtimes.search_plan import Reach
from f2p_deploy.runtimes.tensorrt.search_kernels import MARK, SOURCE, fingerprint, ptx, source

ROOT = Path(__file__).resolve().parents[3]
N_C, N, BATCH = 5, 9, 3
SHAPE = (BATCH, N)
Kernel = Callable[..., object]


def of_c(folder: Path) -> dict[str, Kernel]:
    """The source, by a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    (folder / "kernels.c").write_text(source())
    library = folder / "kernels.so"
    line = [compiler, "-O2", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*line, str(folder / "kernels.c")], check=True)
    loaded = ctypes.CDLL(str(library))
    return {"carry": loaded.carry, "arrive": loaded.arrive}


def of_ptx(folder: Path) -> dict[str, Kernel]:
    """The PTX, by the interpreter below."""
    kernels: dict[str, Kernel] = {}
    for name, parameters, text in re.findall(r"\.entry (\w+)\((.*?)\)\s*\{(.*?)\n\}", ptx(), re.DOTALL):
        names = re.findall(r"\w+_param_\d+", parameters)
        lines = [line.strip().rstrip(";") for line in text.splitlines()]
        lines = [line for line in lines if line and not line.startswith(".reg")]

        def run(*given: Any, names: list[str] = names, lines: list[str] = lines) -> None:
            values = [value.value if isinstance(value, ctypes.c_void_p | ctypes.c_float) else value for value in given]
            for thread in range(32 * -(-values[-1] // 32)):
                run_thread(lines, dict(zip(names, values, strict=True)), thread)

        kernels[name] = run
    return kernels


COMPARE = {"eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "gt": operator.gt, "ge": operator.ge}
ROUNDED = {"add.rn.f32": operator.add, "sub.rn.f32": operator.sub, "mul.rn.f32": operator.mul}
PLACES = {"ld.global.f32": ctypes.c_float, "st.global.f32": ctypes.c_float, "ld.global.u8": ctypes.c_uint8}


def run_thread(lines: list[str], parameters: dict[str, Any], thread: int) -> None:
    """Run one thread of a kernel, blocks being of 32."""
    labels = {line.rstrip(":"): i for i, line in enumerate(lines) if line.endswith(":")}
    registers: dict[str, Any] = {"%ntid.x": 32, "%ctaid.x": thread // 32, "%tid.x": thread % 32}

    def value(word: str) -> Any:
        word = word.strip("[]")
        if word.startswith("0f"):
            return np.array(int(word[2:], 16), np.uint32).view(np.float32)[()]
        return registers[word] if word in registers else parameters[word] if word in parameters else int(word)

    at = 0
    while lines[at] != "ret":
        line = lines[at]
        at += 1
        if line.endswith(":"):
            continue
        guard, line = (line[1:].split(maxsplit=1)) if line.startswith("@") else ("", line)
        code, _, rest = line.partition(" ")
        words = [word.strip() for word in rest.split(",")]
        if guard and not registers[guard]:
            continue
        if code == "bra":
            at = labels[words[0]]
            continue
        if code == "st.global.f32":
            PLACES[code].from_address(value(words[0])).value = float(value(words[1]))
            continue
        given = [value(word) for word in words[1:]]
        if code.startswith("setp."):
            found = COMPARE[code.split(".")[1]](*given)
        elif code in ROUNDED:
            found = ROUNDED[code](*map(np.float32, given))
        elif code in PLACES:
            found = PLACES[code].from_address(given[0]).value
        elif code.startswith(("ld.param", "mov", "cvta.to.global", "cvt.s64.s32")):
            found = given[0]
        elif code == "selp.f32":
            found = given[0] if given[2] else given[1]
        elif code == "mad.lo.s32":
            found = given[0] * given[1] + given[2]
        elif code == "rem.s32":
            found = given[0] % given[1]
        else:
            found = {"mul.wide.s32": operator.mul, "add.s64": operator.add, "shl.b64": operator.lshift,
                     "or.pred": operator.or_}[code](*given)
        registers[words[0]] = np.float32(found) if code.endswith("f32") and not code.startswith("setp") else found


@pytest.fixture(scope="module", params=[of_c, of_ptx], ids=["C", "PTX"])
def kernels(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Kernel]:
    return request.param(tmp_path_factory.mktemp("kernels"))


def numbers(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.5, 0.6, SHAPE).astype(np.float32)


def address(array: np.ndarray) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("reach", [Reach(), Reach(2.0, 0.5), Reach(0.5, 3.0)])
@pytest.mark.parametrize("locks", [False, True])
def test_a_step_is_that_of_the_loop(kernels: dict[str, Kernel], momentum: float, reach: Reach, locks: bool) -> None:
    reached, before, start = (np.clip(numbers(seed), 0, 1) for seed in (1, 2, 3))
    moved, locked = numbers(4), np.zeros(N, bool)
    locked[[0, 6]] = locks

    class Fake:
        schema = Schema(
            "s", tuple(Controller(f"c{i}", "c") for i in range(N_C)), (DiscreteGroup("g", ("a", "b", "c", "d")),)
        )

    given_to_graph: list[np.ndarray] = []

    def run(runtime: object, graph: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        given_to_graph.append(inputs["state"])
        return {"next_state": moved, "loss": np.zeros(BATCH, np.float32)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("f2p_deploy.runtimes.search._run", run)
        state = _carried(reached, before, N_C, momentum)
        after, _ = _step(Fake, state, {}, 1.0, reach)  # type: ignore[arg-type]
    expected = np.where(locked, start, after)

    held, last = reached.copy(), before.copy()
    found_state, given = np.empty(SHAPE, np.float32), np.empty(SHAPE, np.float32)
    sizes = (N_C, N, BATCH * N)
    kernels["carry"](
        *map(address, (held, last, found_state, given)), ctypes.c_float(momentum), ctypes.c_float(reach.beta), *sizes
    )
    np.testing.assert_array_equal(found_state, state)
    np.testing.assert_array_equal(given, given_to_graph[0])
    mask = locked.astype(np.uint8)
    arrays = (moved, given, found_state, start, mask, held, last)
    factor, own = ctypes.c_float(reach.beta * reach.rate), int(reach == Reach())
    kernels["arrive"](*map(address, arrays), factor, own, *sizes)
    np.testing.assert_array_equal(held, expected.astype(np.float32))
    np.testing.assert_array_equal(last, reached)


def test_the_ptx_is_the_sources() -> None:
    assert ptx().startswith(MARK + fingerprint()), f"{SOURCE} has changed: python tools/search_kernels.py"
    assert "fma." not in ptx(), "NumPy rounds a product before it adds"
    version, target = (float(x) for x in re.search(r"\.version ([\d.]+)\n\.target sm_(\d+)", ptx()).groups())  # type: ignore[union-attr]
    assert version <= 8.0 and target <= 70, "older drivers and cards could not read it"


def test_nvidias_compiler_makes_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    nvrtc = pytest.importorskip("cuda.bindings.nvrtc")
    try:
        version = nvrtc.nvrtcVersion()[1:]
    except RuntimeError as error:  # cuda-python loads the library when it is first called
        pytest.skip(f"NVRTC cannot be loaded: {' '.join(str(error).split())[:80]}")
    monkeypatch.syspath_prepend(ROOT / "tools")
    tool = import_module("search_kernels")
    if version != tool.NVRTC:
        pytest.skip(f"NVRTC {version} is here, which writes other PTX than {tool.NVRTC}")
    assert tool.compile_kernels(source()) == ptx()


def test_another_compiler_is_refused() -> None:
    """Its PTX would want newer drivers, or newer cards."""
    nvrtc = SimpleNamespace(nvrtcVersion=lambda: (0, 13, 5))
    tool = ROOT / "tools" / "search_kernels.py"
    made: dict[str, Any] = {"__name__": "tool"}
    exec(compile(tool.read_text(encoding="utf-8"), str(tool), "exec"), made)  # noqa: S102
    with pytest.raises(RuntimeError, match=r"NVRTC 12.0 writes what ships, here is 13.5"):
        made["require_version"](nvrtc)
