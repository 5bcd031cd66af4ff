"""The paper's networks, table by table; each takes a width, so that the *paper* and *lite* sizes are the same code."""
