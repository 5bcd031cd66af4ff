"""What this machine can do with f2p-deploy, and why not the rest."""

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from f2p_deploy.bundle import load_bundle
from f2p_deploy.dependencies import EXTRAS, missing_modules
from f2p_deploy.errors import F2PError

Status = Literal["ok", "absent", "wrong"]

#: Extras that no user's work needs.
DEVELOPMENT = ("dev",)


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        area: `machine`, `packages`, `files` or `able to`.
        name: what was looked at.
        status: `ok`, `absent` (fine until it is needed) or `wrong` (there, but it cannot be used).
        detail: what was found.
        remedy: what to do about it; empty if nothing needs doing.
    """

    area: str
    name: str
    status: Status
    detail: str
    remedy: str = ""


def diagnose(assets: Path | None = None, landmarker: Path | None = None) -> list[Finding]:
    """Look at this machine. Nothing is installed, downloaded or changed.

    Args:
        assets: the reference engine's assets, if named.
        landmarker: MediaPipe's model file, if named.
    """
    packages = list(_packages())
    files = [_bundle(), _landmarker(landmarker), _assets(assets)]
    return [*_machine(), *packages, *files, *_abilities(packages, files)]


def _machine() -> Iterator[Finding]:
    yield Finding("machine", "Python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Finding("machine", "platform", "ok", f"{platform.system()} {platform.machine()}")
    yield Finding("machine", "cores", "ok", str(os.cpu_count()))


def _packages() -> Iterator[Finding]:
    """Compare what pip's record of this package asks for with what is installed."""
    try:
        lines = requires("f2p-deploy") or []
    except PackageNotFoundError:
        yield Finding("packages", "f2p-deploy", "wrong", "not installed, only on the path", "pip install -e .")
        return
    for requirement in map(Requirement, lines):
        extra = _extra_of(requirement)
        if extra in DEVELOPMENT:
            continue
        name, needed = requirement.name, str(requirement.specifier) or "any version"
        source = f"the extra {extra}" if extra else "the base install"
        remedy = f"pip install 'f2p-deploy[{extra}]'" if extra else "pip install f2p-deploy"
        try:
            found = version(name)
        except PackageNotFoundError:
            yield Finding("packages", name, "absent" if extra else "wrong", f"needed {needed}, from {source}", remedy)
            continue
        if requirement.specifier.contains(found, prereleases=True):
            yield Finding("packages", name, "ok", f"{found} (needed {needed}, from {source})")
        else:
            yield Finding("packages", name, "wrong", f"{found}, needed {needed}, from {source}", f"{remedy} --upgrade")


def _extra_of(requirement: Requirement) -> str:
    """Return the extra whose marker turns a requirement on; empty for the base install."""
    if requirement.marker is None:
        return ""
    return next((extra for extra in EXTRAS if requirement.marker.evaluate({"extra": extra})), "")


def _bundle() -> Finding:
    try:
        bundle = load_bundle()
    except F2PError as error:
        return Finding("files", "demo bundle", "wrong", str(error), "pip install --force-reinstall f2p-deploy")
    missing = {"imitator", "recognition", "segmentation", "translator"} - set(bundle.networks)
    if missing:
        return Finding("files", "demo bundle", "wrong", f"has no {', '.join(sorted(missing))}", "f2p-deploy train all")
    size = sum(entry.bytes for entry in bundle.stored.values())
    return Finding("files", "demo bundle", "ok", f"{bundle.schema.name}, {size / 1e6:.1f} MB, every SHA-256 as written")


def _landmarker(named: Path | None) -> Finding:
    from f2p_deploy.alignment.landmarker_model import LANDMARKER_VARIABLE, find_landmarker_model

    try:
        path = find_landmarker_model(named)
    except F2PError as error:
        return Finding("files", "face landmarker", "wrong", str(error))
    if path is None:
        detail = "not found; photos are aligned with the built-in finder, which is less precise"
        return Finding("files", "face landmarker", "absent", detail, f"--landmarker FILE, or set {LANDMARKER_VARIABLE}")
    return Finding("files", "face landmarker", "ok", str(path))


def _assets(named: Path | None) -> Finding:
    from f2p_deploy.engine.makehuman_assets import find_assets

    try:
        path = find_assets(named)
    except F2PError as error:
        return Finding("files", "reference engine's assets", "absent", str(error))
    return Finding("files", "reference engine's assets", "ok", str(path))


def _abilities(packages: list[Finding], files: list[Finding]) -> Iterator[Finding]:
    """Say what follows for the commands."""
    wrong = [finding for finding in packages if finding.status == "wrong"]
    bundle, _, assets = files
    yield _ability("run artifacts", (), [*wrong])
    yield _ability("run photos", ("export", "faces"), [bundle])
    yield _ability("export --target onnx", ("export",), [bundle])
    yield _ability("train", ("export",), [])
    yield _ability("engine render", ("engine",), [assets])


def _ability(name: str, extras: tuple[str, ...], needed: list[Finding]) -> Finding:
    """Judge one command by the extras and findings that it cannot do without."""
    lacking = [extra for extra in extras if missing_modules(extra)]
    blocking = [finding.name for finding in needed if finding.status != "ok"]
    if not lacking and not blocking:
        return Finding("able to", name, "ok", "yes")
    modules = [module for extra in lacking for module in missing_modules(extra)]
    remedy = f"pip install 'f2p-deploy[{','.join(lacking)}]'" if lacking else ""
    return Finding("able to", name, "absent", f"no: {', '.join([*modules, *blocking])}", remedy)
