"""What the service on Ray is asked to be: the words of `serve run` and of a configuration file, checked."""

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, get_args

from f2p_deploy.pipeline.finder import FinderChoice
from f2p_deploy.service.limits import ServiceLimits, limits_of
from f2p_deploy.system.errors import InputError

#: Words for yes and no on a command line.
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

#: Most replicas of one deployment.
MOST_REPLICAS = 1000


class Replicas(NamedTuple):
    """How many replicas a deployment has.

    Args:
        least: at least so many.
        most: at most so many; more than `least` to follow the load.
    """

    least: int
    most: int

    @classmethod
    def parse(cls, text: str) -> "Replicas":
        """Read `2` or `1-8`.

        Raises:
            InputError: anything else.

        Example:
            >>> Replicas.parse("1-8")
            Replicas(least=1, most=8)
        """
        least, _, most = text.partition("-")
        if not least.isdecimal() or not (most or least).isdecimal():
            raise InputError(f"a number of replicas is a number such as 2, or a range such as 1-8; found {text[:40]!r}")
        found = cls(int(least), int(most or least))
        if not 1 <= found.least <= found.most <= MOST_REPLICAS:
            raise InputError(f"from 1 to {MOST_REPLICAS} replicas, the smaller number first; found {text[:40]!r}")
        return found


@dataclass(frozen=True)
class RayOrder:
    """The service on Ray; every field is a word of `serve run` and of a configuration file's `args`.

    Args:
        source: folder of an artifact or a bundle, the same on every machine that generates; None for the demo bundle.
        runtime: name of the runtime.
        fast: see `Runtime.fast`.
        landmarker: MediaPipe's model, on every machine that aligns; None to look for it.
        offline: find faces with the built-in networks.
        tokens: file of tokens, on every machine that has an ingress; None to answer this machine only.
        queue: see `ServiceLimits`, per ingress.
        upload_mb: most megabytes of a photo's file.
        megapixels: most million pixels of a photo.
        seconds: most time to generate.
        batch_ms: milliseconds that the first request of a batch waits.
        batching: compute requests together.
        lanes: batches that a generator computes at a time; None for as many as its cores, or two on a card.
        replicas: generators, `2` or `1-8`.
        aligners: replicas that align photos.
        ingresses: replicas that speak HTTP.
        cpus: cores of a generator.
        gpus: cards of a generator, such as 0.5; 0 to compute on the processor.
        ongoing: requests for each generator that the number of generators is chosen for, if it follows the load.
        grace: seconds that a replaced replica has to finish what it accepted.

    Raises:
        InputError: a value out of range.
    """

    source: str | None = None
    runtime: str = "auto"
    fast: bool | None = None
    landmarker: str | None = None
    offline: bool = False
    tokens: str | None = None
    queue: int | None = None
    upload_mb: float | None = None
    megapixels: float | None = None
    seconds: float | None = None
    batch_ms: float | None = None
    batching: bool = True
    lanes: int | None = None
    replicas: str = "1"
    aligners: str = "1"
    ingresses: str = "1"
    cpus: float = 1.0
    gpus: float = 0.0
    ongoing: float = 4.0
    grace: float = 60.0

    def __post_init__(self) -> None:
        for text in (self.replicas, self.aligners, self.ingresses):
            Replicas.parse(text)
        if not (0 < self.cpus < float("inf") and 0 <= self.gpus < float("inf")):
            raise InputError(f"a generator has some cores and perhaps a card; found cpus={self.cpus}, gpus={self.gpus}")
        if self.gpus > 1 and not self.gpus.is_integer():
            raise InputError(f"Ray gives a part of one card, or whole cards; found gpus={self.gpus}")
        if not (0 < self.ongoing < float("inf") and 0 <= self.grace < float("inf")):
            raise InputError(f"ongoing and grace are positive; found {self.ongoing} and {self.grace}")
        if self.lanes is not None and self.lanes < 1:
            raise InputError(f"a generator has at least one lane; found {self.lanes}")
        if self.offline and self.landmarker:
            raise InputError("offline means the built-in finder: leave out landmarker")
        self.limits()

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> "RayOrder":
        """Read the words of `serve run` (all strings), or `args` of a configuration file.

        Raises:
            InputError: an unknown word, or a value of another kind.

        Example:
            >>> RayOrder.from_words({"replicas": "1-4", "queue": "64"}).queue
            64
        """
        kinds = {field.name: field.type for field in fields(cls)}
        unknown = [word for word in words if word not in kinds]
        if unknown:
            raise InputError(f"no word {unknown[0]!r} for the service on Ray: there are {', '.join(kinds)}")
        return cls(**{name: _value(name, kinds[name], value) for name, value in words.items()})

    def words(self) -> dict[str, Any]:
        """Return what differs from the usual, as `from_words` reads it."""
        return {
            field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default
        }

    def limits(self) -> ServiceLimits:
        """Return the limits of a request and of an ingress' queue."""
        return limits_of(self.queue, self.upload_mb, self.megapixels, self.seconds, self.batch_ms)

    def finder(self) -> FinderChoice:
        """Return the choice of the finder."""
        return FinderChoice(landmarker=None if self.landmarker is None else Path(self.landmarker), offline=self.offline)


def _value(name: str, kind: Any, value: Any) -> Any:
    """Return a word's value as the type of its field."""
    options = get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if value is None and type(None) in options:
        return None
    wanted = options[0]
    text = str(value).strip()
    try:
        if wanted is bool:
            return _TRUTH[text.lower()]
        if wanted is str and isinstance(value, str | int):
            return text
        if wanted in (int, float) and not isinstance(value, bool):
            number = wanted(text)
            if math.isfinite(number):
                return number
    except (KeyError, ValueError):
        pass
    what = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[wanted]
    raise InputError(f"{name} is {what}, found {text[:80]!r}")
