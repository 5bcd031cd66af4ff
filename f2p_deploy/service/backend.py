"""What computes the service's answers, wherever it runs."""

from typing import NamedTuple, Protocol

from f2p_deploy.alignment import AlignedFace
from f2p_deploy.character.parameters import Parameters
from f2p_deploy.character.schema import Schema
from f2p_deploy.model.result import Generation, Mode


class ServedBundle(NamedTuple):
    """The bundle that is served.

    Args:
        name: of the bundle.
        fingerprint: of the bundle.
        schema: of its parameters.
        modes: the modes of generation that the artifact has the graphs for.
        draws: whether it can draw characters.
        image_size: edge of aligned faces and pictures in pixels.
        computed_by: the runtime's library and device.
    """

    name: str
    fingerprint: str
    schema: Schema
    modes: tuple[Mode, ...]
    draws: bool
    image_size: int
    computed_by: str


class Backend(Protocol):
    """Aligns, generates and draws; all methods belong to the event loop's thread and may run at the same time."""

    async def start(self) -> None:
        """Load the networks, check them with the golden vectors and warm up.

        Raises:
            F2PError: the networks cannot be loaded or compute something else than at the export.
        """
        ...

    async def stop(self) -> None:
        """Free what `start` took."""
        ...

    @property
    def served(self) -> ServedBundle:
        """The bundle; known once it has started."""
        ...

    async def align(self, content: bytes, name: str) -> AlignedFace:
        """Return the aligned face of a photo's file; see `align_content`."""
        ...

    async def generate(self, face: AlignedFace, mode: Mode, keep: Parameters | None) -> Generation:
        """Return the character of an aligned face, see `search.generate`."""
        ...

    async def draw(self, parameters: Parameters) -> bytes:
        """Return a character's picture by the imitator as a PNG file."""
        ...
