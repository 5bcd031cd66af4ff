"""The table of one part: its columns, and the entries of its schema that say what it was made of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from f2p_deploy.bulk.photo_rows import Row
from f2p_deploy.character.parameters import column_names
from f2p_deploy.character.schema import Schema
from f2p_deploy.pipeline.kept import Conditions

#: The prefix of the entries in a Parquet file's schema, and the version of the table.
ENTRY, FORMAT = "f2p_deploy.", "1"


@dataclass(frozen=True)
class BulkConditions:
    """Everything that all parts of a bulk job depend on.

    Args:
        source: fingerprint of the source, see `f2p_deploy.bulk.bulk_source.Survey`.
        photos: number of photos in the source.
        rows: number of photos in each part but the last.
        mode: the mode that was asked for.
        made: everything else that characters depend on.
        columns: what is read of the source's tables; empty if it has none.
    """

    source: str
    photos: int
    rows: int
    mode: str
    made: Conditions
    columns: str = ""

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.photos // self.rows)

    def rows_in(self, part: int) -> int:
        """Return the number of photos in a part."""
        return min(self.rows, self.photos - part * self.rows)

    def entries(self) -> dict[str, str]:
        """Return the entries of a part's schema, without prefix; two jobs with the same make the same rows."""
        return {
            "format": FORMAT,
            "version": self.made.version,
            "source": self.source,
            "photos": str(self.photos),
            "rows": str(self.rows),
            "mode": self.mode,
            "bundle": self.made.bundle,
            "made_by": self.made.made_by,
            "finder": self.made.finder,
            **({"columns": self.columns} if self.columns else {}),
        }


def table_bytes(rows: Sequence[Row], schema: Schema, entries: Mapping[str, str]) -> bytes:
    """Return the content of a Parquet file; the same rows give the same bytes.

    Args:
        rows: see `f2p_deploy.bulk.photo_rows.rows_of`.
        schema: of the characters.
        entries: further entries of the file's schema.
    """
    import pyarrow as pa
    from pyarrow import parquet

    named = {
        "schema": schema.name,
        "schema_fingerprint": schema.fingerprint,
        "parameters": json.dumps(column_names(schema), ensure_ascii=False),
    }
    metadata = {f"{ENTRY}{name}": value for name, value in {**entries, **named}.items()}
    table = pa.Table.from_pylist([_plain(row) for row in rows], _columns(metadata))
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue().to_pybytes())


def parameter_names(metadata: Mapping[bytes, bytes] | None) -> list[str]:
    """Return the name of each entry of the column `parameters`, from the metadata of a Parquet file's schema."""
    return list(json.loads((metadata or {})[f"{ENTRY}parameters".encode()]))


def _plain(row: Row) -> Row:
    """Return a row without NumPy's types."""
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in row.items()}


def _columns(metadata: Mapping[str, str]) -> Any:
    """Return the columns; those that do not apply to a row are null."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    read = {"from": text, "option": text, "confidence": number, "next": text, "next_confidence": number}
    face = {"faces": pa.int32(), "sharpness": number, "brightness": number, "eye_distance": number}
    face |= {"yaw": number, "pitch": number, "residual": number, "finder": text}
    columns = {
        "index": pa.int64(),
        "key": text,
        "shard": text,
        "sha256": text,
        "status": text,
        "error": text,
        "mode": text,
        "mode_reason": text,
        "parameters": pa.list_(pa.float32()),
        "read": pa.map_(text, pa.struct(list(read.items()))),
        "losses": pa.list_(number),
        "face": pa.struct(list(face.items())),
        "warnings": pa.list_(text),
    }
    return pa.schema(list(columns.items()), metadata=dict(metadata))
