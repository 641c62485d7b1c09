"""What the ticket would do: eight numbers, one verdict, and every gate."""

from collections.abc import Mapping
from itertools import zip_longest

import streamlit as st

from marketpulse import desk
from marketpulse.types import Change, Check, Preview, Snapshot
from pages import parts, risk_stress, ticket
from pages.parts import Column, Markup

__all__ = ["draw", "key_values"]

_NAMES = (
    "Notional",
    "Position after",
    "Share of equity",
    "Cash after",
    "VaR 99%, 1 d",
    "Expected fill",
    "Fees",
    "Slippage",
)
_COLUMNS = (
    Column("Check", "nowrap", "15%"),
    Column("", "wrap wide", ""),
    Column("Use", "", "10%"),
    Column("Value", "right", "11%"),
    Column("Limit", "right", "11%"),
)

_BESIDE = (
    Column("Check", "wrap"),
    Column("Use", "", "14%"),
    Column("Value", "right"),
    Column("Limit", "right"),
)


def draw(preview: Preview | None, why: str, raw: Mapping[str, object], snapshot: Snapshot) -> None:
    """Draw the panel; without a preview, ``why`` says what is missing."""
    parts.title("Preview", f"as you type · prices of {parts.eastern(snapshot.time)} ET")
    parts.html(parts.kv(key_values(preview, snapshot)))
    _verdict(preview, why, raw)
    if preview is None:
        return
    if preview.sizing is None and not preview.stress:
        _all_gates(preview)
        return
    left, right = st.columns([1, 1.08], gap="small")
    with left:
        risk_stress.size(preview.sizing, str(raw.get("quantity", "")))
        risk_stress.stress_after(preview.stress, snapshot.valuation.equity)
    with right:
        _all_gates(preview, beside=True)


def _all_gates(preview: Preview, *, beside: bool = False) -> None:
    """Every gate: those that compare something in a table, the plain ones below.

    Parameters
    ----------
    beside : the sizes stand beside it, so only what fails or warns has room for its sentence
    """
    refused, total = len(preview.failed), len(preview.checks)
    parts.title("Gates", f"{total - refused} of {total} pass")
    plain = [check for check in preview.checks if _is_plain(check)]
    telling = [check for check in preview.checks if not _is_plain(check)]
    if telling:
        parts.html(_gates(telling, beside=beside))
    if plain and beside:
        names = ", ".join(check.label.lower() for check in plain)
        parts.html(parts.span(f"{len(plain)} more pass: {names}.", "muted", "small"))
    elif plain:
        parts.html(_passes(plain))


def key_values(preview: Preview | None, snapshot: Snapshot) -> list[tuple[str, str, str]]:
    """The eight numbers of the preview, each with what it is to be held against."""
    seen = preview or Preview(None, ())
    value = snapshot.valuation
    symbol = seen.request.symbol if seen.request else ""
    instrument, datum = snapshot.instruments.get(symbol), snapshot.market.get(symbol)

    if seen.reference_price is None:
        return [(name, parts.DASH, "") for name in _NAMES]

    def share(amount: float | None) -> str:
        return parts.percent(amount / value.equity) if amount is not None and value.equity else ""

    def points(amount: float | None) -> str:
        """Basis points of the order's value."""
        return f"{amount / seen.notional * 1e4:.1f} bps" if amount is not None and seen.notional else ""

    last = f"last {parts.price(datum.quote.price, instrument)}" if datum else ""
    values = (
        (parts.money(seen.notional), _of(share(seen.notional), "of equity")),
        (parts.quantity(seen.position_after), _of("from", parts.quantity(seen.position_before))),
        (parts.percent(seen.weight_after), "position after the fill"),
        (parts.money(seen.cash_after), _of("from", parts.money(value.buying_power))),
        (parts.money(seen.var_after, 0), _var_context(seen)),
        (parts.price(seen.reference_price, instrument), last),
        (parts.money(seen.fees), points(seen.fees)),
        (parts.money(seen.slippage), points(seen.slippage)),
    )
    return [(name, text, context) for name, (text, context) in zip(_NAMES, values, strict=True)]


