"""``python -m simmodel`` is the command line."""

from .cli import main

main()
