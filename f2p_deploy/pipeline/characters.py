"""Photos to characters: what is there already is kept, the rest is made here or by workers, everything is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from f2p_deploy.alignment import photo_files
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.engine.engine import Engine
from f2p_deploy.model.bundle import Bundle
from f2p_deploy.pipeline.finder import ChosenFinder
from f2p_deploy.pipeline.folder_names import folder_names, natural_name
from f2p_deploy.pipeline.kept import (
    Conditions,
    conditions_of,
    folder_of,
    held_by_others,
    known_stems,
    others_in,
    read_kept,
)
from f2p_deploy.pipeline.mode import check_modes, ways_of
from f2p_deploy.pipeline.page.characters_page import write_characters_page
from f2p_deploy.pipeline.photo_characters import RunContext, Task, characters_of
from f2p_deploy.pipeline.results import Created, Failed, Report
from f2p_deploy.pipeline.run_source import check_modes_of, load_networks_for, runtime_of
from f2p_deploy.pipeline.summary_table import write_table
from f2p_deploy.pipeline.work_folder import remove_abandoned, work_folder
from f2p_deploy.pipeline.workers import WorkerPool, order_for
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import F2PError, InputError, Interrupted
from f2p_deploy.system.files import sha256_of
from f2p_deploy.system.interruption import postponed
from f2p_deploy.system.progress import Progress, silent

#: What came of a photo, by the mode asked for.
Results = dict[str, Created | Failed]


def create_characters(
    photos: Sequence[Path],
    source: Bundle | Runtime,
    out: Path,
    modes: Sequence[str] = ("auto",),
    *,
    finder: ChosenFinder,
    face: int | None = None,
    keep: Parameters | None = None,
    engine: Engine | None = None,
    recursive: bool = False,
    again: bool = False,
    workers: int = 1,
    threads: int | None = None,
    progress: Progress = silent,
) -> Report:
    """Make a character of every photo, in every mode asked for.

    Each photo leaves `out/<stem>/parameters.json`, `aligned.png`, `character.png`, `result.json` (and `engine.png`),
    with several modes in `out/<stem>-<mode>`; all together `out/index.html` and `out/summary.csv`. A photo that no
    character can be made of, or whose folder cannot be written, is reported and does not stop the others. What an
    earlier run made of the same photo in the same way is kept, see `Conditions`.

    Args:
        photos: files and folders.
        source: a complete bundle, which PyTorch runs, or a runtime with an artifact.
        out: the output folder; what it holds is kept unless a result of the same name replaces it.
        modes: from `MODES`.
        finder: finds the faces.
        face: which face of each photo, 1 being the largest; the largest with a warning if not given.
        keep: a character whose locked controllers and discrete groups are kept.
        engine: draws the characters, too.
        recursive: take the photos of folders inside of folders, too.
        again: make everything anew, whatever is there.
        workers: processes that make characters side by side; 1 is this one. They are started as `multiprocessing`
            starts them everywhere: a script that asks for more than one needs its `if __name__ == "__main__"`.
        threads: processor cores for each of several workers; the cores shared out if not given.
        progress: called with the characters made so far, a fraction for the one that is being made.

    Raises:
        InputError: nothing to do, an unknown mode, parts of other schemas, an incomplete bundle or artifact, or a
            folder that cannot be written as a whole. Found before slow work where that is possible.
        MissingDependency: a bundle is to be run, and PyTorch is not installed.
        Interrupted: the user stopped it; the page shows what was made.
    """
    modes = check_modes(modes)
    ways = ways_of(modes)
    runtime = runtime_of(source)
    if face is not None and face < 1:
        raise InputError(f"faces are counted from 1, the largest; found {face}")
    if workers < 1:
        raise InputError(f"at least one worker makes characters, found {workers}")
    found = photo_files.find(photos, recursive, out)
    check_modes_of(runtime, ways)
    _check_schemas(runtime, keep, engine)
    conditions = conditions_of(runtime, finder, face, keep, engine)
    notes = (*_notes(keep), *found.sentences)
    names = runtime.bundle_name, runtime.schema.name
    report = Report(out, *names, finder.sentence, notes=notes, not_taken=found.not_taken)
    with work_folder(out) as work:
        remove_abandoned(out)
        tasks = _tasks(found.photos, out, modes)
        results: list[Results] = [{} for _ in tasks]
        tally = _Tally(len(tasks) * len(modes), progress)
        stopped: BaseException | None = None
        try:
            if not again:
                _keep(tasks, results, out, conditions, runtime.schema, tally)
            left = {i: rest for i, task in enumerate(tasks) if (rest := _without(task, results[i])).names}
            tally.say("loading the networks" if left else "everything is there")
            if left and workers > 1:
                order = order_for(runtime, finder, workers, threads, ways, out, face, keep, engine, conditions)
                with WorkerPool(order, workers) as crew:
                    for i, asked, result in crew.work(left, tally.at):
                        results[i][asked] = result
                        report = replace(report, made_with=crew.made_with)
            elif left:
                load_networks_for(runtime, ways)
                report = replace(report, made_with=runtime.describe_device())
                context = RunContext(runtime, out, work, finder, face, keep, engine, conditions)
                for i, task in left.items():
                    for asked, result in characters_of(task, context, partial(tally.at, i)):
                        results[i][asked] = result
                    tally.at(i, len(task.names), "done")
        except (KeyboardInterrupt, F2PError) as error:
            stopped = error
        finally:
            remove_abandoned(out)
        report = _complete(report, tasks, results)
        report = replace(report, others=others_in(out, [result.name for result in report.characters]))
        if stopped is None or report.results:
            with postponed():  # a second Ctrl-C waits until both say what was made
                try:
                    write_table(report, runtime.schema, work)
                finally:
                    write_characters_page(report, work)
    if isinstance(stopped, KeyboardInterrupt):
        count = len(report.results)
        raise Interrupted(f"stopped after {count} of {tally.total} characters; {report.page} shows what was made")
    if stopped is not None:
        raise stopped
    progress("done", tally.total, tally.total)
    return report


class _Tally:
    """How far a run is, summed over its photos.

    Args:
        total: characters in all.
        progress: told.
    """

    def __init__(self, total: int, progress: Progress) -> None:
        self.total = total
        self._progress = progress
        self._done = 0.0
        self._at: dict[int, float] = {}

    def say(self, doing: str) -> None:
        """Tell what is being done for all photos."""
        self._progress(doing, self._done, self.total)

    def keep(self) -> None:
        """Count a character that is there already."""
        self._done += 1

    def at(self, position: int, made: float, doing: str) -> None:
        """Tell how many characters of a photo were made, with a fraction for the one being made, and what is done."""
        self._done += made - self._at.get(position, 0.0)
        self._at[position] = made
        self.say(doing)


def _tasks(photos: Sequence[Path], out: Path, modes: Sequence[str]) -> list[Task]:
    """Return what is to be made of every photo; folders keep the photos that they belong to."""
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
    """Return a photo's SHA-256; None where it cannot be read, which is told when its turn comes."""
    try:
        return sha256_of(photo)
    except OSError:
        return None


