"""Search by bisection for the nodes that must stay float32 for a graph to meet its accuracy thresholds."""

from collections.abc import Callable, Sequence

#: Whether a graph meets its thresholds if these nodes stay float32, besides those that always do.
Keeps = Callable[[tuple[str, ...]], bool]


class OutOfTries(Exception):
    """The end of a search that has used all its measurements."""


def needed_nodes(nodes: Sequence[str], keeps_floors: Keeps, tries: int) -> tuple[str, ...] | None:
    """Find a small set of nodes that must stay float32.

    One half of the topological order at a time is kept in float32. If it is enough, the search continues inside that
    half. If neither is enough, both contain needed nodes, and each is narrowed down while the other stays whole
    (QuickXplain, Junker 2004). The search finds nodes that are far apart, and since it compares no errors, NaN does not
    mislead it.

    Args:
        nodes: names in topological order.
        keeps_floors: measures one choice of nodes.
        tries: the largest number of measurements; sets that are not narrowed down by then stay whole.

    Returns:
        Names in topological order for which `keeps_floors` holds; empty if none is needed; None if even all of them are
        not enough, or the measurements do not suffice to know.
    """
    search = _Search(keeps_floors, tries)
    try:
        if search.asks(()):
            return ()
        if not search.asks(tuple(nodes)):
            return None
    except OutOfTries:
        return None
    needed = set(search.narrowed(tuple(nodes), ()))
    return tuple(name for name in nodes if name in needed)


class _Search:
    def __init__(self, keeps_floors: Keeps, tries: int) -> None:
        self.keeps_floors = keeps_floors
        self.left = tries

    def asks(self, kept: tuple[str, ...]) -> bool:
        if self.left <= 0:
            raise OutOfTries
        self.left -= 1
        return self.keeps_floors(kept)

    def narrowed(self, nodes: tuple[str, ...], beside: tuple[str, ...]) -> tuple[str, ...]:
        """Return a subset of the nodes that is enough together with `beside`; all of them are known to be enough."""
        if len(nodes) <= 1:
            return nodes
        first, second = nodes[: len(nodes) // 2], nodes[len(nodes) // 2 :]
        try:
            if self.asks(beside + first):
                return self.narrowed(first, beside)
            if self.asks(beside + second):
                return self.narrowed(second, beside)
        except OutOfTries:
            return nodes
        of_first = self.narrowed(first, beside + second)
        return of_first + self.narrowed(second, beside + of_first)
