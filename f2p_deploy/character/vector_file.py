"""A character's raw vector, as runtimes and the engine link take it, and the description of its layout."""

import json

from f2p_deploy.character.parameters import Parameters, column_names

#: The suffix of the description, behind the vector's own name.
LAYOUT_SUFFIX = ".json"


def vector_bytes(parameters: Parameters) -> bytes:
    """Return n little-endian float32: controllers in [0, 1], then the probabilities of options."""
    return parameters.values.astype("<f4").tobytes()


def layout_text(parameters: Parameters) -> str:
    """Return the description of a vector: its type, its schema and the name of every entry."""
    schema = parameters.schema
    layout = {
        "format": "f2p-parameter-vector",
        "version": 1,
        "dtype": "<f4",
        "count": schema.n,
        "schema": schema.name,
        "schema_fingerprint": schema.fingerprint,
        "names": list(column_names(schema)),
    }
    return json.dumps(layout, indent=1, ensure_ascii=False) + "\n"
