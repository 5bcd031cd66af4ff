"""What this machine can do with every target."""

from dataclasses import dataclass

from f2p_deploy.export.targets import TARGETS, Target


@dataclass(frozen=True)
class TargetAbility:
    """What this machine can do with a target.

    Args:
        target: which one.
        why_not_built, why_not_run: what stands in the way, and what to do about it; empty if nothing does.
    """

    target: Target
    why_not_built: str
    why_not_run: str

    @property
    def builds(self) -> bool:
        """Whether it can be built here."""
        return not self.why_not_built

    @property
    def runs(self) -> bool:
        """Whether its artifacts can be run here."""
        return not self.why_not_run

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        names = ("name", "summary", "file", "precision", "build_needs", "run_needs", "verified")
        facts = {name: getattr(self.target, name) for name in names}
        reasons = {"why_not_built": self.why_not_built, "why_not_run": self.why_not_run}
        return facts | {"options": list(self.target.options), "builds": self.builds, "runs": self.runs} | reasons


def judge_targets() -> tuple[TargetAbility, ...]:
    """Return what this machine can do with every target. No compiler is loaded."""
    return tuple(TargetAbility(t, t.why_not_here(), t.why_not_run_here()) for t in TARGETS.values())
