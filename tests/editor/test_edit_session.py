"""What a page is told at its start, and saving."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from f2p_deploy.character.parameter_files import read_parameters, write_parameters
from f2p_deploy.character.parameters import Parameters, average
from f2p_deploy.editor.character_file import ChangedOnDisk
from f2p_deploy.editor.edit_session import EditSession
from f2p_deploy.editor.edit_start import EditStart
from f2p_deploy.editor.plain_errors import Stopped
from f2p_deploy.runtimes import Runtime
from f2p_deploy.system.errors import InputError


def test_the_facts_of_an_empty_start(open_session: Callable[..., EditSession]) -> None:
    facts = json.loads(json.dumps(open_session().describe()))
    schema = facts["schema"]
    assert schema["name"] == "makehuman"
    assert {"name", "group", "standard", "low", "high"} <= set(schema["controllers"][0])
    assert any(controller.get("asymmetric") for controller in schema["controllers"])
    assert facts["imageSize"] == 256 and facts["modes"] == ["one-shot", "iterative", "hybrid"]
    assert facts["bundle"] == "demo" and facts["computedBy"].startswith("onnxruntime")
    assert set(facts["unread"]) <= {controller["name"] for controller in schema["controllers"]}
    assert (facts["engine"], facts["saves"], facts["start"]) == (None, False, {})


def test_a_photo_is_for_the_page_to_open(open_session: Callable[..., EditSession], photo: Path) -> None:
    facts = open_session(photo).describe()
    assert facts["start"] == {"name": "astronaut", "dropped": "astronaut.png"} and not facts["saves"]


def test_a_character_is_saved_where_it_came_from(open_session: Callable[..., EditSession], run_folder: Path) -> None:
    path = run_folder / "anna" / "parameters.json"
    session = open_session(path)
    start = session.describe()["start"]
    assert start["name"] == "anna" and start["photo"] is None
    values = np.array(start["parameters"]["values"], np.float32)
    schema = session.bench.runtime.schema
    assert np.array_equal(values, average(schema).values)
    edited = Parameters(schema, values).with_values({"nose.width": 0.9}).lock("nose.width")
    saved = session.save(None, edited, start["version"], overwrite=False)
    assert saved["path"] == str(path) and session.saved == [path] and read_parameters(path, schema) == edited
    write_parameters(path, average(schema))
    with pytest.raises(ChangedOnDisk):
        session.save(None, edited, saved["version"], overwrite=False)
    session.save(None, edited, saved["version"], overwrite=True)
    assert session.saved == [path] and read_parameters(path, schema) == edited


def test_an_entry_that_is_saved_is_changed(open_session: Callable[..., EditSession], run_folder: Path) -> None:
    session = open_session(run_folder)
    entry = session.describe_entry("ben & co")
    edited = average(session.bench.runtime.schema).with_values({"nose.width": 0.9})
    session.save("ben & co", edited, entry["version"], overwrite=False)
    assert [one["state"] for one in session.describe()["start"]["sheet"]] == ["open", "changed"]
    assert session.thumbnail("anna").shape == (192, 192, 3)
    with pytest.raises(InputError, match="no entry"):
        session.save("../x", edited, "", overwrite=True)


def test_a_review_that_cannot_be_written_is_a_warning_beside_the_saved_character(
    open_session: Callable[..., EditSession], run_folder: Path
) -> None:
    session = open_session(run_folder)
    entry = session.describe_entry("anna")
    edited = average(session.bench.runtime.schema).with_values({"nose.width": 0.9})
    (run_folder / "review.json").mkdir()
    saved = session.save("anna", edited, entry["version"], overwrite=False)
    assert saved["warning"]["kind"] == "invalid-input" and "review.json" in saved["warning"]["message"]
    assert session.save("anna", edited, saved["version"], overwrite=False)["version"] == saved["version"]


def test_what_came_from_no_file_is_not_saved(open_session: Callable[..., EditSession]) -> None:
    session = open_session()
    with pytest.raises(InputError, match="came from no file: download it instead"):
        session.save(None, average(session.bench.runtime.schema), "", overwrite=True)
    with pytest.raises(InputError, match="no folder was opened"):
        session.describe_entry("anna")


def test_a_character_of_another_schema_is_refused_at_the_start(demo_runtime: Runtime, tmp_path: Path) -> None:
    from f2p_deploy.character.schema import load_schema

    path = tmp_path / "parameters.json"
    write_parameters(path, average(load_schema("justice-girl")))
    with pytest.raises(InputError, match="'schema' must be 'makehuman', found 'justice-girl'"):
        EditSession(EditStart(path, character=path)).check(demo_runtime.schema)


def test_an_error_while_loading_reaches_those_who_wait() -> None:
    session = EditSession(EditStart())
    session.fail(InputError("no such bundle"))
    with pytest.raises(InputError, match="no such bundle"):
        session.describe()


def test_ctrl_c_while_loading_does_not_interrupt_other_threads() -> None:
    session = EditSession(EditStart())
    session.fail(KeyboardInterrupt())
    with pytest.raises(Stopped):
        session.describe()
