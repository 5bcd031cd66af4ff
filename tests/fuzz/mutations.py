"""Generic damage to files: bytes, text, and JSON values; the same seed gives the same damage."""

import json
import random
import re
from typing import Any

#: Numbers of bytes in binary files that often are lengths, offsets or signs.
_WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\0\0\xc0\x7f", b"\0\0\x80\x7f")

#: What may stand where a value stood.
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63) - 1, 10**40, 0.5, -0.0, 1e308, 1e-320, float("nan"),
    float("inf"), float("-inf"), "", " ", "0.5", "nan", "\0", "\ud800", "é" * 300, "../../x", "/", "C:\\x", "\n",
    "'\"", "{}", [], {}, [[]], [None], {"": ""}, {"a": {"a": {}}}, [0.5] * 50, "0" * 64,
)  # fmt: skip


def damage_bytes(content: bytes, choice: random.Random) -> bytes:
    """Return content with one to three bits, bytes or stretches changed, removed, repeated or put in."""
    changed = bytearray(content)
    for _ in range(choice.choice((1, 1, 1, 2, 3))):
        if not changed:
            return choice.randbytes(choice.randrange(40))
        place = choice.randrange(len(changed))
        if choice.random() < 0.4:  # headers are at the start
            place = min(place, choice.randrange(64))
        stretch = choice.choice((1, 1, 2, 4, 8, 100))
        kind = choice.randrange(7)
        if kind == 0:
            changed[place] ^= 1 << choice.randrange(8)
        elif kind == 1:
            changed[place] = choice.randrange(256)
        elif kind == 2:
            del changed[place:]
        elif kind == 3:
            del changed[place : place + stretch]
        elif kind == 4:
            changed[place:place] = changed[place : place + stretch] * choice.choice((1, 3))
        elif kind == 5:
            changed[place : place + 4] = choice.choice(_WORDS)
        else:
            changed[place:place] = choice.randbytes(stretch)
    return bytes(changed)


def damage_text(content: bytes, choice: random.Random) -> bytes:
    """Return text with a word, number or line changed, removed, repeated or exchanged; now and then its bytes."""
    if choice.random() < 0.25:
        return damage_bytes(content, choice)
    text = content.decode("utf-8", "replace")
    lines = text.split("\n")
    kind = choice.randrange(5)
    if kind == 0 and len(lines) > 1:
        a, b = (choice.randrange(len(lines)) for _ in range(2))
        lines[a], lines[b] = lines[b], lines[a]
    elif kind == 1:
        lines.insert(choice.randrange(len(lines)), choice.choice(lines))
    elif kind == 2:
        del lines[choice.randrange(len(lines))]
    else:
        parts = re.split(r"([\w.+-]+|[^\w\s])", "\n".join(lines))
        place = choice.randrange(len(parts))
        odd = choice.choice(ODD_VALUES)
        parts[place] = odd if isinstance(odd, str) else json.dumps(odd)
        lines = ["".join(parts)]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def damage_json(content: bytes, choice: random.Random) -> bytes:
    """Return a JSON document with one or two values, names or entries changed; now and then its text."""
    if choice.random() < 0.2:
        return damage_text(content, choice)
    if choice.random() < 0.03:
        return content.replace(b":", b":" + b"[" * 60_000, 1)
    data = json.loads(content)
    for _ in range(choice.choice((1, 1, 2))):
        places = [place for place in _places(data, 40, choice) if place]
        if not places:
            return json.dumps(choice.choice(ODD_VALUES)).encode()
        parent, key = choice.choice(places)
        kind = choice.randrange(4)
        if kind == 0:
            del parent[key]
        elif kind == 1 and isinstance(parent, dict):
            parent[choice.choice(("", "x", "\ud800", str(key).upper(), f"{key} "))] = parent.pop(key)
        elif kind == 2 and isinstance(parent, list):
            parent.insert(0, parent[key])
        else:
            parent[key] = json.loads(json.dumps(choice.choice(ODD_VALUES)))
    return json.dumps(data, indent=choice.choice((None, 2))).encode()


def _places(data: Any, most: int, choice: random.Random) -> list[tuple[Any, Any]]:
    """Return containers and keys of a document: all of the first level, and some of every further one."""
    found, waiting = [], [data]
    while waiting:
        parent = waiting.pop(0)
        keys: list[Any] = list(parent) if isinstance(parent, dict) else []
        if isinstance(parent, list):
            keys = list(range(len(parent)))
        for key in keys if parent is data else choice.sample(keys, min(len(keys), most)):
            found.append((parent, key))
            waiting.append(parent[key])
    return found
