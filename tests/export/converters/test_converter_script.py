"""The line between this package and a converter's Python: answers and refusals as lines of text."""

import subprocess
import sys
from pathlib import Path

from f2p_deploy.export.converters import converter_script

FOLDER = Path(converter_script.__file__).parent


def run(code: str, *words: str) -> "subprocess.CompletedProcess[str]":
    begin = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import converter_script; "
    command = [sys.executable, "-c", begin + code, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_versions_and_answers_are_json() -> None:
    import numpy

    told = run("converter_script.main(('numpy',), lambda words: {})", "versions")
    assert told.stdout.strip() == f'answer: {{"numpy": "{numpy.__version__}"}}'
    answered = run("converter_script.main((), lambda words: {'words': words})", "convert", "a", "--int8")
    assert answered.stdout.strip() == 'answer: {"words": ["a", "--int8"]}'


def test_a_refusal_is_the_first_line_of_its_message() -> None:
    refused = run("converter_script.main((), lambda words: int('\\n  no number\\nmore'))", "convert")
    assert refused.returncode == 1
    assert refused.stderr.startswith("refused: ValueError: invalid literal")
    missing = run("converter_script.main(('no-such-package',), lambda words: {})", "versions")
    assert "refused: PackageNotFoundError" in missing.stderr


def test_scripts_import_nothing_of_this_package() -> None:
    for script in FOLDER.glob("*_script.py"):
        assert "f2p_deploy" not in script.read_text(), script
