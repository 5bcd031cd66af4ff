"""How fast each runtime is, against what a user would use instead, with parity beside every number."""

from f2p_deploy.evaluation.speed.request import MODES, Request
from f2p_deploy.evaluation.speed.rows import Report, Row

__all__ = ["MODES", "Report", "Request", "Row"]
