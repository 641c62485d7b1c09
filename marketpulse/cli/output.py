"""Plain text for a terminal, or JSON for a program."""

import json
from collections.abc import Mapping, Sequence

__all__ = ["as_json", "pairs", "table", "text"]


def text(value: object) -> str:
    """Make one cell: yes or no for truth, a dash for nothing, and no control characters ever."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(c if c.isprintable() else " " for c in str(value))


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Lay rows out in columns as wide as their widest cell.

    Examples
    --------
    >>> print(table(("symbol", "price"), [("AAPL", 571.53)]), end="")
    symbol  price
    AAPL    571.53
    """
    cells = [list(header), *([text(value) for value in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(header))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(line.rstrip() + "\n" for line in lines)


def pairs(values: Mapping[str, object]) -> str:
    """Lay names and values out in two columns."""
    width = max(map(len, values))
    return "".join(f"{name.ljust(width)}  {text(value)}\n" for name, value in values.items())


def as_json(value: object) -> str:
    """Give the desk's answer as it came, readable."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