def _var_context(seen: Preview) -> str:
    """What the VaR was before, and the expected shortfall beside it."""
    if seen.var_after is None:
        return seen.var_note
    before = _of("from", parts.money(seen.var_before, 0))
    return before if seen.es_after is None else f"{before} · ES {parts.money(seen.es_after, 0)}"


def _of(first: str, second: str) -> str:
    return f"{first} {second}" if first and second != parts.DASH else ""


def _verdict(preview: Preview | None, why: str, raw: Mapping[str, object]) -> None:
    """One bar of one height, whatever it says, with the change that would pass in it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="verdict", wrap=False):
        if preview is None:
            parts.html(parts.span(why, "muted"))
        elif preview.ok:
            parts.html(_passed(preview))
        else:
            change = desk.current().change(raw)
            parts.html(_refused(preview, change))
            if change:
                typed = (change.text,) if change.field == "quantity" else (change.field, change.text)
                st.button(
                    f"Use {change.text}",
                    key="use",
                    type="primary",
                    on_click=ticket.set_quantity if change.field == "quantity" else ticket.set_price,
                    args=typed,
                )


def _passed(preview: Preview) -> Markup:
    warned = [check for check in preview.checks if check.advisory and not check.passed]
    if warned:
        return parts.join(parts.bold("Passes, with a warning. ", "warn"), warned[0].sentence)
    used = [check for check in preview.checks if check.use is not None and not check.advisory]
    tightest = max(used, key=lambda check: check.use or 0, default=None)
    told = f"Tightest: {tightest.label.lower()} {tightest.value} of {tightest.limit}. " if tightest else ""
    said = f"{told}Nothing is sent before you confirm."
    return parts.join(parts.bold(f"All {len(preview.checks)} checks pass. "), said)


def _refused(preview: Preview, change: Change | None) -> Markup:
    first, *rest = preview.failed
    more = f" {len(rest)} more {'fails' if len(rest) == 1 else 'fail'}." if rest else ""
    way = f" A {change.words} of {change.text} passes every check." if change else ""
    return parts.join(
        parts.span("", "refused"),
        parts.bold("Refused. ", "down"),
        first.sentence,
        parts.span(more + way, "muted"),
    )


def _is_plain(check: Check) -> bool:
    """A gate that was passed and has nothing to compare; its sentence says it all."""
    return check.passed and not check.value and not check.limit and check.use is None


def _passes(checks: list[Check]) -> Markup:
    """Plain gates, two to a row."""
    cells: list[object] = [
        parts.join(parts.span("✓", "muted", "mark"), parts.span(check.sentence, "muted", "small"))
        for check in checks
    ]
    half = (len(cells) + 1) // 2
    columns = (Column("", "wrap hang", "50%"), Column("", "wrap hang", "50%"))
    return parts.table(columns, list(zip_longest(cells[:half], cells[half:], fillvalue="")))


def _gates(checks: list[Check], *, beside: bool) -> Markup:
    """Every check; the first one that refuses is marked over its whole row."""
    first = next((check for check in checks if not check.passed and not check.advisory), None)
    rows = [_gate(check, beside=beside) for check in checks]
    return parts.table(
        _BESIDE if beside else _COLUMNS, rows, row_kinds=["bad" if check is first else "" for check in checks]
    )


def _gate(check: Check, *, beside: bool) -> tuple[object, ...]:
    """One row: mark and name, sentence (below the name where there is no room beside it), use, value, limit."""
    warns = check.advisory and not check.passed
    fails = not check.passed and not check.advisory
    kind: parts.Tone = "down" if fails else "warn" if warns or parts.use_tone(check.use) == "warn" else ""
    mark = parts.span("✕" if fails else "!" if warns else "✓", kind or "muted", "mark")
    name = parts.join(mark, parts.bold(check.label) if fails else check.label)
    if fails or warns:
        below = ("small", "muted") if beside else ("narrow", "small", "muted")
        name = parts.join(name, Markup("<br>") if beside else "", parts.span(check.sentence, *below))
    used = "" if check.use is None else parts.bar(check.use, kind or "muted")
    value = parts.span(check.value, kind) if kind else check.value
    numbers = used, value, parts.span(check.limit, "muted")
    return (name, *numbers) if beside else (name, parts.span(check.sentence, "muted", "small"), *numbers)
