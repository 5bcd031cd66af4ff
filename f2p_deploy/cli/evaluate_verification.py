"""The command `f2p-deploy evaluate verification`: Table 6 of the paper, face verification by parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from f2p_deploy.cli import choices, console, options

if TYPE_CHECKING:
    from f2p_deploy.evaluation.verification.face_pairs import FacePairs


People = Annotated[
    Path | None,
    typer.Option(
        "--people", metavar="DIR", help="Make pairs from a folder with a subfolder of photos for each person."
    ),
]
PairLimit = Annotated[
    int | None, typer.Option("--limit", min=1, metavar="N", help="Use only N pairs of each set, evenly spaced.")
]


def verification(
    pairs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PAIRS",
            help="Sets of pairs: InsightFace's .bin; .npy or .npz beside NAME_list.npy; a folder of bcolz beside "
            "NAME_list.npy; or a list of files, .csv, .tsv or .txt.",
        ),
    ] = None,
    people: People = None,
    mode: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            metavar="MODE",
            autocompletion=choices.complete("measured_modes"),
            help="Mode in which parameters are made: {measured_modes}; may be repeated. One-shot and iterative if not "
            "given.",
        ),
    ] = None,
    bundle: options.Bundle = None,
    artifact: Annotated[
        Path | None,
        typer.Option(
            "--from", "--artifact", metavar="DIR", help="An exported artifact, instead of a bundle; needs no PyTorch."
        ),
    ] = None,
    runtime: options.RuntimeName = "auto",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="DIR", help="Write a page, JSON and CSV to DIR.")
    ] = None,
    aligned: Annotated[
        str,
        typer.Option(
            "--aligned",
            metavar="HOW",
            help="no: find the face in every picture. arcface: the pictures are crops aligned to ArcFace's five "
            "points; a fixed transform replaces the search for faces.",
        ),
    ] = "no",
    colour_order: Annotated[
        str,
        typer.Option(
            "--colour-order",
            metavar="ORDER",
            help="Order of colours in arrays: rgb, bgr, or auto: uint8 is rgb, floats are bgr as in face.evoLVe.",
        ),
    ] = "auto",
    components: Annotated[
        int | None,
        typer.Option(
            "--components",
            min=1,
            metavar="N",
            help="Number of PCA's components; by default as many as hold 99 % of the variance.",
        ),
    ] = None,
    whiten: Annotated[
        bool, typer.Option("--whiten", help="Divide PCA's components by their standard deviation.")
    ] = False,
    limit: PairLimit = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, max=options.LARGEST_SEED, metavar="N", help="Random seed of the pairs of --people."
        ),
    ] = 0,
    landmarker: options.Landmarker = None,
    offline: options.Offline = False,
    threads: options.Threads = None,
    as_json: options.Json = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how well characters' parameters tell whether two photos show the same person (Table 6 of the paper).

    Each picture's parameters are its feature; the recognition network's embedding is measured beside them as an upper
    bound. Accuracy is that of face.evoLVe's protocol: ten folds, each judged by the threshold that is best on the other
    nine. Pictures without a usable face are listed, and their pairs are left out.
    """
    from f2p_deploy.evaluation.landmarks.measure_landmarks import check_measured_modes
    from f2p_deploy.evaluation.verification.face_features import require_features
    from f2p_deploy.evaluation.verification.fold_accuracy import PcaSettings
    from f2p_deploy.evaluation.verification.measure_verification import measure_verification
    from f2p_deploy.evaluation.verification.verification_page import write_verification_results
    from f2p_deploy.evaluation.verification.verification_tables import verification_data, verification_tables
    from f2p_deploy.pipeline import choose_finder_for, folder

    modes = check_measured_modes(mode or ("one-shot", "iterative"))
    check_aligned(aligned)
    sets = [one.at_most(limit) for one in open_sets(pairs or [], people, colour_order, seed, out)]
    opened = options.open_source(bundle, artifact, runtime, threads)
    require_features(opened, modes)
    finder, sentence = None, "The pictures are taken as crops aligned to ArcFace's points; no faces are searched for."
    if aligned == "no":
        chosen = choose_finder_for(landmarker, offline=offline)
        finder, sentence = chosen.finder, chosen.sentence
    if out is not None:
        folder.prepare_folder(out, ())
    with console.bar() as bar:
        report = measure_verification(
            sets,
            opened,
            modes,
            finder,
            sentence,
            PcaSettings(components, whiten),
            bar.follow("pictures"),
        )
    for one in report.sets:
        for refused in one.refused:
            console.sentence(f"left out: {refused.message}", "warning")
    page = None if out is None else write_verification_results(report, out)
    if as_json:
        console.emit(verification_data(report))
        return
    console.tables(verification_tables(report))
    if page is not None:
        console.result(f"\npage: {page}")


def check_aligned(word: str) -> None:
    """Raise unless a word is one of `--aligned`.

    Raises:
        InputError: it is another.
    """
    from f2p_deploy.system.errors import InputError

    if word not in ("no", "arcface"):
        raise InputError(f"--aligned is no or arcface, found {word!r}")


def open_sets(
    paths: list[Path], people: Path | None, order: str, seed: int, out: Path | None
) -> list["FacePairs"]:
    """Return the sets that were named; the pairs that are made from people are written to `out`, if it is given."""
    from f2p_deploy.evaluation.verification.face_pairs import check_colour_order
    from f2p_deploy.evaluation.verification.open_pairs import open_face_pairs
    from f2p_deploy.evaluation.verification.pair_list import face_pairs_of, write_pair_list
    from f2p_deploy.evaluation.verification.people_pairs import pair_people
    from f2p_deploy.pipeline import folder
    from f2p_deploy.system.errors import InputError

    if not paths and people is None:
        raise InputError("name a set of pairs, or a folder of people with --people")
    checked = check_colour_order(order)
    sets = [open_face_pairs(path, checked) for path in paths]
    if people is not None:
        listed = pair_people(people, seed)
        sets.append(face_pairs_of(listed, people, people.absolute().name))
        if out is not None:
            folder.prepare_folder(out, ())
            write_pair_list(out / "pairs.csv", listed)
    names = [one.name for one in sets]
    if len(set(names)) < len(names):
        raise InputError(f"two sets have the same name: {', '.join(names)}")
    return sets
