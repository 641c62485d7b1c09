"""Small instruments as HTML: tags, bars, lines, tables. Text becomes markup only here.

Every function escapes what it is given, unless it is ``Markup``, which only this module makes. So what
a provider wrote can never become an element.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from marketpulse.types import Side
from pages.formats import Tone, percent

__all__ = [
    "Column",
    "Markup",
    "badge",
    "bar",
    "bold",
    "depth",
    "dot",
    "empty",
    "esc",
    "icon",
    "join",
    "kv",
    "lean",
    "link",
    "note",
    "press",
    "progress",
    "scroll",
    "side",
    "span",
    "spark",
    "stack",
    "strip",
    "table",
    "tag",
    "tiles",
    "weight",
]


class Markup(str):
    """Text that is already HTML; only this module makes it, out of escaped parts."""

    __slots__ = ()


def esc(value: object) -> Markup:
    """Escape anything but Markup."""
    return value if isinstance(value, Markup) else Markup(escape(str(value)))


def join(*items: object, by: object = "") -> Markup:
    """Put pieces side by side, each escaped."""
    return Markup(esc(by).join(esc(item) for item in items))


def span(text: object, *kinds: str, hint: str = "") -> Markup:
    """Text with classes: a tone, ``small``; ``hint`` is shown under the pointer."""
    return Markup(f'<span class="{escape(" ".join(kinds))}"{_hint(hint)}>{esc(text)}</span>')


def bold(text: object, kind: Tone = "") -> Markup:
    """Text of weight."""
    inner = span(text, kind) if kind else esc(text)
    return Markup(f"<b>{inner}</b>")


def stack(first: object, second: object) -> Markup:
    """Two lines in one cell, the second small and grey."""
    return join(first, Markup("<br>"), span(second, "muted", "small"))


def icon(name: str) -> Markup:
    """One Material symbol of the font that Streamlit ships."""
    return Markup(f'<span class="icon" translate="no" aria-hidden="true">{escape(name)}</span>')


def tag(text: object, kind: Tone = "", hint: str = "") -> Markup:
    """A word on a small plate: STALE, simulated, filled; ``hint`` is shown under the pointer."""
    return Markup(f'<span class="tag {kind}"{_hint(hint)}>{esc(text)}</span>')


def side(value: Side) -> Markup:
    """BUY in green, SELL in red."""
    return bold(value.upper(), "up" if value is Side.BUY else "down")


def dot(kind: Tone = "") -> Markup:
    """A point of colour before a word."""
    return Markup(f'<span class="dot {kind}"></span>')


def bar(fraction: float | None, kind: Tone = "accent", mark: float | None = None) -> Markup:
    """A bar from 0 to 1; ``mark`` is a tick on it, a limit or a base rate."""
    width = min(max(fraction or 0.0, 0.0), 1.0)
    at = "" if mark is None else f'<u style="left:calc({min(max(mark, 0), 1):.1%} - 1px)"></u>'
    return Markup(f'<span class="bar {kind}"><i style="width:{width:.1%}"></i>{at}</span>')


def lean(fraction: float, kind: Tone = "accent") -> Markup:
    """A bar from the middle: right for up to +1, left for down to -1."""
    size = min(abs(fraction), 1.0) / 2
    start = 0.5 if fraction > 0 else 0.5 - size
    return Markup(
        f'<span class="bar {kind}"><i style="left:{start:.1%};width:{size:.1%}"></i>'
        '<u style="left:calc(50% - 1px)"></u></span>'
    )


def progress(fraction: float, text: object) -> Markup:
    """A bar of something under way, with its sentence below."""
    return Markup(f'<div class="progress">{bar(fraction)}{span(text, "muted", "small")}</div>')


def weight(fraction: float | None, full: float = 1.0, kind: Tone = "accent") -> Markup:
    """A bar and its percentage in one cell; ``full`` is the fraction that fills the bar."""
    return Markup(
        f'<span class="weight">{bar((fraction or 0) / full, kind)}<span>{percent(fraction)}</span></span>'
    )


def spark(values: Sequence[float], kind: Tone = "muted", *, width: int = 72, height: int = 16) -> Markup:
    """A line with a faint area below it; nothing for fewer than two numbers.

    st.html drops <svg>, so the line is a box cut to a polygon, as thick across as along.
    """
    known = [float(value) for value in values if math.isfinite(value)]
    if len(known) < 2:  # noqa: PLR2004 - a line needs two points
        return Markup("")
    low, high = min(known), max(known)
    scale = (height - 3) / (high - low) if high > low else 0.0
    points = [
        (width * i / (len(known) - 1), height - 1.5 - (value - low) * scale if scale else height / 2)
        for i, value in enumerate(known)
    ]
    area = _polygon([(0.0, float(height)), *points, (float(width), float(height))], width, height)
    line = _polygon(_band(points, 0.7), width, height)
    return Markup(
        f'<span class="spark {kind}" style="width:{width}px;height:{height}px">'
        f'<i style="clip-path:{area}"></i><i style="clip-path:{line}"></i></span>'
    )


def _band(points: list[tuple[float, float]], half: float) -> list[tuple[float, float]]:
    """The outline of a line, ``half`` pixels to either side of it."""
    upper, lower = [], []
    for i, (x, y) in enumerate(points):
        before, after = points[max(i - 1, 0)], points[min(i + 1, len(points) - 1)]
        run, rise = after[0] - before[0], after[1] - before[1]
        length = math.hypot(run, rise) or 1.0
        upper.append((x + half * rise / length, y - half * run / length))
        lower.append((x - half * rise / length, y + half * run / length))
    return upper + lower[::-1]


def _polygon(points: Iterable[tuple[float, float]], width: int, height: int) -> str:
    corners = ",".join(f"{100 * x / width:.1f}% {100 * y / height:.1f}%" for x, y in points)
    return f"polygon({corners})"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : its head, may be empty
    kinds : ``right``, ``center``, ``wrap``, and ``wide`` (left out on a phone), with spaces between
    width : a CSS width, or none
    """

    name: object = ""
    kinds: str = ""
    width: str = ""


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[object]],
    *,
    row_kinds: Sequence[str] = (),
    fills: Sequence[float] = (),
) -> Markup:
    """A table.

    Parameters
    ----------
    row_kinds : for each row ``on`` (chosen), ``bad``, ``off``, ``asks``, ``bids`` or nothing
    fills : for each row how far its colour reaches from the right, 0 to 1
    """

    def opening(element: str, column: Column) -> str:
        kinds = f' class="{escape(column.kinds)}"' if column.kinds else ""
        width = f' style="width:{escape(column.width)}"' if column.width and element == "th" else ""
        return f"<{element}{kinds}{width}>"

    head = "".join(f"{opening('th', column)}{esc(column.name)}</th>" for column in columns)
    body = []
    for i, row in enumerate(rows):
        kind = escape(row_kinds[i]) if i < len(row_kinds) else ""
        cells = zip(columns, row, strict=True)
        fill = f' style="--fill:{min(max(fills[i], 0.0), 1.0):.1%}"' if i < len(fills) else ""
        body.append(
            f'<tr class="{kind}"{fill}>' + "".join(f"{opening('td', c)}{esc(v)}</td>" for c, v in cells)
        )
    named = f"<thead><tr>{head}</tr></thead>" if any(column.name for column in columns) else ""
    return Markup(f"<table>{named}<tbody>{'</tr>'.join(body)}</tr></tbody></table>")


