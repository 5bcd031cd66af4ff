"""The machine and the process: errors, files, names, threads, signals, optional packages, progress."""
