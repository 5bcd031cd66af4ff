"""The table of a part: its columns, its entries, and the same bytes for the same rows."""

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from f2p_deploy.bulk.part_table import BulkConditions, parameter_names, table_bytes
from f2p_deploy.bulk.photo_refs import PhotoRef
from f2p_deploy.bulk.photo_rows import killed_row
from f2p_deploy.character.parameters import average, column_names
from f2p_deploy.pipeline.kept import Conditions

if TYPE_CHECKING:
    from f2p_deploy.runtimes import Runtime

parquet = pytest.importorskip("pyarrow.parquet")

MADE = Conditions("1.0", "bundle", "onnxruntime abc", "networks", None, None, None)


def test_a_table_has_a_row_for_every_photo_and_says_what_it_was_made_of(demo_runtime: "Runtime") -> None:
    schema = demo_runtime.schema
    values = average(schema).values
    face = {"faces": 1, "sharpness": 90.0, "yaw": None, "finder": "networks"}
    read = [("hair", {"from": "photo", "option": "long01", "confidence": 0.9, "next": "bob01", "next_confidence": 0.1})]
    made = {"index": 0, "key": "a", "status": "ok", "parameters": values, "read": read, "face": face, "warnings": ["w"]}
    rows = [made, killed_row(PhotoRef(1, "b.jpg", "b.jpg"), "ended")]
    content = table_bytes(rows, schema, {"mode": "auto"})
    assert content == table_bytes(rows, schema, {"mode": "auto"})
    table = parquet.read_table(io.BytesIO(content))
    assert table.schema.field("parameters").type.value_type == "float"
    assert parameter_names(table.schema.metadata) == list(column_names(schema))
    assert table.schema.metadata[b"f2p_deploy.mode"] == b"auto"
    assert table.schema.metadata[b"f2p_deploy.schema"] == schema.name.encode()
    one, two = table.to_pylist()
    assert np.array(one["parameters"], np.float32).tobytes() == values.tobytes()
    assert one["read"] == read and one["face"]["sharpness"] == 90.0 and one["face"]["pitch"] is None
    assert (two["status"], two["parameters"], two["face"]) == ("killed", None, None)


def test_conditions_divide_photos_into_parts() -> None:
    conditions = BulkConditions("abc", 10, 4, "auto", MADE)
    assert conditions.parts == 3 and [conditions.rows_in(part) for part in range(3)] == [4, 4, 2]
    others = (
        replace(conditions, source="d"), replace(conditions, mode="one-shot"), replace(conditions, rows=5),
        replace(conditions, made=replace(MADE, made_by="x")), replace(conditions, made=replace(MADE, finder="x")),
    )  # fmt: skip
    assert all(other.entries() != conditions.entries() for other in others)
