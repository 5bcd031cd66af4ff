"""MediaPipe's landmarker for a page (`@mediapipe/tasks-vision`).

Its library reports figures about its use to Google a minute after a detection (version 1.1.0, without a switch): the
page's worker refuses every request to another origin.
"""

from f2p_deploy.embed.npm_package import NpmPackage

TASKS_VISION = NpmPackage(
    name="@mediapipe/tasks-vision",
    version="1.1.0",
    sha256="46fc3d3d13fa5de631915929d045be2f74bb32e909d7a5b3a322b28976f54165",
    files={
        "vision_bundle.mjs": "9d5fc9ef74b22329cf9aa88dc543956d192b8c254210b187271614713eb5b10c",
        "wasm/vision_wasm_module_internal.js": "70eff3956521b7de058d7173a4935c95e4a223c26ea624b9f5a936d3a043dcb0",
        "wasm/vision_wasm_module_internal.wasm": "ee03b14a878e6c3c053a1bfa62e166dc45244be54dc0bbe61c578f710b771f6a",
    },
    option="--tasks-vision",
)
