"""The doctor names what is wrong here and what follows from it."""

import importlib.metadata
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy
import pytest
from packaging.requirements import Requirement

from f2p_deploy import doctor
from f2p_deploy.doctor import Finding, diagnose, next_step
from f2p_deploy.model.bundle import load_bundle, replace_settings
from f2p_deploy.system.extras import command_name, install_line

if TYPE_CHECKING:
    from f2p_deploy.model.bundle import Bundle


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The recorded requirements of this package, which the test may change."""
    lines = ["numpy>=1.26", 'torch>=2.9; extra == "export"', 'pytest>=8; extra == "dev"']
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    return lines


def test_a_good_package_says_its_version_and_what_was_needed(record: list[str]) -> None:
    finding = by_name(diagnose())["numpy"]
    assert finding.status == "ok"
    assert finding.detail == f"{numpy.__version__} (needed >=1.26, from the base install)"
    assert "pytest" not in by_name(diagnose())


def test_a_version_too_old_is_wrong_and_stops_everything(record: list[str]) -> None:
    record[0] = "numpy>=99"
    findings = by_name(diagnose())
    assert findings["numpy"].status == "wrong"
    assert findings["numpy"].remedy == install_line(options="--upgrade")
    assert findings["run artifacts"] == Finding(
        "able to", "run artifacts", "absent", "no: numpy", install_line(options="--upgrade")
    )


def test_versions_are_not_compared_as_strings(record: list[str]) -> None:
    record[0] = "numpy>=1.9"
    assert by_name(diagnose())["numpy"].status == "ok"


def test_an_absent_extra_stops_what_needs_it_and_nothing_else(record: list[str]) -> None:
    record[1] = 'no-such-package>=1; extra == "export"'
    findings = by_name(diagnose())
    assert findings["no-such-package"].status == "absent"
    assert findings["export --target onnx"].detail == "no: no-such-package"
    assert findings["export --target onnx"].remedy == install_line("export")
    assert findings["train"].status == "ok"  # which needs nothing of that extra but PyTorch
    assert findings["run artifacts"].status == "ok"


@pytest.mark.parametrize("extra", ["edit", "batch", "serve"])
def test_an_ability_of_an_extra_of_its_own(record: list[str], extra: str) -> None:
    record[1] = f'no-such-package>=1; extra == "{extra}"'
    findings = by_name(diagnose())
    assert findings[extra].detail == "no: no-such-package" and findings[extra].remedy == install_line(extra)


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def requires(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "requires", requires)
    assert by_name(diagnose())["f2p-deploy"].remedy == install_line()


def test_a_damaged_demo_bundle_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, record: list[str]) -> None:
    monkeypatch.setattr("f2p_deploy.model.bundle.demo_bundle_path", lambda: tmp_path / "nothing")
    findings = by_name(diagnose())
    assert findings["demo bundle"].status == "wrong" and "bundle.json" in findings["demo bundle"].detail
    assert findings["export --target onnx"].detail == "no: demo bundle"


def test_a_bad_landmarker_file_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "face_landmarker.task"
    path.write_bytes(b"not a model")
    assert by_name(diagnose(landmarker=path))["face landmarker"].status == "wrong"
    assert by_name(diagnose(landmarker=tmp_path / "none"))["face landmarker"].status == "wrong"


def test_every_target_is_judged_by_its_own_compiler(monkeypatch: pytest.MonkeyPatch, record: list[str]) -> None:
    from f2p_deploy.export.tensorrt import tensorrt_flavors

    monkeypatch.setattr(tensorrt_flavors, "find_spec", lambda module: None)
    record[1] = 'numpy>=1; extra == "export"'
    findings = by_name(diagnose())
    assert findings["export --target onnx"].status == "ok" and findings["run onnx"].status == "ok"
    assert findings["export --target trt-fp16"].status == "absent"
    assert install_line("rtx") in findings["export --target trt-fp16"].detail


def test_files_that_are_there(landmarker: Path, makehuman_assets: Path) -> None:
    findings = by_name(diagnose(assets=makehuman_assets, landmarker=landmarker))
    assert findings["face landmarker"] == Finding("files", "face landmarker", "ok", str(landmarker))
    assert findings["reference engine's assets"] == Finding(
        "files", "reference engine's assets", "ok", str(makehuman_assets)
    )


@pytest.mark.skipif(not doctor.sys.platform.startswith("linux"), reason="only wheels for Linux leave libraries out")
def test_a_missing_system_library_says_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SYSTEM_LIBRARIES", {"numpy": {"libc.so.6": "libc6", "libno.so.9": "libno9"}})
    finding = by_name(diagnose())["libraries of numpy"]
    assert (finding.status, finding.detail) == ("wrong", "missing libno.so.9")
    assert finding.remedy == "Debian and Ubuntu: apt install libno9"


def test_every_requirement_of_pyproject_belongs_to_an_extra_or_the_base() -> None:
    assert doctor._extra_of(Requirement("numpy>=1.26")) == ""
    assert doctor._extra_of(Requirement('torch>=2.9; extra == "export"')) == "export"
    assert doctor._extra_of(Requirement('tensorrt>=10.0; extra == "trt"')) == "trt"


@pytest.mark.parametrize(
    ("missing", "able", "command"),
    [
        (("export", "faces"), {"run artifacts", "run PHOTO --artifact"}, f"{command_name()} run PHOTO --artifact DIR"),
        (("faces",), {"run artifacts", "run PHOTO, render", "train"}, f"{command_name()} run PHOTO"),
        ((), {"run artifacts", "run PHOTO --artifact", "run PHOTO, render", "demo", "train"}, f"{command_name()} demo"),
    ],
)
def test_the_next_command_follows_from_what_is_here(
    monkeypatch: pytest.MonkeyPatch, small_bundle: "Bundle", missing: tuple[str, ...], able: set[str], command: str
) -> None:
    """The base install is told what an artifact needs, not what a bundle needs."""
    monkeypatch.setattr("f2p_deploy.model.bundle.demo_bundle_path", lambda: small_bundle.path)
    findings = without(missing, monkeypatch)
    assert by_name(findings)["demo artifact"].status == "absent"
    assert able <= able_to(findings)
    assert next_step(findings).command == command


@pytest.mark.parametrize(
    ("missing", "able", "command"),
    [
        (("export", "faces"), {"run artifacts", "run PHOTO, render"}, f"{command_name()} run PHOTO"),
        (("export",), {"run artifacts", "run PHOTO --artifact", "run PHOTO, render", "demo"}, f"{command_name()} demo"),
    ],
)
def test_a_bundle_that_carries_its_artifact_needs_no_pytorch(
    monkeypatch: pytest.MonkeyPatch, carrying_bundle: "Bundle", missing: tuple[str, ...], able: set[str], command: str
) -> None:
    monkeypatch.setattr("f2p_deploy.model.bundle.demo_bundle_path", lambda: carrying_bundle.path)
    findings = without(missing, monkeypatch)
    assert by_name(findings)["demo artifact"].detail.startswith("for onnx, parity with PyTorch: passed")
    assert able_to(findings) & {"demo", *able} == able and "train" not in able_to(findings)
    assert next_step(findings).command == command


def test_an_artifact_of_another_state_of_the_bundle_is_wrong(
    monkeypatch: pytest.MonkeyPatch, carrying_bundle: "Bundle", tmp_path: Path, record: list[str]
) -> None:
    folder = shutil.copytree(carrying_bundle.path, tmp_path / "bundle")
    bundle = load_bundle(folder)
    replace_settings(bundle, replace(bundle.settings, default_lead=0.5))
    monkeypatch.setattr("f2p_deploy.model.bundle.demo_bundle_path", lambda: folder)
    finding = by_name(diagnose())["demo artifact"]
    assert finding.status == "wrong" and "before the bundle was changed" in finding.detail
    assert finding.remedy.startswith("python tools/demo_artifact.py")


def able_to(findings: list[Finding]) -> set[str]:
    """Names of what can be done here, exports apart."""
    judged = [finding for finding in findings if finding.area == "able to" and not finding.name.startswith("export")]
    return {finding.name for finding in judged if finding.status == "ok"}


def without(missing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    """Diagnose an installation that lacks extras."""
    here = {"export": 'torch>=2; extra == "export"', "faces": 'scikit-image>=0.2; extra == "faces"'}
    absent = {"export": 'no-torch>=2; extra == "export"', "faces": 'no-faces>=0.2; extra == "faces"'}
    lines = ["numpy>=1.26", *((absent if extra in missing else here)[extra] for extra in here)]
    monkeypatch.setattr(doctor, "requires", lambda name: lines)
    monkeypatch.setattr(doctor, "_pytorch", lambda packages: doctor._of(packages, "export"))
    monkeypatch.setattr(doctor, "SYSTEM_LIBRARIES", {})
    return diagnose()


def test_a_fault_is_mended_first(record: list[str]) -> None:
    record[0] = "numpy>=99"
    step = next_step(diagnose())
    assert (step.command, step.purpose) == (install_line(options="--upgrade"), "to mend numpy")
