"""What it would take: the least change of levers that meets a target."""
