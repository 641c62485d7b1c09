"""The folders of ensembles that nothing names any more are removed; whatever is in use stays."""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

__all__ = ["prune"]

_VERSION = re.compile("[0-9a-f]{16}")


def prune(folder: Path, used: Iterable[str]) -> tuple[str, ...]:
    """Remove every version below ``folder`` but those in ``used`` and those a JSON file beside them names.

    To be called while no training runs, since one that does has written what no document names yet.
    What cannot be removed stays until the next time.

    Parameters
    ----------
    folder : as handed to ``packing.pack``; one that is not there is none
    used : versions that serve, are on trial, or may be fallen back on

    Returns
    -------
    tuple of str
        The versions that are gone.
    """
    kept = set(used)
    if not folder.is_dir():
        return ()
    for pointer in sorted(folder.glob("*.json")):  # of a network, which has no document in the store
        try:
            kept |= set(_VERSION.findall(pointer.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return ()  # what cannot be read may name anything
    gone = []
    for place in sorted(folder.iterdir()):
        if place.name in kept or not _VERSION.fullmatch(place.name):
            continue
        shutil.rmtree(place, ignore_errors=True)  # never follows a link
        if not place.exists():
            gone.append(place.name)
    return tuple(gone)
