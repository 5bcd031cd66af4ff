"""A diagnosis of this machine: which commands can run, and why others cannot."""

import ctypes
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from f2p_deploy.export.targets.ability import judge_targets
from f2p_deploy.model.bundle import load_bundle
from f2p_deploy.system.cuda_devices import cuda_devices
from f2p_deploy.system.errors import F2PError
from f2p_deploy.system.extras import EXTRAS, command_name, install_line, source_tree
from f2p_deploy.system.threads import usable_cores

Status = Literal["ok", "absent", "wrong"]

#: System libraries that a module's wheel needs but does not contain, with the Debian package of each.
SYSTEM_LIBRARIES = {
    "mediapipe": {"libEGL.so.1": "libegl1", "libGLESv2.so.2": "libgles2"},
    "cv2": {
        "libGL.so.1": "libgl1",
        "libgthread-2.0.so.0": "libglib2.0-0",
        "libSM.so.6": "libsm6",
        "libXext.so.6": "libxext6",
        "libxcb.so.1": "libxcb1",
    },
}

#: Commands that create characters: the first two from an artifact, the others from the demo bundle or its artifact.
ARTIFACTS = "run artifacts"
ARTIFACT_PHOTOS = "run PHOTO --artifact"
BUNDLE_PHOTOS = "run PHOTO, render"
DEMO = "demo"

#: The command that makes the demo bundle's artifact in a clone.
MAKE_ARTIFACT = "python tools/demo_artifact.py"

#: Extras for developers only; they are not reported.
DEVELOPMENT = ("dev",)


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Args:
        area: `machine`, `packages`, `files` or `able to`.
        name: the examined part or command.
        status: `ok`, `absent` (only a problem if it is needed) or `wrong` (present but unusable).
        detail: the facts found.
        remedy: the command or instruction that mends it; empty if there is nothing to do.
    """

    area: str
    name: str
    status: Status
    detail: str
    remedy: str = ""


@dataclass(frozen=True)
class NextStep:
    """The next command to type.

    Args:
        command: the command line.
        purpose: its purpose, as the end of "next, ...".
    """

    command: str
    purpose: str


def diagnose(assets: Path | None = None, landmarker: Path | None = None) -> list[Finding]:
    """Examine this machine without installing, downloading or changing anything.

    Args:
        assets: folder of the reference engine's assets; None to look in the usual places.
        landmarker: MediaPipe's model file; None to look in the usual places.
    """
    packages = list(_packages())
    bundle, artifact, engine_assets = _bundle(), _artifact(), _assets(assets)
    runners = [*_pytorch(packages), bundle]
    if artifact.status == "ok" and any(finding.status != "ok" for finding in runners):
        runners = [artifact]
    return [
        *_machine(),
        *(finding for _, finding in packages),
        *_system_libraries(),
        bundle,
        artifact,
        _landmarker(landmarker),
        engine_assets,
        _ability(ARTIFACTS, _of(packages, "")),
        _ability(ARTIFACT_PHOTOS, _of(packages, "")),
        _ability(BUNDLE_PHOTOS, [*_of(packages, ""), *runners]),
        _ability(DEMO, [*_of(packages, "", "faces"), *runners]),
        _ability("edit", [*_of(packages, "", "edit"), *runners]),
        _ability("batch", [*_of(packages, "", "batch"), *runners]),
        _ability("serve", [*_of(packages, "", "serve"), *runners]),
        *_exports(packages, bundle),
        _ability("train", [*_of(packages, ""), *_pytorch(packages)]),
        _ability("engine render", [*_of(packages, "", "engine"), engine_assets]),
    ]


def next_step(findings: Iterable[Finding]) -> NextStep:
    """Return the next step: mend a fault, else create a character.

    Args:
        findings: from `diagnose`.
    """
    findings = list(findings)
    fault = next((f for f in findings if f.status == "wrong" and f.remedy), None)
    if fault is not None:
        return NextStep(fault.remedy, f"to mend {fault.name}")
    able = {finding.name: finding.status == "ok" for finding in findings if finding.area == "able to"}
    if not able[BUNDLE_PHOTOS]:
        return NextStep(
            f"{command_name()} run PHOTO --artifact DIR", "to make a character with an exported artifact"
        )
    if not able[DEMO]:
        return NextStep(f"{command_name()} run PHOTO", "to make a character")
    return NextStep(f"{command_name()} demo", "to see a photo become a character")


def _machine() -> Iterator[Finding]:
    yield Finding("machine", "Python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield Finding("machine", "platform", "ok", f"{platform.system()} {platform.machine()}")
    yield Finding("machine", "cores", "ok", f"{usable_cores()} of {os.cpu_count()} for this process")
    cards = ", ".join(f"{card.name} (compute capability {card.compute_capability})" for card in cuda_devices())
    yield Finding("machine", "NVIDIA cards", "ok" if cards else "absent", cards or "the driver reports none")


def _packages() -> Iterator[tuple[str, Finding]]:
    """Compare this package's recorded requirements with the installed packages; yield (extra, finding)."""
    try:
        lines = requires("f2p-deploy") or []
    except PackageNotFoundError:
        yield "", Finding("packages", "f2p-deploy", "wrong", "on the path, but not installed", install_line())
        return
    for requirement in map(Requirement, lines):
        extra = _extra_of(requirement)
        if extra not in DEVELOPMENT:
            yield extra, _package(requirement, extra)


def _package(requirement: Requirement, extra: str) -> Finding:
    name = requirement.name
    needed = f"needed {requirement.specifier}, from {f'the extra {extra}' if extra else 'the base install'}"
    extras = (extra,) if extra else ()
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding("packages", name, "absent" if extra else "wrong", needed, install_line(*extras))
    if not requirement.specifier.contains(found, prereleases=True):
        return Finding("packages", name, "wrong", f"{found}, {needed}", install_line(*extras, options="--upgrade"))
    return Finding("packages", name, "ok", f"{found} ({needed})")


