"""How fast each runtime is, against what a user would use instead, with parity beside every number."""

from f2p_deploy.evaluation.speed.request import MODES, Request
from f2p_deploy.evaluation.speed.rows import Row, SpeedReport

__all__ = ["MODES", "Request", "Row", "SpeedReport"]
