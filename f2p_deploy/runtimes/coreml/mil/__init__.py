"""Core ML's own language of programs, MIL: what a saved package says, computed without Core ML."""