def _extra_of(requirement: Requirement) -> str:
    """Return the extra that a requirement belongs to; empty for the base install."""
    if requirement.marker is None:
        return ""
    return next((extra for extra in EXTRAS if requirement.marker.evaluate({"extra": extra})), "")


def _system_libraries() -> Iterator[Finding]:
    """Try to load the shared libraries that Linux wheels expect from the system."""
    if not sys.platform.startswith("linux"):
        return
    for module, libraries in SYSTEM_LIBRARIES.items():
        if find_spec(module) is None:
            continue
        lacking = [library for library in libraries if not _loads(library)]
        if lacking:
            remedy = f"Debian and Ubuntu: apt install {' '.join(libraries[library] for library in lacking)}"
            yield Finding("packages", f"libraries of {module}", "wrong", f"missing {', '.join(lacking)}", remedy)
        else:
            yield Finding("packages", f"libraries of {module}", "ok", ", ".join(libraries))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _bundle() -> Finding:
    try:
        bundle = load_bundle()
    except F2PError as error:
        return Finding("files", "demo bundle", "wrong", str(error), _restore())
    missing = {"imitator", "recognition", "segmentation", "translator"} - set(bundle.networks)
    if missing:
        return Finding("files", "demo bundle", "wrong", f"has no {', '.join(sorted(missing))}", "f2p-deploy train all")
    size = sum(entry.bytes for entry in bundle.stored.values())
    return Finding("files", "demo bundle", "ok", f"{bundle.schema.name}, {size / 1e6:.1f} MB, every SHA-256 as written")


def _artifact() -> Finding:
    """Check the demo bundle's artifact, which runs on machines without PyTorch."""
    from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact

    name = "demo artifact"
    try:
        bundle = load_bundle()
    except F2PError:
        return Finding("files", name, "absent", "useless without the demo bundle")
    if not has_artifact(bundle):
        return Finding("files", name, "absent", "not in this checkout, so the demo bundle needs PyTorch")
    try:
        manifest = artifact_of(bundle).manifest
    except F2PError as error:
        remedy = _restore() if source_tree() is None else f"{MAKE_ARTIFACT} (needs the extras export and faces)"
        return Finding("files", name, "wrong", str(error), remedy)
    return Finding("files", name, "ok", f"for {manifest.target}, {manifest.parity_sentence()}")


def _restore() -> str:
    """Return the command that restores the package's files."""
    clone = source_tree()
    if clone is None:
        return install_line(options="--force-reinstall --no-deps")
    return f"git -C {shlex.quote(str(clone))} checkout -- f2p_deploy/bundles/demo"


def _landmarker(named: Path | None) -> Finding:
    from f2p_deploy.alignment.landmarker_model import LANDMARKER_VARIABLE, find_landmarker_model

    try:
        path = find_landmarker_model(named)
    except F2PError as error:
        return Finding("files", "face landmarker", "wrong", str(error))
    if path is None:
        detail = "not found; photos are aligned with the built-in finder, which is somewhat less exact"
        remedy = f"f2p-deploy landmarker downloads it; a copy: --landmarker FILE, or {LANDMARKER_VARIABLE}"
        return Finding("files", "face landmarker", "absent", detail, remedy)
    return Finding("files", "face landmarker", "ok", str(path))


def _assets(named: Path | None) -> Finding:
    from f2p_deploy.engine.makehuman.assets import find_assets

    try:
        path = find_assets(named)
    except F2PError as error:
        return Finding("files", "reference engine's assets", "absent", str(error))
    return Finding("files", "reference engine's assets", "ok", str(path))


def _of(packages: list[tuple[str, Finding]], *extras: str) -> list[Finding]:
    """Return the findings of the packages of some extras; the empty name is the base install."""
    return [finding for extra, finding in packages if extra in extras]


def _pytorch(packages: list[tuple[str, Finding]]) -> list[Finding]:
    """Return the finding of PyTorch, which bundles need; it is part of the extra `export`."""
    return [finding for finding in _of(packages, "export") if finding.name == "torch"]


def _ability(name: str, needed: list[Finding]) -> Finding:
    """Return whether a command can run, from the findings of its required packages and files."""
    blocking = [finding for finding in needed if finding.status != "ok"]
    if not blocking:
        return Finding("able to", name, "ok", "yes")
    remedies = dict.fromkeys(finding.remedy for finding in blocking if finding.remedy)
    return Finding("able to", name, "absent", f"no: {', '.join(f.name for f in blocking)}", "; ".join(remedies))


def _exports(packages: list[tuple[str, Finding]], bundle: Finding) -> Iterator[Finding]:
    """Yield, for every target, whether it can be exported with the sample photo, and whether its files can run here."""
    told: dict[str, str] = {}
    for ability in judge_targets():
        name = f"export --target {ability.target.name}"
        finding = _ability(name, [*_of(packages, "", "export", "faces"), bundle])
        if finding.status == "ok" and not ability.builds:
            finding = Finding("able to", name, "absent", f"no: {_once(ability.why_not_built, name, told)}")
        yield finding
        runs = "yes" if ability.runs else f"no: {_once(ability.why_not_run, f'run {ability.target.name}', told)}"
        yield Finding("able to", f"run {ability.target.name}", "ok" if ability.runs else "absent", runs)


def _once(reason: str, name: str, told: dict[str, str]) -> str:
    """Return a reason, or the name of the command for which it was told before."""
    first = told.setdefault(reason, name)
    return reason if first == name else f"as for {first}"
