"""Create a folder of characters from photos, with a page: `f2p-deploy run`."""

from f2p_deploy.pipeline.character_set import CharacterSet, open_character_set
from f2p_deploy.pipeline.characters import create_characters
from f2p_deploy.pipeline.finder import ChosenFinder, check_finder, choose_finder_for
from f2p_deploy.pipeline.mode import MODES
from f2p_deploy.pipeline.results import Created, Failed, Report

__all__ = [
    "MODES",
    "CharacterSet",
    "ChosenFinder",
    "Created",
    "Failed",
    "Report",
    "check_finder",
    "choose_finder_for",
    "create_characters",
    "open_character_set",
]