def scroll(body: object) -> Markup:
    """What may be wider than a phone: it scrolls inside its panel, its first column stays."""
    return Markup(f'<div class="scroll" tabindex="0">{esc(body)}</div>')


def depth(bids: Sequence[tuple[float, float]], asks: Sequence[tuple[float, float]]) -> Markup:
    """Cumulative (place, sum) steps of both sides of a book, both 0 to 1, growing away from the middle."""
    sides = "".join(
        f'<i class="{kind}" style="clip-path:{_corners(area)}"></i>'
        f'<i class="{kind}" style="clip-path:{_corners(area[1:-1], lean)}"></i>'
        for kind, area, lean in (("up", _stairs(bids, 0.0), -1.4), ("down", _stairs(asks, 1.0), 1.4))
        if area
    )
    return Markup(f'<div class="depth">{sides}</div>')


def _stairs(steps: Sequence[tuple[float, float]], end: float) -> list[tuple[float, float]]:
    """The outline of the area below the steps, as (right, down) fractions; the last step reaches ``end``."""
    if not steps:
        return []
    outline, height = [(steps[0][0], 1.0)], 1.0
    for place, total in steps:
        outline.append((place, height))
        height = 1.0 - total
        outline.append((place, height))
    return [*outline, (end, height), (end, 1.0)]


