"""Benchmarks of all runtimes and of the usual alternatives, with the parity of every result."""

from f2p_deploy.evaluation.speed.request import MODES, Request
from f2p_deploy.evaluation.speed.rows import Row, SpeedReport

__all__ = ["MODES", "Request", "Row", "SpeedReport"]
