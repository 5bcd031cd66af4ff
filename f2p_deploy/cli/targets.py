"""The command `f2p-deploy targets`: list export targets and whether this machine can build and run them."""

from f2p_deploy.cli import console, options


def targets(as_json: options.Json = False) -> None:
    """List the export targets, their requirements, and whether this machine can build and run them."""
    from f2p_deploy.export.targets.ability import judge_targets

    abilities = judge_targets()
    if as_json:
        console.emit({"targets": [ability.to_dict() for ability in abilities]})
        return
    rows = []
    for ability in abilities:
        target = ability.target
        here = " + ".join(word for word, able in (("build", ability.builds), ("run", ability.runs)) if able) or "-"
        rows.append((target.name, target.file, target.build_needs, target.run_needs, here))
    console.table(rows, ("target", "files", "building needs", "running needs", "here"))
    reasons = [
        f"{ability.target.name}: {verb}: {reason}"
        for ability in abilities
        for verb, reason in (
            ("cannot be built here", ability.why_not_built),
            ("cannot be run here", ability.why_not_run),
        )
        if reason
    ]
    if reasons:
        console.result("\n" + "\n".join(reasons))