def _corners(outline: Sequence[tuple[float, float]], lean: float = 0.0) -> str:
    """A polygon; with ``lean`` only the line along it, that many pixels thick."""
    points = [f"{x:.2%} {y:.2%}" for x, y in outline]
    if lean:
        points += [f"calc({x:.2%} + {lean}px) calc({y:.2%} + {abs(lean)}px)" for x, y in reversed(outline)]
    return f"polygon({','.join(points)})"


def kv(items: Iterable[tuple[object, object, object]], columns: int = 4) -> Markup:
    """A grid of (name, value, context); two columns on a phone."""
    cells = "".join(
        f"<div><small>{esc(name)}</small><strong>{esc(value)}</strong>"
        f"{f'<em>{esc(context)}</em>' if context else ''}</div>"
        for name, value, context in items
    )
    return Markup(f'<div class="kv" style="--columns:{columns}">{cells}</div>')


def tiles(items: Iterable[tuple[object, object, object, object]]) -> Markup:
    """Framed key numbers: (name, value, context, spark)."""
    cells = "".join(
        f'<div class="tile"><div><small>{esc(name)}</small><strong>{esc(value)}</strong>'
        f"<em>{esc(context)}</em></div>{esc(picture)}</div>"
        for name, value, context, picture in items
    )
    return Markup(f'<div class="tiles">{cells}</div>')


def note(text: object, kind: Tone = "") -> Markup:
    """A framed sentence."""
    return Markup(f'<div class="note {kind}">{esc(text)}</div>')


def empty(head: object, text: object) -> Markup:
    """What stands where nothing is yet, and says what to do."""
    return Markup(f'<div class="empty"><b>{esc(head)}</b><p>{esc(text)}</p></div>')


def badge(text: object, symbol: str = "", kind: Tone = "", hint: str = "") -> Markup:
    """One plate of the status strip; ``hint`` is shown under the pointer."""
    picture = icon(symbol) if symbol else ""
    return Markup(f'<span class="badge {kind}"{_hint(hint)}>{picture}{esc(text)}</span>')


def link(text: object, address: str) -> Markup:
    """A way out of the desk, in a tab of its own; nothing is fetched before it is pressed.

    An address that is not https, as a provider may send, stays text.
    """
    if not address.startswith("https://"):
        return esc(text)
    return Markup(f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{esc(text)}</a>')


def _hint(text: str) -> str:
    return f' title="{escape(text)}"' if text else ""


def strip(badges: Iterable[Markup], clock: object = "") -> Markup:
    """The row of badges, with the clock at its right end."""
    return Markup(f'<div class="strip">{"".join(badges)}<span class="clock">{esc(clock)}</span></div>')


def press(label: object, key: str, *, disabled: bool = False, hint: str = "") -> Markup:
    """A button inside a ``pick_table``; pressing it reports ``key`` instead of the row's."""
    off = " disabled" if disabled else ""
    return Markup(
        f'<button type="button" data-key="{escape(key)}" aria-label="{escape(hint or str(label))}"{off}>{esc(label)}</button>'
    )
