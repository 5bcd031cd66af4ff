"""The engine that is a folder of pictures, for engines that render offline."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from f2p_deploy.character.parameters import check_vectors
from f2p_deploy.engine.engine import Rendering, Scene
from f2p_deploy.engine.link.sample_folder import SAMPLES_FILE, SampleFolder, read_sampling, scenes_of
from f2p_deploy.engine.pairs import MANIFEST, PairSet, write_pairs
from f2p_deploy.engine.scenes import FRONT_VIEW
from f2p_deploy.system.errors import InputError


class FolderEngine:
    """The `Engine` that gives the pictures of a folder of samples or of rendered pairs.

    It answers for characters and scenes that are in the folder, with exactly the same float32 numbers, and in the
    folder's size.

    Args:
        folder: a folder of samples, see `SampleFolder`, or of rendered pairs, see `PairSet`.

    Raises:
        InputError: the folder is neither.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._source: SampleFolder | PairSet
        if (self.folder / SAMPLES_FILE).is_file():
            self._source = SampleFolder(self.folder)
            count, scenes = self._source.count, self._source.scenes()
        else:
            self._source = PairSet(self.folder)
            count = len(self._source)
            scenes = scenes_of(read_sampling(self._source.manifest.get("sampling"), self.folder / MANIFEST), count)
        self.schema, self.size = self._source.schema, self._source.size
        self._places: dict[bytes, dict[Scene, int]] = {}
        for i in range(count):
            self._places.setdefault(self._source.parameters[i].tobytes(), {}).setdefault(scenes[i], i)

    def render(self, parameters: np.ndarray, size: int, scene: Scene = FRONT_VIEW) -> Rendering:
        """Return the picture of one character; see `Engine.render`.

        Raises:
            InputError: the folder lacks this character, this scene or this size, or the picture is not there yet.
        """
        values = check_vectors(parameters, self.schema).astype("<f4")
        if size != self.size:
            raise InputError(f"{self.folder} has pictures of {self.size} pixels, asked for {size}")
        places = self._places.get(values.tobytes())
        if places is None:
            raise InputError(
                f"{self.folder} has no picture of this character: 'f2p-deploy engine sample --character FILE' says "
                "what to render"
            )
        if scene not in places:
            raise InputError(f"{self.folder} has this character, but not with this pose, light and crop")
        i, source = places[scene], self._source
        landmarks = source.landmarks(i) if isinstance(source, PairSet) else {}
        return Rendering(source.image(i), source.labels(i), landmarks)

    def render_many(
        self, batch: np.ndarray, size: int, scenes: Iterable[Scene] | None = None, workers: int = 1
    ) -> Iterator[Rendering]:
        """Return the pictures of (N, n) parameters in order; `workers` makes no difference."""
        views = [FRONT_VIEW] * len(batch) if scenes is None else list(scenes)
        for parameters, scene in zip(batch, views, strict=True):
            yield self.render(parameters, size, scene)


def collect_samples(folder: Path, out: Path, progress: Callable[[int, int], None] | None = None) -> PairSet:
    """Make rendered pairs from a folder of samples whose pictures are all there.

    Args:
        folder: the samples, see `SampleFolder.faults` for what is missing.
        out: the folder of pairs.
        progress: called with the number of finished records and the count.

    Raises:
        InputError: a picture is missing or wrong, or the samples are given characters, which are no training data.
    """
    samples = SampleFolder(folder)
    if samples.sampling is None:
        raise InputError(f"{folder} holds given characters, not random ones: use it with --engine-at {folder}")
    return write_pairs(
        FolderEngine(folder), out, samples.count, samples.sampling, samples.size, progress=progress
    )
