"""The desk from a terminal: ``python -m marketpulse``."""

from marketpulse.cli.entry import main
from marketpulse.cli.starting import running_sentence

__all__ = ["main", "running_sentence"]
