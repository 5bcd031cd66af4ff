"""Compile f2p_deploy/runtimes/search_kernels.cu to the PTX beside it, which any card's driver finishes.

    python tools/search_kernels.py

Needs cuda-bindings and the NVRTC of CUDA 12.0, no card: `pip download nvidia-cuda-nvrtc-cu12==12.0.140`, unpacked, its
`lib` folder in LD_LIBRARY_PATH. A newer one writes PTX that older drivers do not read.
"""

from pathlib import Path
from typing import Any

from f2p_deploy.runtimes.tensorrt.cuda import check
from f2p_deploy.runtimes.tensorrt.search_kernels import MARK, PTX, SOURCE, fingerprint, source

#: The version that writes what ships.
NVRTC = (12, 0)

#: The oldest cards that the PTX is for; newer ones read it, too.
ARCHITECTURE = "compute_70"

#: NumPy rounds a product before it adds: so do the kernels.
OPTIONS = ("--fmad=false", f"--gpu-architecture={ARCHITECTURE}")


def compile_kernels(text: str) -> str:
    """Return CUDA C as PTX.

    Raises:
        RuntimeError: NVRTC is not here, is another one, or refuses the source.
    """
    from cuda.bindings import nvrtc

    require_version(nvrtc)
    program = check(nvrtc.nvrtcCreateProgram(text.encode(), SOURCE.encode(), 0, None, None), "compiling kernels")
    options = [option.encode() for option in OPTIONS]
    status = nvrtc.nvrtcCompileProgram(program, len(options), options)
    if int(status[0]) != 0:
        log = bytearray(check(nvrtc.nvrtcGetProgramLogSize(program), "compiling kernels"))
        nvrtc.nvrtcGetProgramLog(program, log)
        raise RuntimeError(bytes(log).decode(errors="replace").strip())
    ptx = bytearray(check(nvrtc.nvrtcGetPTXSize(program), "compiling kernels"))
    check(nvrtc.nvrtcGetPTX(program, ptx), "compiling kernels")
    return _tidied(bytes(ptx).rstrip(b"\0").decode())


def require_version(nvrtc: Any) -> None:
    """Raise unless this is the NVRTC that writes what ships.

    Raises:
        RuntimeError: it is another one.
    """
    found = check(nvrtc.nvrtcVersion(), "asking NVRTC")
    if found != NVRTC:
        shown, wanted = (".".join(map(str, version)) for version in (found, NVRTC))
        raise RuntimeError(f"NVRTC {wanted} writes what ships, here is {shown}")


def _tidied(ptx: str) -> str:
    """Return PTX with a header that says where it is from, without the constants that NVRTC's own header leaves."""
    lines = [line for line in ptx.splitlines() if not line.startswith(("//", ".global")) and "// .globl" not in line]
    body = "\n".join(lines).strip()
    made = f"// by NVRTC {'.'.join(map(str, NVRTC))} with {' '.join(OPTIONS)}: python tools/search_kernels.py"
    return f"{MARK}{fingerprint()}\n{made}\n\n{body}\n"


if __name__ == "__main__":
    target = Path(__file__).resolve().parents[1] / "f2p_deploy" / "runtimes" / "tensorrt" / PTX
    target.write_text(compile_kernels(source()), encoding="utf-8")
    print(target)
