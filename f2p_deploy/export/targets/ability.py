"""The targets that this machine can build and run."""

from dataclasses import dataclass

from f2p_deploy.export.targets import TARGETS, Target


@dataclass(frozen=True)
class TargetAbility:
    """The ability of this machine to build and run a target.

    Args:
        target: the target.
        why_not_built, why_not_run: what is missing, and what to do about it; empty if nothing is.
    """

    target: Target
    why_not_built: str
    why_not_run: str

    @property
    def builds(self) -> bool:
        """True if it can be built here."""
        return not self.why_not_built

    @property
    def runs(self) -> bool:
        """True if its artifacts can be run here."""
        return not self.why_not_run

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        names = ("name", "summary", "file", "precision", "build_needs", "run_needs", "verified")
        facts = {name: getattr(self.target, name) for name in names}
        reasons = {"why_not_built": self.why_not_built, "why_not_run": self.why_not_run}
        return facts | {"options": list(self.target.options), "builds": self.builds, "runs": self.runs} | reasons


def judge_targets() -> tuple[TargetAbility, ...]:
    """Return this machine's ability for every target, without loading a compiler."""
    return tuple(TargetAbility(t, t.why_not_here(), t.why_not_run_here()) for t in TARGETS.values())
