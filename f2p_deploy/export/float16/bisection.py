"""Which nodes must stay float32 for a graph to keep its floors: halved until only those are left that are needed."""

from collections.abc import Callable, Sequence

#: Whether a graph keeps its floors if, besides what always does, these nodes stay float32.
Keeps = Callable[[tuple[str, ...]], bool]


class OutOfTries(Exception):
    """The search may not look any further."""


def needed_nodes(nodes: Sequence[str], keeps_floors: Keeps, tries: int) -> tuple[str, ...] | None:
    """Find a small set of nodes that must stay float32.

    Halves of the topological order are kept in float32: if one half is enough, the search goes on inside it alone; if
    not, both hold a part of what is needed, and each is narrowed down while the other one stays whole (QuickXplain,
    Junker 2004). So nodes far apart are found, and NaN, which says nothing about how near one is, does no harm.

    Args:
        nodes: names in topological order.
        keeps_floors: measures one choice.
        tries: how often it may be asked; what is not narrowed down by then stays whole.

    Returns:
        Names in topological order, for which `keeps_floors` holds; empty if none is needed, None if all are not enough.
    """
    search = _Search(keeps_floors, tries)
    try:
        if search.asks(()):
            return ()
        if not search.asks(tuple(nodes)):
            return None
    except OutOfTries:
        return None
    found = set(search.narrowed(tuple(nodes), ()))
    return tuple(name for name in nodes if name in found)


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
        """Return a part of the nodes that together with those beside keeps the floors, as all of them do."""
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
