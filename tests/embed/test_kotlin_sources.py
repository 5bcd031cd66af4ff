"""The generated Kotlin: the operations of the description, with the same words and numbers as everywhere."""

import re
from pathlib import Path

from f2p_deploy.embed import kotlin_sources
from f2p_deploy.embed.interface import ERRORS, MODES_IN_SWIFT, OPERATIONS
from f2p_deploy.embed.sources import capitals


def declared(text: str) -> dict[str, list[str]]:
    """Return the names of the arguments of each function in an interface or a class."""
    found = re.findall(r"fun (\w+)\((.*?)\)(?:: \w+)?(?: =| \{|\n)", text, re.DOTALL)
    return {name: re.findall(r"(\w+): ", listed) for name, listed in found}


def test_the_interface_has_every_operation_and_the_class_keeps_it() -> None:
    functions = declared(kotlin_sources.kotlin_interface())
    kotlin = Path(kotlin_sources.__file__).parent / "android_module/src/main/kotlin/f2p/kit/CharacterGenerator.kt"
    for operation in OPERATIONS:
        names = [argument.name for argument in operation.arguments]
        assert functions[operation.name] == names
        written = re.findall(rf"override suspend fun {operation.name}\((.*?)\)", kotlin.read_text(), re.DOTALL)
        assert re.findall(r"(\w+): ", written[0]) == names


def test_calls_that_wait_take_what_other_languages_have() -> None:
    functions = declared(kotlin_sources.kotlin_blocking_generator())
    assert functions["align"] == ["photo", "width", "height"]
    assert functions["generate"] == ["face", "mode", "keep", "progress"]
    assert {operation.name for operation in OPERATIONS} <= set(functions)


def test_the_words_have_the_same_numbers_everywhere() -> None:
    interface = kotlin_sources.kotlin_interface()
    for word in ERRORS:
        assert f"    {capitals(word.name)}({word.code}),\n" in interface
    for word in MODES_IN_SWIFT:
        assert f'    {capitals(word.name)}({word.code}, "{word.text}"),\n' in interface
    assert "Bool?" not in interface and "nil" not in interface


def test_the_table_of_the_page() -> None:
    table = kotlin_sources.kotlin_table()
    assert "| `warmUp(mode, fast)` | `warmUp(mode)` |" in table
    assert len(table.splitlines()) == 2 + len(OPERATIONS)
