"""A CSV file that a person hands to a verb: every way it cannot be read has one sentence."""

import csv
import math
from pathlib import Path

from marketpulse.cli.client import Said

__all__ = ["BAD", "Lines", "bad_cell", "cell", "number", "read_lines"]

BAD = "BAD_FILE"
_LONGEST = 40  # characters of a cell that a sentence repeats

Lines = list[tuple[int, list[str]]]
"""Rows that hold something, each with its line in the file, from 1."""


def read_lines(path: Path) -> Lines:
    """Read the rows that are not empty.

    Raises
    ------
    Said
        ``NO_FILE`` or ``BAD_FILE``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [(line, row) for line, row in enumerate(csv.reader(file), 1) if any(map(str.strip, row))]
    except FileNotFoundError:
        raise Said("NO_FILE", f"{path} is not there.") from None
    except OSError as error:
        raise Said(BAD, f"{path} cannot be read ({error.strerror}).") from None
    except (UnicodeDecodeError, csv.Error):
        raise Said(BAD, f"{path} is not a CSV file in UTF-8.") from None


def cell(path: Path, line: int, row: list[str], at: int) -> str:
    """Return one cell without the space around it.

    Raises
    ------
    Said
        ``BAD_FILE``: the row is too short.
    """
    try:
        return row[at].strip()
    except IndexError:
        raise Said(BAD, f"Line {line} of {path} has no column {at + 1}.") from None


def number(path: Path, line: int, row: list[str], at: int) -> float:
    """Read one cell as a number; NaN where it is empty.

    Raises
    ------
    Said
        ``BAD_FILE``.
    """
    text = cell(path, line, row, at)
    try:
        return float(text) if text else math.nan
    except ValueError:
        raise bad_cell(path, line, text, "holds", "not a number") from None


def bad_cell(path: Path, line: int, text: str, holds: str, what: str) -> Said:
    """Say what a cell is not, and repeat a sentence's worth of it."""
    shown = repr(text if len(text) <= _LONGEST else text[:_LONGEST] + "...")
    return Said(BAD, f"Line {line} of {path} {holds} {shown}, which is {what}.")
