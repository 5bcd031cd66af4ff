"""The command `f2p-deploy serve`: its address, its log, its end, and what it refuses before it listens."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest


def test_it_answers_and_sigterm_ends_it(tmp_path: Path, portrait: bytes) -> None:
    command = [sys.executable, "-m", "f2p_deploy", "serve", "--port", "0", "--offline", "--json"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            lines = ""
            while "}" not in lines:
                lines += process.stdout.readline()
            address = json.loads(lines)["address"]
            for _ in range(600):
                try:
                    if httpx.get(f"{address}/readyz").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                time.sleep(0.1)
            form = {"data": {"mode": "one-shot"}, "files": {"photo": ("secret.png", portrait)}}
            answer = httpx.post(f"{address}/v1/characters", **form, timeout=30)
            assert answer.status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 143
        finally:
            process.kill()
    text = (tmp_path / "log").read_text()
    assert "secret" not in text
    *records, last = text.splitlines()
    events = [json.loads(line) for line in records]
    assert last == "error: stopped by SIGTERM"
    assert "ready" in [event["event"] for event in events]
    (asked,) = [event for event in events if event.get("route") == "/v1/characters"]
    assert asked["id"] == answer.json()["id"] and asked["status"] == 200


def test_beyond_this_machine_it_wants_tokens(f2p: Callable) -> None:
    ran = f2p("serve", "--host", "0.0.0.0")
    assert ran.code == 2 and "on 0.0.0.0 others could reach the service: give --tokens FILE" in ran.err


def test_bad_tokens_and_hosts_are_one_sentence(f2p: Callable, tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("0123456789abcdef\n")
    for words, sentence in (
        (("--tokens", tmp_path / "none"), "cannot read the tokens"),
        (("--landmarker", tmp_path / "none"), "none is not a file"),
        (("--artifact", tmp_path, "--bundle", tmp_path, "--port", "0"), "either --bundle or --artifact, not both"),
        (("--host", "no.such.host.invalid", "--tokens", tokens), "cannot listen on no.such.host.invalid"),
    ):
        ran = f2p("serve", *words)
        assert ran.code == 2 and sentence in ran.err and ran.out == ""


def test_an_artifact_that_is_not_there_ends_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "f2p_deploy", "serve", "--port", "0", "--artifact", str(tmp_path / "none")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env={**os.environ, "COLUMNS": "200"})
    assert ended.returncode == 2 and ended.stdout == "", "no address is printed at which nothing answers"
    assert ended.stderr.startswith("error: ") and ended.stderr.count("\n") == 1 and "none" in ended.stderr


def test_on_ray_the_same_rules_hold(f2p: Callable, tmp_path: Path) -> None:
    ran = f2p("serve", "--replicas", "2")
    assert ran.code == 2 and "belong to --ray" in ran.err
    pytest.importorskip("ray")
    for words, sentence in (
        (("--host", "0.0.0.0"), "on 0.0.0.0 others could reach the service: give --tokens FILE"),
        (("--host", "0.0.0.0", "--write-config", tmp_path / "f.yaml"), "others could reach the service"),
        (("--drain", "5"), "--drain goes without --ray"),
        (("--replicas", "4-2"), "the smaller number first"),
        (("--landmarker", "x", "--offline"), "leave out landmarker"),
        (("--artifact", tmp_path / "none"), "none"),
        (("--runtime", "abacus", "--write-config", tmp_path / "f.yaml"), "no runtime named 'abacus'"),
    ):
        ran = f2p("serve", "--ray", *words)
        assert ran.code == 2 and sentence in ran.err
    assert list(tmp_path.iterdir()) == []


def test_the_file_for_serve_deploy(f2p: Callable, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    import yaml

    path, tokens = tmp_path / "f.yaml", tmp_path / "tokens"
    tokens.write_text("0123456789abcdef\n")
    ran = f2p("serve", "--ray", "--host", "0.0.0.0", "--tokens", tokens, "--replicas", "1-4", "--write-config", path)
    assert ran.code == 0 and ran.out.startswith("serve deploy ")
    content = yaml.safe_load(path.read_text())
    assert content["applications"][0]["args"] == {"tokens": str(tokens)}
    assert "0123456789abcdef" not in path.read_text()


def test_on_ray_it_answers_and_sigterm_ends_it(tmp_path: Path, portrait: bytes) -> None:
    pytest.importorskip("ray")
    command = [sys.executable, "-m", "f2p_deploy", "serve", "--ray", "--port", "0", "--offline", "--json"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            lines = ""
            while "}" not in lines and process.poll() is None:
                lines += process.stdout.readline()
            address = json.loads(lines)["address"]
            form = {"data": {"mode": "one-shot"}, "files": {"photo": ("secret.png", portrait)}}
            assert httpx.post(f"{address}/v1/characters", **form, timeout=60).status_code == 200
            for headers in ({"host": "elsewhere.example"}, {"x-forwarded-for": "203.0.113.9"}):
                refused = httpx.get(f"{address}/readyz", headers=headers)
                assert refused.status_code == 403 and refused.json()["code"] == "foreign-host"
            process.send_signal(signal.SIGTERM)
            assert process.wait(90) == 143
        finally:
            process.kill()
    text = (tmp_path / "log").read_text()
    assert "secret" not in text and "Traceback" not in text and text.endswith("error: stopped by SIGTERM\n")
