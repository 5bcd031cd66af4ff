"""Decide which character of a set each photo of a run becomes; choices of earlier runs are kept if still valid."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from f2p_deploy.pipeline.character_kinds import CharacterChoice
from f2p_deploy.pipeline.character_set import CharacterSet
from f2p_deploy.pipeline.kept import read_choice
from f2p_deploy.pipeline.photo_characters import RunContext, Task, align_for, failure_of
from f2p_deploy.pipeline.results import Failed
from f2p_deploy.system.names import shown


def cast(
    task: Task, characters: CharacterSet, context: RunContext, again: bool
) -> CharacterChoice | Failed:
    """Return the character of a set for one photo; a failure is also a result.

    Args:
        task: the photo.
        characters: the set.
        context: of the set's reader, see `context_of_reader`.
        again: read the photo again, even if an earlier run did.
    """
    if characters.reader is None:
        return CharacterChoice(next(iter(characters.runtimes)))
    key = _key(characters, context)
    if not again:
        for name in task.names.values():
            if earlier := read_choice(context.out / name, task.photo, key):
                return earlier
    try:
        _, aligned = align_for(task.photo, context)
        return replace(characters.choose(aligned), key=key)
    except Exception as error:  # one photo must not stop all others
        return failure_of(task.photo, error)


def cast_all(
    tasks: list[Task], characters: CharacterSet, context: RunContext, again: bool, say: Callable[[str], None]
) -> dict[int, Failed]:
    """Set the character of every task; return the failures by position.

    Args:
        tasks: of a run; those without a failure are replaced.
        characters, context, again: see `cast`.
        say: called with the activity.
    """
    failures = {}
    for i, task in enumerate(tasks):
        say(f"{shown(task.photo.name)}: choosing the character")
        match cast(task, characters, context, again):
            case Failed() as failure:
                failures[i] = failure
            case chosen:
                tasks[i] = replace(task, character=chosen)
    return failures


def context_of_reader(characters: CharacterSet, context: RunContext) -> RunContext:
    """Return what the photos share while the set's reader looks at them."""
    reader = characters.reader or context.runtime
    return replace(context, runtime=reader)


def about_casting(characters: CharacterSet, names: Sequence[str]) -> tuple[str, ...]:
    """Return sentences on the characters of a run: how often each was chosen, and those that never are.

    Args:
        characters: the set.
        names: of the characters made.
    """
    if characters.reader is None or not names:
        return characters.notes
    counts = ", ".join(f"{name} {count}" for name, count in sorted(Counter(names).items()))
    return (f"Characters chosen by sex and age: {counts}.", *characters.notes)


def _key(characters: CharacterSet, context: RunContext) -> str:
    conditions = context.conditions
    content = f"{characters.key} {conditions.version} {context.finder.identity} {conditions.face}"
    return hashlib.sha256(content.encode()).hexdigest()
