"""Everything a page draws with: formats, instruments, panels, pressable tables, toasts.

The formats come from ``formats``, the instruments from ``markup``; colours are CSS variables
(style.css), so a switch of theme needs no rerun.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from marketpulse.types import Side
from pages.formats import (
    DASH,
    MINUS,
    Tone,
    age,
    duration,
    eastern,
    money,
    number,
    percent,
    price,
    quantity,
    tone,
    use_tone,
)
from pages.markup import (
    Column,
    Markup,
    badge,
    bar,
    bold,
    depth,
    dot,
    empty,
    esc,
    icon,
    join,
    kv,
    lean,
    link,
    note,
    press,
    progress,
    scroll,
    side,
    span,
    spark,
    stack,
    strip,
    table,
    tag,
    tiles,
    weight,
)
from pages.theme import Palette, is_dark, palette

__all__ = [
    "DASH",
    "MINUS",
    "REFRESH",
    "Column",
    "Markup",
    "Palette",
    "Tone",
    "age",
    "alone",
    "badge",
    "bar",
    "bold",
    "depth",
    "dot",
    "duration",
    "eastern",
    "empty",
    "esc",
    "html",
    "icon",
    "is_dark",
    "join",
    "kv",
    "lean",
    "link",
    "money",
    "note",
    "number",
    "palette",
    "panel",
    "percent",
    "pick_table",
    "press",
    "price",
    "progress",
    "quantity",
    "say",
    "scroll",
    "show_said",
    "side",
    "span",
    "spark",
    "stack",
    "strip",
    "style",
    "table",
    "tag",
    "ticket",
    "tiles",
    "title",
    "tone",
    "use_tone",
    "weight",
]  # fmt: skip

HERE = Path(__file__).parent
REFRESH = 2
"""Seconds between two looks at the Snapshot; the run_every of every live fragment."""


def html(body: object, *, width: Literal["stretch", "content"] = "stretch") -> None:
    """Draw markup in the desk's style."""
    st.html(f'<div class="mp">{esc(body)}</div>', width=width)


def style() -> None:
    """Put the style sheet on the page; dialogs hang outside the app, so they are told the scheme."""
    st.html(HERE / "style.css")
    st.html(f"<style>[data-testid=stDialog]{{color-scheme:{'dark' if is_dark() else 'light'}}}</style>")


def alone() -> Any:
    """A box of the page's own around one fragment that runs by itself.

    Streamlit (1.67) drops what a run has drawn but not yet sent when a timed run of the same
    fragment begins, and still says that the first run is finished; the browser then removes the
    fragment, and its neighbours move up into places that later drawings take for theirs, until the
    page goes white. A fragment alone in its box has no neighbours.
    """
    return st.container()


def panel(key: str, *, stretch: bool = True) -> Any:
    """A framed area; ``stretch`` fills its column."""
    return st.container(
        border=True, key=f"panel_{key}", gap="xsmall", height="stretch" if stretch else "content"
    )


def title(text: str, about: object = "") -> None:
    """A panel's name at the left, what it rests on in grey at the right."""
    html(Markup(f'<div class="title"><b>{esc(text)}</b><span class="muted small">{esc(about)}</span></div>'))


_PICK = st.components.v2.component(
    "marketpulse.pick_table",
    html='<div class="mp"></div>',
    js=(HERE / "pick_table.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def pick_table(
    markup: Markup,
    keys: Sequence[str],
    key: str,
    on_pick: Callable[[str], None] | None = None,
    label: str = "",
) -> str | None:
    """Draw a table whose rows and buttons can be pressed, by pointer or by Enter.

    Parameters
    ----------
    markup : made by ``table``
    keys : one per row; an empty string leaves a row dead
    on_pick : called once per press with the row's or the button's key, before the page runs again
    label : what a press on a row does, for screen readers

    Returns
    -------
    str or None
        The pressed key in the one run that follows a press, else None.
    """

    def report() -> None:
        picked = st.session_state[key].get("picked")
        if picked and on_pick:
            on_pick(str(picked))

    data = {"html": f"{markup}", "keys": list(keys), "label": label}
    picked = _PICK(key=key, data=data, height="content", on_picked_change=report).picked
    return str(picked) if picked else None


def say(sentence: str, symbol: str = "check_circle") -> None:
    """Keep a sentence for the next ``show_said``, so that a callback or a page switch can speak."""
    st.session_state.setdefault("said", []).append((sentence, symbol))


def show_said() -> None:
    """Show what was said since the last look, as toasts."""
    for sentence, symbol in st.session_state.pop("said", ()):
        st.toast(_plain(sentence), icon=f":material/{symbol}:")


def _plain(text: str) -> str:
    """Keep markdown's signs as text."""
    return "".join(f"\\{char}" if char in r"\`*_{}[]()#+-.!|$~:<>" else char for char in text)


def ticket(symbol: str, way: Side | None = None) -> None:
    """Go to the Orders page with the ticket filled in: ``?symbol=AAPL&side=buy``."""
    query = {"symbol": symbol} | ({"side": way.value} if way else {})
    st.switch_page("orders.py", query_params=query)
