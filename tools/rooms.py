"""Write the list of packages into CONTRIBUTING.md: the layers of pyproject.toml, each with its docstring's first line.

    python tools/rooms.py
"""

import ast
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- rooms: python tools/rooms.py -->\n", "<!-- end of rooms -->\n"


def rooms() -> str:
    """Return the list: one line per room, from the top layer to the bottom one."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (contract,) = [one for one in settings["contracts"] if one["type"] == "layers"]
    lines = []
    for layer in contract["layers"]:
        names = layer.split(" | ")
        lines += [f"    {name:<12} {_first_line(name)}" for name in names]
        lines.append("")
    return "\n" + "\n".join(lines[:-1]) + "\n\n"


def _first_line(room: str) -> str:
    path = ROOT / "f2p_deploy" / room / "__init__.py"
    path = path if path.is_file() else ROOT / "f2p_deploy" / f"{room}.py"
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def with_rooms(page: str) -> str:
    """Return a page with the list between its markers."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + rooms() + END + rest.partition(END)[2]


if __name__ == "__main__":
    path = ROOT / "CONTRIBUTING.md"
    path.write_text(with_rooms(path.read_text(encoding="utf-8")), encoding="utf-8")
