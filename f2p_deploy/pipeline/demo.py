"""The demo: the sample photo becomes a character in three modes, and the demo bundle an ONNX artifact.

Without PyTorch the artifact that the bundle carries makes the characters, and nothing is exported.
"""

from dataclasses import dataclass
from pathlib import Path

from f2p_deploy.alignment.sample_faces import write_sample_photo
from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.export import export_bundle
from f2p_deploy.model.bundle import Bundle, load_bundle
from f2p_deploy.model.bundle_artifact import artifact_of, has_artifact
from f2p_deploy.pipeline import Report, choose_finder_for, create_characters
from f2p_deploy.runtimes import Runtime, load
from f2p_deploy.system.extras import missing_modules, require
from f2p_deploy.system.progress import Progress, silent

MODES = ("one-shot", "iterative", "hybrid")

#: What the bar counts: the characters and the export.
_STAGES = len(MODES) + 1


@dataclass(frozen=True)
class Demo:
    """What the demo made.

    Args:
        report: the characters; the page and the table lie where it says.
        artifact: the ONNX export, or what the bundle carries, with its measured parity.
        exported: whether the artifact was made just now.
    """

    report: Report
    artifact: Artifact
    exported: bool = True


def run_demo(
    out: Path,
    landmarker: Path | None = None,
    offline: bool = False,
    progress: Progress = silent,
    bundle: Bundle | None = None,
) -> Demo:
    """Make the characters and the artifact.

    Args:
        out: the folder for both: `index.html`, a folder a character, `onnx` where it is exported.
        landmarker: MediaPipe's model file, if named.
        offline: find the face with the built-in cascade.
        progress: told how far it is.
        bundle: the demo bundle if not given.

    Raises:
        MissingDependency: the extra `faces` is not installed, or neither the extra `export` nor an artifact is here.
        InputError: the folder cannot be written.
    """
    bundle = bundle or load_bundle()
    source: Bundle | Runtime = bundle
    if missing_modules("export") and has_artifact(bundle):
        source = load(artifact_of(bundle))
    else:
        require("export", "the demo")
    photo = write_sample_photo(out / "photo")
    report = create_characters(
        [photo],
        source,
        out,
        MODES,
        finder=choose_finder_for(source, landmarker, offline=offline),
        again=True,
        progress=lambda doing, done=0.0, total=0.0: progress(doing, done, _STAGES),
    )
    if not isinstance(source, Bundle):
        return Demo(report, source.artifact, exported=False)

    def exporting(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
        progress(f"ONNX: {stage}", len(MODES), _STAGES)

    artifact = export_bundle(bundle, "onnx", out / "onnx", progress=exporting)
    return Demo(report, artifact)
