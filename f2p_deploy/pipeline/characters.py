"""Create characters from photos, in this process or by workers; results of earlier runs are kept if still valid."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from f2p_deploy.alignment import photo_files
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.model.result import Mode
from f2p_deploy.pipeline.character_casting import about_casting, cast_all, context_of_reader
from f2p_deploy.pipeline.character_set import CharacterSet
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.folder import refuse_measurement
from f2p_deploy.pipeline.folder_names import folder_names, natural_name
from f2p_deploy.pipeline.kept import conditions_of, folder_of, held_by_others, known_stems, others_in, read_kept
from f2p_deploy.pipeline.mode import check_modes, ways_of
from f2p_deploy.pipeline.page.characters_page import write_characters_page
from f2p_deploy.pipeline.photo_characters import RunContext, Task, characters_of
from f2p_deploy.pipeline.results import Created, Failed, Report
from f2p_deploy.pipeline.run_source import check_modes_of, load_networks_for, runtime_of
from f2p_deploy.pipeline.summary_table import write_table
from f2p_deploy.pipeline.work_folder import remove_abandoned, work_folder
from f2p_deploy.pipeline.workers import WorkerPool, order_for, workers_for
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import F2PError, InputError, Interrupted
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.interruption import postponed
from f2p_deploy.system.progress import Progress, silent

#: The results of a photo, by the mode that was asked for.
Results = dict[str, Created | Failed]


def create_characters(
    photos: Sequence[Path],
    source: Bundle | Runtime | CharacterSet,
    out: Path,
    modes: Sequence[str] = ("auto",),
    *,
    finder: ChosenFinder,
    face: int | None = None,
    keep: Parameters | None = None,
    engine: Engine | None = None,
    recursive: bool = False,
    again: bool = False,
    workers: int | None = 1,
    threads: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Create a character from every photo, in every mode asked for.

    For each photo, writes `parameters.json`, `aligned.png`, `character.png`, `result.json` (and `engine.png`) into
    `out/<stem>`, or with several modes into `out/<stem>-<mode>`; for all photos `out/index.html` and `out/summary.csv`.
    A photo that fails, or whose folder cannot be written, is reported and does not stop the others. The character of an
    earlier run from the same photo under the same conditions is kept, see `Conditions`.

    Args:
        photos: files and folders.
        source: a complete bundle, which PyTorch runs, a runtime with an artifact, or a set of characters, of which one
            is chosen for each photo (see `open_character_set`).
        out: the output folder; its content is kept unless a result of the same name replaces it.
        modes: from `MODES`.
        finder: finds the faces.
        face: number of the face in each photo, 1 for the largest; None for the largest, with a warning if there are
            several.
        keep: a character whose locked controllers and discrete groups are kept.
        engine: draws the characters as well; a set has engines of its own.
        recursive: also take photos from subfolders.
        again: create every character again, even if an earlier run has a valid one.
        workers: number of processes; 1 uses only this one, and None as many as `workers_for` says. More are started
            with `multiprocessing`'s method `spawn`, so a script that asks for them needs its
            `if __name__ == "__main__"`.
        threads: processor cores for each of several workers; None to divide the cores between them.
        progress: called with the progress.

    Raises:
        InputError: nothing to do, an unknown mode, parts of other schemas, an incomplete bundle or artifact, or an
            output folder that cannot be written; raised before slow work where possible.
        MissingDependency: `source` is a bundle, and PyTorch is not installed.
        Interrupted: the user stopped the run; the page shows the characters that are finished.
    """
    modes = check_modes(modes)
    ways = ways_of(modes)
    characters = source if isinstance(source, CharacterSet) else None
    runtimes = {"": runtime_of(source)} if not isinstance(source, CharacterSet) else source.runtimes
    engines = {"": engine} if characters is None else characters.engines or {}
    _check_numbers(face, workers)
    refuse_measurement(out)
    files = photo_files.find(photos, recursive, out)
    for name, runtime in runtimes.items():
        check_modes_of(runtime, ways)
        _check_schemas(runtime, keep, engines.get(name))
    with work_folder(out) as work:
        remove_abandoned(out)
        contexts = {}
        for name, runtime in runtimes.items():
            conditions = conditions_of(runtime, finder, face, keep, engines.get(name))
            contexts[name] = RunContext(runtime, out, work, finder, face, keep, engines.get(name), conditions)
        tasks = _tasks(files.photos, out, modes)
        tally = _Tally(len(tasks) * len(modes), progress)
        run = _Run(contexts, characters, ways, tasks, tally, [{} for _ in tasks])
        stopped = _create(run, again, workers, threads)
        report = _report(run, files)
        if stopped is None or report.results:
            _write(report, run)
    if isinstance(stopped, KeyboardInterrupt):
        count = len(report.results)
        raise Interrupted(f"stopped after {count} of {tally.total} characters; {report.page} shows what was made")
    if stopped is not None:
        raise stopped
    progress("done", tally.total, tally.total)
    return report


