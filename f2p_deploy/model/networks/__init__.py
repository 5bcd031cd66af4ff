"""The paper's networks, one module a table; a width scales each, so that *paper* and *lite* share the code."""
