"""Bundle -> artifacts. Nothing here needs PyTorch before something is exported."""

from f2p_deploy.export.bundle_export import export_bundle
from f2p_deploy.export.faces import Faces
from f2p_deploy.export.targets import TARGETS, find_target

__all__ = ["TARGETS", "Faces", "export_bundle", "find_target"]
