"""The generators beside this file are modules of their own: bench/ runs them, too."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
