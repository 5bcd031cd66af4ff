"""The demo: create a character from the sample photo in three modes, and export the demo bundle to ONNX.

Without PyTorch, the artifact inside the bundle creates the characters, and nothing is exported.
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

#: Number of steps in the progress bar: the characters and the export.
_STAGES = len(MODES) + 1


@dataclass(frozen=True)
class Demo:
    """The results of the demo.

    Args:
        report: the characters, with the paths of the page and the table.
        artifact: the ONNX export, or the artifact inside the bundle, with its measured parity.
        exported: whether the demo exported the artifact.
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
    """Create the characters and the artifact.

    Args:
        out: the folder for `index.html`, a folder for each character, and the export in `onnx`.
        landmarker: MediaPipe's model file; None to search for it.
        offline: find the face with the built-in networks.
        progress: called with the progress.
        bundle: None for the demo bundle.

    Raises:
        MissingDependency: the extra `faces` is not installed, or neither the extra `export` nor an artifact in the
            bundle is available.
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
        finder=choose_finder_for(landmarker, offline=offline),
        again=True,
        progress=lambda doing, done=0.0, total=0.0: progress(doing, done, _STAGES),
    )
    if not isinstance(source, Bundle):
        return Demo(report, source.artifact, exported=False)

    def exporting(stage: str, done: float = 0.0, total: float = 0.0, /) -> None:
        progress(f"ONNX: {stage}", len(MODES), _STAGES)

    artifact = export_bundle(bundle, "onnx", out / "onnx", progress=exporting)
    return Demo(report, artifact)
