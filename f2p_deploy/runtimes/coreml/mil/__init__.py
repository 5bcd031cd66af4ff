"""An interpreter of MIL, the intermediate language of Core ML programs, for machines without Core ML."""
