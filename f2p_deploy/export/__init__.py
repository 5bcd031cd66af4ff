"""Export a bundle to artifacts: ONNX, TensorRT, Core ML, half precision, 8 bits, calibration."""

from f2p_deploy.alignment.sample_faces import Faces
from f2p_deploy.export.bundle_export import export_bundle
from f2p_deploy.export.plan import ExportPlan, plan_export
from f2p_deploy.export.targets import TARGETS, find_target
from f2p_deploy.export.targets.target import BuildOptions

__all__ = ["TARGETS", "BuildOptions", "ExportPlan", "Faces", "export_bundle", "find_target", "plan_export"]
