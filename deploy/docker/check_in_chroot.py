"""Build the image's steps in a chroot and run the service there as the container would: where there is no Docker.

    sudo python deploy/docker/check_in_chroot.py PHOTO [--mirror URL] [--copy FILE]

Debian's debootstrap makes the base (bookworm with Python 3.11) instead of the official image; then the steps of the
Dockerfile are executed one by one. The service runs as the Dockerfile's user in a root file system that is mounted
read-only, with an empty /tmp; it answers a photo with a token, refuses one without, and ends on SIGTERM.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "0123456789abcdef0123456789abcdef"
PACKAGES = "python3,python3-venv,ca-certificates"


def main() -> None:
    """Build, run, ask, and end in a mount namespace, and remove everything outside of it, where nothing is mounted."""
    words = _words()
    if words.inside is not None:
        return inside(words, words.inside)
    work = Path(tempfile.mkdtemp(prefix="f2p-image-"))
    try:
        isolated = ["unshare", "--mount", "--propagation", "private", sys.executable, __file__, *sys.argv[1:]]
        sys.exit(subprocess.run([*isolated, "--inside", str(work / "root")]).returncode)
    finally:
        if any(str(work) in line for line in Path("/proc/self/mountinfo").read_text().splitlines()):
            print(f"something is mounted below {work}: it is left there", file=sys.stderr)
        else:
            shutil.rmtree(work)


def inside(words: argparse.Namespace, root: Path) -> None:
    """Build and check in a folder; every mount ends with this process's namespace."""
    base = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root), words.mirror]
    subprocess.run(base, check=True)
    subprocess.run(["mount", "-t", "proc", "proc", str(root / "proc")], check=True)
    for file in ("/etc/resolv.conf", *words.copy):
        shutil.copy(file, root / file.lstrip("/"))
    environment, user, entry = build(root, (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8"))
    size = subprocess.run(["du", "-sxm", str(root)], capture_output=True, text=True, check=True).stdout
    print(f"the file system has {size.split()[0]} MB")
    check(root, environment, user, entry, words.photo)


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile with their arguments."""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest.strip()


def build(root: Path, text: str) -> tuple[dict[str, str], str, list[str]]:
    """Execute a Dockerfile's steps; return its environment, its user and its entry point."""
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"}
    user, entry = "0", []
    for name, rest in steps(text):
        print(f"{name} {rest}", flush=True)
        if name == "COPY":
            *sources, target = rest.split()
            place = root / target.lstrip("/")
            for source in sources:
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    place.mkdir(parents=True, exist_ok=True)
                    shutil.copy(ROOT / source, place)
        elif name == "RUN":
            subprocess.run(["chroot", str(root), "/bin/sh", "-c", rest], env=environment, check=True)
        elif name == "ENV":
            for word in shlex.split(rest):
                key, _, value = word.partition("=")
                environment[key] = value.replace("$PATH", environment["PATH"])
        elif name == "USER":
            user = rest
        elif name == "ENTRYPOINT":
            entry = json.loads(rest)
        elif name not in ("FROM", "EXPOSE", "HEALTHCHECK"):
            raise SystemExit(f"this script does not know {name}")
    return environment, user, entry


def check(root: Path, environment: dict[str, str], user: str, entry: list[str], photo: Path) -> None:
    """Run the service read-only and as its user, ask it, and end it."""
    secrets = root / "run/secrets"
    secrets.mkdir(parents=True)
    (secrets / "tokens").write_text(TOKEN + "\n")
    subprocess.run(["mount", "--bind", str(root), str(root)], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", str(root)], check=True)
    for kind, folder in (("proc", "proc"), ("tmpfs", "tmp")):  # the bind mount hides the mounts below
        subprocess.run(["mount", "-t", kind, kind, str(root / folder)], check=True)
    command = ["chroot", f"--userspec={user}:{user}", str(root), *entry, "--port", "8765"]
    process = subprocess.Popen(command, env=environment)
    try:
        for _ in range(600):
            if status("readyz") == 200:
                break
            if process.poll() is not None:
                raise SystemExit(f"it ended with {process.returncode}")
            time.sleep(0.2)
        boundary = "f2p"
        body = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="photo"; filename="p"\r\n\r\n'.encode()
            + photo.read_bytes()
            + f"\r\n--{boundary}--\r\n".encode()
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        assert status("v1/characters", body, kind) == 401, "it answered without a token"
        assert status("v1/characters", body, kind | {"Authorization": f"Bearer {TOKEN}"}) == 200
        assert status("metrics", headers={"Authorization": f"Bearer {TOKEN}"}) == 200
        (owner,) = set(Path(f"/proc/{process.pid}/status").read_text().split("Uid:")[1].splitlines()[0].split())
        assert owner == user, f"it runs as {owner}"
        process.send_signal(signal.SIGTERM)
        print(f"answered as user {owner}, read-only; SIGTERM ended it with {process.wait(90)}")
    finally:
        process.kill()
        process.wait()


def status(path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> int:
    """Return the status of an answer; 0 for none."""
    request = urllib.request.Request(f"http://127.0.0.1:8765/{path}", body, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--mirror", default="http://deb.debian.org/debian", help="of Debian")
    parser.add_argument("--copy", action="append", default=[], help="a file of this machine that pip needs")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        sys.exit("needs root and debootstrap (apt install debootstrap)")
    return words


if __name__ == "__main__":
    main()
