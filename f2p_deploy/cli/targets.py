"""The command `f2p-deploy targets`: list export targets and whether this machine can build and run them."""

from f2p_deploy.cli import console, options
from f2p_deploy.cli.export_repository import triton_facts


def targets(as_json: options.Json = False) -> None:
    """List the export targets, their requirements, and whether this machine can build and run them."""
    from f2p_deploy.export.targets.ability import judge_targets

    found = [*(ability.to_dict() for ability in judge_targets()), triton_facts()]
    if as_json:
        console.emit({"targets": found})
        return
    rows = []
    for target in found:
        here = " + ".join(word for word in ("build", "run") if target[f"{word}s"]) or "-"
        rows.append((*(str(target[name]) for name in ("name", "file", "build_needs", "run_needs")), here))
    console.table(rows, ("target", "files", "building needs", "running needs", "here"))
    names: dict[str, list[str]] = {}
    for target in found:
        for verb, reason in (("cannot be built here", "why_not_built"), ("cannot be run here", "why_not_run")):
            if target[reason]:
                names.setdefault(f"{verb}: {target[reason]}", []).append(target["name"])
    if names:
        console.result("\n" + "\n".join(f"{', '.join(those)}: {reason}" for reason, those in names.items()))
