"""From an artifact into a game's build: the Swift package F2PKit."""

from f2p_deploy.embed.contract import require_embeddable
from f2p_deploy.embed.ios import SwiftPackage, default_artifact, embed_ios

__all__ = ["SwiftPackage", "default_artifact", "embed_ios", "require_embeddable"]
