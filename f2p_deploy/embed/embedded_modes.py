"""What a game needs of an artifact (`--modes`): the graphs of the modes that are wanted, and of pictures."""

from collections.abc import Sequence

from f2p_deploy.artifact.artifact import Artifact
from f2p_deploy.embed.contract import SHORTCUT_GRAPHS
from f2p_deploy.model.result import MODES
from f2p_deploy.system.errors import InputError

#: The words of `--modes`: the modes of generation, and pictures of characters.
WANTED = (*MODES, "render")


def graphs_of_modes(artifact: Artifact, wanted: Sequence[str] = WANTED) -> tuple[str, ...]:
    """Return the names of the graphs that are needed, whether an artifact has them or not.

    Searches need the graphs of the shortcut only if the artifact has them, and pictures only if they try options out
    or are judged by pictures.

    Args:
        artifact: the artifact.
        wanted: some of `WANTED`.

    Raises:
        InputError: a word is none of these, or there is none.
    """
    for word in wanted:
        if word not in WANTED:
            raise InputError(f"modes must be among {', '.join(WANTED)}, found {word!r}")
    if not wanted:
        raise InputError(f"modes must be some of {', '.join(WANTED)}, found none")
    shortcut = [name for name in SHORTCUT_GRAPHS if name in artifact.manifest.graphs]
    drawn = bool(shortcut) or bool(artifact.manifest.settings.get("choose_options"))
    search = {"describe", "step", *shortcut, *(("render",) if drawn else ())}
    needed: set[str] = set()
    for word in wanted:
        needed |= {"one-shot": {"one_shot"}, "iterative": search, "hybrid": {"one_shot", *search}}.get(word, {"render"})
    order = ("one_shot", "describe", "render", "step", *SHORTCUT_GRAPHS)
    return tuple(name for name in order if name in needed)


def modes_of_graphs(graphs: Sequence[str]) -> tuple[str, ...]:
    """Return the words of `--modes` for which an embedded package has the graphs."""
    needed = {"one-shot": {"one_shot"}, "iterative": {"describe", "step"}, "hybrid": {"one_shot", "describe", "step"}}
    return tuple(word for word in WANTED if needed.get(word, {"render"}) <= set(graphs))
