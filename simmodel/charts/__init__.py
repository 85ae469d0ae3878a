"""Every chart: data in, a Figure out, and their common style and labels."""
