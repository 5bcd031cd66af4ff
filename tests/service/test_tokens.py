"""Tokens: files, headers, loopback."""

from pathlib import Path

import pytest

from f2p_deploy.service.tokens import is_loopback, knows, read_tokens
from f2p_deploy.system.errors import InputError

TOKENS = ("0123456789abcdef", "fedcba9876543210-")


def test_any_token_of_the_file_opens_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.write_text(f"# studio\n{TOKENS[0]}\n\n  {TOKENS[1]}  \n")
    hashes = read_tokens(file)
    assert len(hashes) == 2
    assert all(knows(f"{scheme} {token}", hashes) for token in TOKENS for scheme in ("Bearer", "bearer"))
    wrong = ["", "Bearer", "Bearer ", TOKENS[0], f"Basic {TOKENS[0]}", f"Bearer {TOKENS[0]}x", "Bearer # studio"]
    assert not any(knows(header, hashes) for header in (*wrong, "Bearer \udcff"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no token"),
        (b"# nothing\n", "holds no token"),
        (b"0123456789abcdef\nshort\n", "line 2: a token has at least 16"),
        (b"0123456789 abcdef\n", "line 1: a token has at least 16 characters and no spaces"),
        ("ä".encode() * 20, "not ASCII"),
    ],
)
def test_a_file_without_usable_tokens_is_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "tokens"
    file.write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_tokens(file)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the tokens in .*No such file"):
        read_tokens(tmp_path / "none")


def test_loopback_is_this_machine_only() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "localhost.example.com", "", "127.0.0.1.nip.io")))