class _Tally:
    """The progress of a run, summed over its photos.

    Args:
        total: number of characters in total.
        progress: called with the sum.
    """

    def __init__(self, total: int, progress: Progress) -> None:
        self.total = total
        self._progress = progress
        self._done = 0.0
        self._at: dict[int, float] = {}

    def say(self, doing: str) -> None:
        """Report an activity that concerns all photos."""
        self._progress(doing, self._done, self.total)

    def keep(self) -> None:
        """Count a character of an earlier run."""
        self._done += 1

    def at(self, position: int, made: float, doing: str) -> None:
        """Report a photo's number of finished characters, with a fraction for the current one, and the activity."""
        self._done += made - self._at.get(position, 0.0)
        self._at[position] = made
        self.say(doing)


@dataclass
class _Run:
    """A run in progress.

    Args:
        contexts: everything that the photos share, by character; with one character, its name is empty.
        characters: the set of which the character of each photo is chosen; None for one character.
        ways: the modes of generation that may be used.
        tasks: one for each photo.
        tally: the progress.
        results: the results so far, for each photo.
        made_with: name and version of the library that computes the characters; empty until known.
    """

    contexts: Mapping[str, RunContext]
    characters: CharacterSet | None
    ways: tuple[Mode, ...]
    tasks: list[Task]
    tally: _Tally
    results: Sequence[Results]
    made_with: str = ""

    @property
    def context(self) -> RunContext:
        """The context of the first character, for what is the same in all."""
        return next(iter(self.contexts.values()))

    def context_of(self, task: Task) -> RunContext:
        """Return the context of a task's character."""
        return self.contexts["" if task.character is None else task.character.name]


def _create(run: _Run, again: bool, workers: int | None, threads: int | None) -> KeyboardInterrupt | F2PError | None:
    """Fill in the results of a run; return the error that stopped it, or None."""
    try:
        failed = _cast(run, again)
        if not again:
            _keep(run, failed)
        pairs = zip(run.tasks, run.results, strict=True)
        left = {
            i: rest
            for i, (task, results) in enumerate(pairs)
            if i not in failed and (rest := _without(task, results)).names
        }
        run.tally.say("loading the networks" if left else "everything is there")
        for context in run.contexts.values():
            own = {i: task for i, task in left.items() if run.context_of(task) is context}
            if own:
                _create_with(run, context, own, workers, threads)
    except (KeyboardInterrupt, F2PError) as error:
        return error
    finally:
        remove_abandoned(run.context.out)
    return None


def _cast(run: _Run, again: bool) -> Mapping[int, Failed]:
    """Choose the character of every photo, if there is a set; return the failures, which are also results."""
    if run.characters is None:
        return {}
    reading = context_of_reader(run.characters, run.context)
    failed = cast_all(run.tasks, run.characters, reading, again, run.tally.say)
    for i, failure in failed.items():
        run.results[i][next(iter(run.tasks[i].names))] = failure
        run.tally.at(i, len(run.tasks[i].names), "done")
    return failed


def _keep(run: _Run, failed: Collection[int]) -> None:
    """Fill in the valid characters of earlier runs, except for photos that failed."""
    run.tally.say("looking for characters that are there already")
    for i, (task, results) in enumerate(zip(run.tasks, run.results, strict=True)):
        for mode, name in task.names.items() if i not in failed else ():
            context = run.context_of(task)
            earlier = read_kept(context.out / name, task.photo, mode, context.conditions, context.runtime.schema)
            if earlier is not None:
                results[mode] = replace(earlier, character=task.character)
                run.tally.keep()


def _create_with(
    run: _Run, context: RunContext, left: Mapping[int, Task], workers: int | None, threads: int | None
) -> None:
    """Create the characters of the tasks left, by position, which are all of one bundle."""
    if workers is None:
        # A card is shared, and an engine is large: further processes are then only started if asked for.
        alone = bool(threads) or context.runtime.on_card or context.engine is not None
        workers = 1 if alone else workers_for(len(left))
    if workers > 1:
        with WorkerPool(order_for(context, run.ways, workers, threads), workers) as crew:
            for i, asked, result in crew.work(left, run.tally.at):
                run.results[i][asked] = result
                run.made_with = crew.made_with
        return
    load_networks_for(context.runtime, run.ways)
    run.made_with = context.runtime.describe_device()
    for i, task in left.items():
        for asked, result in characters_of(task, context, partial(run.tally.at, i)):
            run.results[i][asked] = result
        run.tally.at(i, len(task.names), "done")


