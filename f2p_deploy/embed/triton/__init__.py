"""A model repository for Triton Inference Server: its configurations, its graphs, and the models that read photos."""

from f2p_deploy.embed.triton.triton_repository import TritonRepository, embed_triton

__all__ = ["TritonRepository", "embed_triton"]
