"""From an artifact into a game's build: Swift package, Gradle module, static files, Triton's model repository."""

from f2p_deploy.embed.android import AndroidModule, embed_android
from f2p_deploy.embed.contract import require_embeddable
from f2p_deploy.embed.embedded_modes import WANTED
from f2p_deploy.embed.ios import SwiftPackage, default_artifact, embed_ios
from f2p_deploy.embed.onnxruntime_web import ONNXRUNTIME_WEB
from f2p_deploy.embed.tasks_vision import TASKS_VISION
from f2p_deploy.embed.web import WebPage, default_onnx_artifact, embed_web
from f2p_deploy.embed.web_contract import require_web

__all__ = [
    "AndroidModule",
    "ONNXRUNTIME_WEB",
    "SwiftPackage",
    "TASKS_VISION",
    "WANTED",
    "WebPage",
    "default_artifact",
    "default_onnx_artifact",
    "embed_android",
    "embed_ios",
    "embed_web",
    "require_embeddable",
    "require_web",
]
