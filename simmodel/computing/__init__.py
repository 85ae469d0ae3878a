"""Work that knows no demography: processes, checkpoints, progress, files written whole."""