def _keep(
    tasks: Sequence[Task],
    results: Sequence[Results],
    out: Path,
    conditions: Conditions,
    schema: Schema,
    tally: "_Tally",
) -> None:
    """Fill in the characters that are there already."""
    tally.say("looking for characters that are there already")
    for task, found in zip(tasks, results, strict=True):
        for mode, name in task.names.items():
            kept = read_kept(out / name, task.photo, mode, conditions, schema)
            if kept is not None:
                found[mode] = kept
                tally.keep()


def _without(task: Task, results: Mapping[str, object]) -> Task:
    """Return what is left to do."""
    return replace(task, names={mode: name for mode, name in task.names.items() if mode not in results})


def _complete(report: Report, tasks: Sequence[Task], results: Sequence[Results]) -> Report:
    """Return the report with its results in the order of the photos, and the note on what was kept."""
    ordered = [found[mode] for task, found in zip(tasks, results, strict=True) for mode in task.names if mode in found]
    report = replace(report, results=tuple(ordered))
    kept = len(report.kept)
    if not kept:
        return report
    what = "1 character was" if kept == 1 else f"{kept} characters were"
    note = f"{what} there already, made in the same way from the same photo, and kept; --again makes them anew."
    return replace(report, notes=(*report.notes, note))


def _check_schemas(runtime: Runtime, keep: Parameters | None, engine: Engine | None) -> None:
    """Refuse what cannot work together before anything is computed."""
    for what, part in (("the parameters to keep are", keep), ("the engine is", engine)):
        if part is not None and part.schema.fingerprint != runtime.schema.fingerprint:
            named, own = part.schema.name, runtime.schema.name
            raise InputError(f"{what} for schema {named!r}, the bundle {runtime.bundle_name!r} is for {own!r}")


def _notes(keep: Parameters | None) -> tuple[str, ...]:
    if keep is None:
        return ()
    if not keep.locked:
        return ("The parameters to keep have no locked names, so nothing was kept.",)
    return (f"Kept as they were: {', '.join(sorted(keep.locked))}.",)
