"""The generated files: the same functions, with the same arguments, in every language."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from f2p_deploy.embed import sources
from f2p_deploy.embed.interface import C_TYPES, ENTRIES, ERRORS, MODES_IN_SWIFT, OPERATIONS, UNITS, c_name

FUNCTIONS = {entry.name for entry in ENTRIES} | {c_name(operation) for operation in OPERATIONS}


def split(arguments: str) -> list[str]:
    return [argument.strip() for argument in arguments.split(",") if argument.strip()]


def in_c() -> dict[str, list[str]]:
    """Return the types of each function in the header."""
    found = re.findall(r"^(?:void|int32_t) (f2p_\w+)\((.*)\);$", sources.c_header(), re.MULTILINE)
    return {name: [re.sub(r"\w+$", "", argument) for argument in split(listed)] for name, listed in found}


def test_every_function_is_declared_in_c_defined_in_swift_and_imported_in_c_sharp() -> None:
    declared = in_c()
    assert set(declared) == FUNCTIONS
    swift = re.findall(
        r'@_cdecl\("(f2p_\w+)"\)\n\s*func \w+\((.*?)\)(?: -> Int32)? \{', sources.swift_entry_points(), re.DOTALL
    )
    imported = re.findall(r"public static extern \w+ (f2p_\w+)\((.*)\);", sources.c_sharp())
    assert {name for name, _ in swift} == FUNCTIONS == {name for name, _ in imported}
    for name, listed in swift:
        assert [re.sub(r"^_ \w+: ", "", a) for a in split(listed)] == [C_TYPES[t][0] for t in declared[name]], name
    for name, listed in imported:
        assert [re.sub(r" \w+$", "", a) for a in split(listed)] == [C_TYPES[t][1] for t in declared[name]], name


def test_the_protocol_has_every_operation_and_the_class_keeps_it() -> None:
    interface = sources.swift_interface()
    generator = (Path(sources.__file__).parent / "F2PKit/Sources/F2PCore/CharacterGenerator.swift").read_text()
    for operation in OPERATIONS:
        (declared,) = re.findall(rf"    func {operation.name}\((.*?)\) async throws(.*)", interface)
        written = re.findall(rf"public func {operation.name}\(([^)]*)\)", generator)
        kept = [re.sub(r"\s+", " ", found) for found in written]
        # Some arguments have defaults in the class, which a protocol cannot have.
        plain = [re.sub(r" = [^,]+", "", found).strip() for found in kept]
        assert declared[0] in plain, operation.name


def test_the_words_have_the_same_numbers_everywhere() -> None:
    header, interface, imports = sources.c_header(), sources.swift_interface(), sources.c_sharp()
    for word in ERRORS:
        capitals = re.sub(r"([a-z])([A-Z])", r"\1_\2", word.name).upper()
        assert f"F2P_{capitals} = {word.code}," in header
        assert f"case {word.name} = {word.code}\n" in interface
        assert f"{word.name[0].upper()}{word.name[1:]} = {word.code}" in imports
    for word in MODES_IN_SWIFT:
        assert f'case {word.name} = "{word.text}"' in interface
        assert f"case {word.code}: self = .{word.name}" in interface
    assert "F2P_UNITS_CPU_AND_NEURAL_ENGINE = 3," in header
    assert [word.code for word in UNITS] == [0, 1, 2, 3]  # as in MLComputeUnits
    assert "f2p_warm_up" in in_c() and "F2P_MODE_ONE_SHOT = 0" in header


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
@pytest.mark.parametrize("language", ["c", "c++"])
def test_a_compiler_takes_the_header(tmp_path: Path, language: str) -> None:
    (tmp_path / "f2pkit.h").write_text(sources.c_header())
    main = tmp_path / "main.c"
    main.write_text('#include "f2pkit.h"\nint32_t (*call)(F2PGenerator *, int32_t, char **) = f2p_warm_up;\n')
    line = ["cc", "-x", language, "-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", str(main)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if language == "c++" and "cc1plus" in done.stderr:
        pytest.skip("no C++ compiler")
    assert done.returncode == 0, done.stderr


def test_the_table_of_the_page() -> None:
    table = sources.interface_table()
    generate = "| `generate(face:mode:keep:fast:progress:)` | `f2p_generate` |"
    assert f"{generate} Makes a character from an aligned face |" in table
    assert len(table.splitlines()) == 2 + len(OPERATIONS)
