"""Face verification by the parameters of characters: the measurement of Table 6."""
