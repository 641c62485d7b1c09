"""The proofs of the order path: kills, failing disks, crowds, simulated days, and mistakes that must be caught."""

from marketpulse.prove.entry import main

__all__ = ["main"]
