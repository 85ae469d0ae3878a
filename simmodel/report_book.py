"""A dossier as a workbook."""
from .dossier import Dossier
from .words import Language
MADE_BY = "simmodel report"
def book(dossier: Dossier, language: Language, command: str) -> bytes:
    return b""