def _report(run: _Run, files: photo_files.FoundPhotos) -> Report:
    """Return the report of a run, with the results in the order of the photos."""
    context = run.context
    ordered = [
        results[mode]
        for task, results in zip(run.tasks, run.results, strict=True)
        for mode in task.names
        if mode in results
    ]
    names = [result.character.name for result in ordered if isinstance(result, Created) and result.character]
    used = {name: one for name, one in run.contexts.items() if name in names} or run.contexts
    report = Report(
        context.out,
        ", ".join(name or context.runtime.bundle_name for name in used),
        ", ".join(dict.fromkeys(one.runtime.schema.name for one in used.values())),
        context.finder.sentence,
        results=tuple(ordered),
        made_with=run.made_with,
        not_taken=files.not_taken,
    )
    chosen = about_casting(run.characters, names) if run.characters else ()
    notes = (*chosen, *_about_locked(context.keep), *files.sentences, *_about_kept(len(report.kept)))
    others = others_in(context.out, [result.name for result in report.characters])
    return replace(report, notes=notes, others=others)


def _write(report: Report, run: _Run) -> None:
    """Write table and page; a second Ctrl-C waits until both are written."""
    with postponed():
        try:
            write_table(report, run.context.runtime.schema, run.context.work)
        finally:
            write_characters_page(report, run.context.work)


def _tasks(photos: Sequence[Path], out: Path, modes: Sequence[str]) -> list[Task]:
    """Return a task for every photo; photos keep the folder names that they had in earlier runs."""
    in_the_way = [path.name for path in out.iterdir() if not path.is_dir()]
    known = known_stems(out, photos, modes)
    others = held_by_others(out, photos)
    for photo in photos:
        stem = natural_name(photo)
        if photo.absolute() not in known and stem in others and others[stem] == {_digest(photo)}:
            known[photo.absolute()] = stem  # the same photo, in another place
            del others[stem]
    stems = folder_names(photos, known, (*in_the_way, *others))
    return [
        Task(photo, stem, {mode: folder_of(stem, mode, modes) for mode in modes})
        for photo, stem in zip(photos, stems, strict=True)
    ]


def _digest(photo: Path) -> str | None:
    """Return a photo's SHA-256; None if it cannot be read, which is reported later as its failure."""
    try:
        return sha256_of(photo)
    except OSError:
        return None


def _without(task: Task, results: Mapping[str, object]) -> Task:
    """Return the task without the modes that have a result."""
    return replace(task, names={mode: name for mode, name in task.names.items() if mode not in results})


def _check_numbers(face: int | None, workers: int | None) -> None:
    """Raise if the number of a face or the number of workers is below 1."""
    if face is not None and face < 1:
        raise InputError(f"faces are counted from 1, the largest; found {face}")
    if workers is not None and workers < 1:
        raise InputError(f"at least one worker makes characters, found {workers}")


def _check_schemas(runtime: Runtime, keep: Parameters | None, engine: Engine | None) -> None:
    """Raise unless the parameters to keep and the engine have the schema of the bundle."""
    for what, part in (("the parameters to keep are", keep), ("the engine is", engine)):
        if part is not None and part.schema.fingerprint != runtime.schema.fingerprint:
            named, own = part.schema.name, runtime.schema.name
            raise InputError(f"{what} for schema {named!r}, the bundle {runtime.bundle_name!r} is for {own!r}")


def _about_locked(keep: Parameters | None) -> tuple[str, ...]:
    """Return a note on the locked values that were kept; none without a character to keep."""
    if keep is None:
        return ()
    if not keep.locked:
        return ("The parameters to keep have no locked names, so nothing was kept.",)
    return (f"Locked, and unchanged: {', '.join(sorted(keep.locked))}.",)


def _about_kept(count: int) -> tuple[str, ...]:
    """Return a note on the number of characters kept from earlier runs; none for 0."""
    if not count:
        return ()
    were = "1 character was" if count == 1 else f"{count} characters were"
    return (
        f"{were} there already, made from the same photo with the same settings, and not made again (--again does); "
        "values edited by hand are still there.",
    )
