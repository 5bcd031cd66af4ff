"""The script of ExecuTorch's converter; `tests/runtimes/test_executorch_runtime.py` runs what it writes."""

import subprocess
import sys
from pathlib import Path

from f2p_deploy.export.converters import converter_script

SCRIPT = Path(converter_script.__file__).with_name("executorch_script.py")


def test_a_file_that_is_missing_is_refused_in_a_line(tmp_path: Path) -> None:
    words = ["convert", str(tmp_path / "out.pte"), f"render={tmp_path / 'none.pt2'}"]
    ran = subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 1 and "\nrefused: " in f"\n{ran.stderr}"
    assert not (tmp_path / "out.pte").exists()
