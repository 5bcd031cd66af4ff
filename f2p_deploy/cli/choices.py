"""The words that options accept, read from the registries when help or shell completion needs them."""

from collections.abc import Callable, Sequence
from typing import Any

from typer.core import TyperCommand


class CommandWithChoices(TyperCommand):
    """A command whose help texts may name a registry, such as `{targets}`; the help lists the registry's words."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, with the words of registries filled in."""
        for parameter in self.params:
            text = getattr(parameter, "help", None)
            if not text:
                continue
            for registry in REGISTRIES:
                if f"{{{registry}}}" in text:
                    text = text.replace(f"{{{registry}}}", ", ".join(words_of(registry)) or "see the documentation")
            parameter.help = text  # type: ignore[attr-defined]
        super().format_help(ctx, formatter)


def complete(registry: str) -> Callable[[str], list[str]]:
    """Return the shell completion for words of a registry; it also completes after a comma."""

    def completed(incomplete: str) -> list[str]:
        before, comma, begun = incomplete.rpartition(",")
        return [f"{before}{comma}{word}" for word in words_of(registry) if word.startswith(begun)]

    return completed


def words_of(registry: str) -> tuple[str, ...]:
    """Return the words of a registry; none if a package that it needs is not installed."""
    try:
        return tuple(REGISTRIES[registry]())
    except ModuleNotFoundError:
        return ()


def _modes() -> Sequence[str]:
    from f2p_deploy.pipeline.mode import MODES

    return MODES


def _measured_modes() -> Sequence[str]:
    from f2p_deploy.model.result import MODES

    return MODES


def _timed_modes() -> Sequence[str]:
    from f2p_deploy.evaluation.speed.request import MODES

    return (*MODES, "all")


def _embedded_modes() -> Sequence[str]:
    from f2p_deploy.embed.embedded_modes import WANTED

    return WANTED


def _targets() -> Sequence[str]:
    from f2p_deploy.cli.export_repository import TRITON
    from f2p_deploy.export.targets import TARGETS

    return (*TARGETS, TRITON)


def _runtimes() -> Sequence[str]:
    from f2p_deploy.runtimes import RUNTIMES

    return ("auto", *(name for name, kind in RUNTIMES.items() if kind.suffixes))


def _contenders() -> Sequence[str]:
    from f2p_deploy.evaluation.speed.request import CONTENDERS

    return CONTENDERS


def _stages() -> Sequence[str]:
    from f2p_deploy.training.presets import STAGES

    return (*STAGES, "all")


def _presets() -> Sequence[str]:
    from f2p_deploy.training.presets import PRESETS

    return tuple(PRESETS)


def _networks() -> Sequence[str]:
    from f2p_deploy.model.networks.table import REQUIRED_NETWORKS

    return REQUIRED_NETWORKS


def _flavors() -> Sequence[str]:
    from f2p_deploy.export.tensorrt.tensorrt_flavors import FLAVORS

    return tuple(FLAVORS)


def _graphs() -> Sequence[str]:
    from f2p_deploy.export.plan import INT8_GRAPHS

    return INT8_GRAPHS


def _releases() -> Sequence[str]:
    from f2p_deploy.export.targets.coreml_target import IOS

    return tuple(IOS)


def _storages() -> Sequence[str]:
    from f2p_deploy.model.settings import STORAGES

    return STORAGES


def _splits() -> Sequence[str]:
    from f2p_deploy.training.data.photo_choice import SPLITS

    return SPLITS


def _schemas() -> Sequence[str]:
    from f2p_deploy.character.schema import shipped_schemas

    return shipped_schemas()


def _formats() -> Sequence[str]:
    from f2p_deploy.pipeline.written_formats import format_names

    return format_names()


#: Functions that list a registry's words, by the name that help texts use.
REGISTRIES: dict[str, Callable[[], Sequence[str]]] = {
    "modes": _modes,
    "measured_modes": _measured_modes,
    "timed_modes": _timed_modes,
    "embedded_modes": _embedded_modes,
    "targets": _targets,
    "runtimes": _runtimes,
    "contenders": _contenders,
    "stages": _stages,
    "presets": _presets,
    "networks": _networks,
    "flavors": _flavors,
    "graphs": _graphs,
    "releases": _releases,
    "splits": _splits,
    "storages": _storages,
    "schemas": _schemas,
    "formats": _formats,
}
