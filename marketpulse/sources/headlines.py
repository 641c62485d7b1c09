"""News as a vendor gives it, made safe to show: one line of plain text, newest first."""

import html
import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from marketpulse.errors import BadData
from marketpulse.types import Headline

__all__ = ["headline", "newest_first"]

_TITLE = 300  # characters
_PUBLISHER = 80
_ADDRESS = 2_000
_MOST = 30  # headlines kept of one answer
_UNREADABLE = (BadData, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def headline(symbol: str, time: datetime, title: Any, *, url: Any, publisher: Any, source: str) -> Headline:
    """Build one piece of news from a vendor's fields; a title without text comes out empty."""
    return Headline(
        symbol,
        time=time,
        title=_line(title, _TITLE),
        url=_address(url),
        publisher=_line(publisher, _PUBLISHER),
        source=source,
    )


def newest_first(
    items: Any, read: Callable[[Any], Headline], source: str, now: datetime
) -> Sequence[Headline]:
    """Read a vendor's list item by item; what is unreadable, empty or from the future is left out.

    Raises
    ------
    BadData
        It is no list, or not one of its items could be read.
    """
    if not isinstance(items, list):
        raise BadData(f"{source}: the news had an unexpected shape")
    found = []
    for item in items:
        try:
            found.append(read(item))
        except _UNREADABLE:
            continue  # one odd item does not spoil the others
    if items and not found:
        raise BadData(f"{source}: no headline could be read")
    known: dict[str, Headline] = {}
    for item in sorted(found, key=lambda h: h.time, reverse=True):
        if item.title and item.time <= now:
            known.setdefault(item.title, item)
    return tuple(known.values())[:_MOST]


def _line(text: Any, most: int) -> str:
    """Return one line of visible characters, cut at ``most``; anything but text is nothing.

    Control and format characters go, those that turn the writing direction round among them.
    """
    if not isinstance(text, str):
        return ""
    plain = html.unescape(text[: 10 * most])
    visible = (" " if c.isspace() else c for c in plain if c.isspace() or unicodedata.category(c)[0] != "C")
    line = " ".join("".join(visible).split())
    return line if len(line) <= most else line[: most - 1] + "…"


def _address(text: Any) -> str:
    """Return an https address as it came, or nothing."""
    if not isinstance(text, str) or len(text) > _ADDRESS:
        return ""
    if any(c.isspace() or unicodedata.category(c)[0] == "C" for c in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme == "https" and parts.hostname else ""
