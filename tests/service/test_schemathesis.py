"""The service beside its OpenAPI document: Schemathesis asks what it allows and forbids, and judges the answers.

bench/serve/schemathesis_run.py does the same ten thousand times with the networks.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from f2p_deploy.service.tokens import read_tokens

WORDS = (
    *("--phases", "examples,fuzzing", "--continue-on-failure", "--no-color", "--generation-deterministic"),
    *("--exclude-checks", "positive_data_acceptance", "--request-timeout", "60"),
    *("--max-examples", "30"),
)


@pytest.mark.parametrize("secured", [False, True])
def test_the_service_answers_as_its_document_says(serve_timed, tmp_path: Path, secured: bool) -> None:
    pytest.importorskip("schemathesis")
    tokens, header = None, []
    if secured:
        (tmp_path / "tokens").write_text("0123456789abcdef\n")
        tokens, header = read_tokens(tmp_path / "tokens"), ["--header", "Authorization: Bearer 0123456789abcdef"]
    with serve_timed(tokens) as address:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", *WORDS, *header]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0 and "cases:" in done.stdout, done.stdout + done.stderr
