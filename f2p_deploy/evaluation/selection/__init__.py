"""The subjective evaluation: people select the best of several methods' characters, as in Tables 7 and 9."""
