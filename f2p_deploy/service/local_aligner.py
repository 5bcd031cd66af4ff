"""Reads and aligns photos in this process, in threads of their own."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from f2p_deploy.alignment import AlignedFace, LandmarkFinder
from f2p_deploy.model.settings import BundleSettings
from f2p_deploy.pipeline.made_character import align_content

#: Edge of the picture in which the finder looks for faces at the start, so that its networks are loaded.
_FIRST = 256


class LocalAligner:
    """A finder of faces in this process; all methods belong to the event loop's thread.

    Args:
        open_finder: opens the finder; called once, in a thread.
        most_pixels: a photo with more is refused before it is decoded.
        threads: photos at a time.
    """

    def __init__(self, open_finder: Callable[[], LandmarkFinder], most_pixels: int, threads: int) -> None:
        self._open_finder = open_finder
        self._most_pixels = most_pixels
        self._threads = ThreadPoolExecutor(threads, "f2p-align")

    async def start(self) -> None:
        """Load the finder.

        Raises:
            F2PError: it cannot be loaded.
        """
        self.finder = await asyncio.get_running_loop().run_in_executor(self._threads, self._load)

    def _load(self) -> LandmarkFinder:
        finder = self._open_finder()
        finder.find(np.full((_FIRST, _FIRST, 3), 128, np.uint8))
        return finder

    async def stop(self) -> None:
        """End the threads once they have finished what they compute."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def align(self, content: bytes, name: str, settings: BundleSettings) -> AlignedFace:
        """Return the aligned face of a photo's file for a bundle of these settings; see `align_content`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._threads, align_content, content, name, self.finder, settings, self._most_pixels, True
        )
