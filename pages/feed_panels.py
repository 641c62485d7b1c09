"""The providers on the market page: matrix, failover log, quarantine, what is foreseen, what is held."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from marketpulse.types import (
    BudgetView,
    CellHealth,
    Coverage,
    Feed,
    PlanLine,
    ProviderHealth,
    Quarantined,
    Snapshot,
    StoreView,
    Switch,
)
from pages import parts
from pages.parts import Column, Markup, Tone
from pages.words import when

__all__ = [
    "coverage",
    "foresight",
    "matrix",
    "quarantine",
    "quarantine_about",
    "switches",
    "switches_about",
]

SHOWN = 8
"""Lines of a log; the rest is in REST and in the ledger's files."""

ARROW = "\u2192"

_CAPABILITIES = ("quote", "bars", "intraday", "book", "news", "stream")
_MARKETS = MappingProxyType({"equity": "shares", "crypto": "crypto", "index": "index"})
_PLATES: Mapping[str, tuple[str, Tone]] = MappingProxyType(
    {
        "closed": ("CLOSED", ""),
        "half_open": ("HALF OPEN", "warn"),
        "open": ("OPEN", "down"),
        "isolated": ("ISOLATED", "down"),
        "not_set": ("NOT SET", ""),
    }
)
_MATRIX = (
    Column("Provider"), Column("Market"), Column("Breaker"), *(Column(name.capitalize()) for name in _CAPABILITIES),
    Column("Errors", "right"), Column("Quota left"), Column("Last datum", "right"),
)  # fmt: skip
_SWITCHES = (
    Column("ET"),
    Column("What"),
    Column("Switch"),
    Column("Why", "wrap wide"),
    Column("Gap", "right"),
)
_QUARANTINE = (
    Column("ET"),
    Column("Symbol"),
    Column("From", "wide"),
    Column("Said", "right"),
    Column("Held", "right"),
    Column("Rule", "wrap"),
)
_PLAN = (Column("Foreseen"), Column("Calls", "right"), Column("Runs out", "right"), Column("", "wrap wide"))
_COVERAGE = (Column(""), Column("", "", "30%"), Column("", "right"), Column("", "right"))


# Matrix -------------------------------------------------------------------------------------------------


def matrix(now: Snapshot) -> Markup:
    """Each provider with what it can do, how fast, how often in vain, and what may still be asked."""
    if not now.providers:
        return parts.empty("No provider yet", "The desk names them as soon as it has asked the first one.")
    rows = [_provider(health, now) for health in now.providers]
    kinds = ["off" if health.state == "not_set" else "" for health in now.providers]
    said = [parts.span(sentence, "muted", "small", "block") for sentence in _notes(now)]
    return parts.join(parts.scroll(parts.table(_MATRIX, rows, row_kinds=kinds)), *said)


def _provider(health: ProviderHealth, now: Snapshot) -> tuple[object, ...]:
    cells = {cell.capability: cell for cell in health.cells}
    markets = dict.fromkeys(asked.rpartition(" ")[2] for asked in health.provides)
    told = ", ".join(_MARKETS.get(market, market) for market in markets) or parts.DASH
    made_up = parts.tag("simulated") if health.name == "simulated" else ""
    age = parts.age(now.age(health.last_good)) if health.last_good else parts.DASH
    return (
        parts.bold(health.name),
        parts.join(parts.span(told, "muted"), made_up, by=" " if made_up else ""),
        _breaker(health),
        *(_cell(cells.get(name)) for name in _CAPABILITIES),
        _errors(health),
        _quota(health),
        age,
    )


def _breaker(health: ProviderHealth) -> Markup:
    """The worst state of its cells, with what is wrong under the pointer."""
    word, kind = _PLATES.get(health.state, (health.state.upper(), "warn"))
    if health.state == "closed" and not health.ok:
        word, kind = "FAILING", "warn"
    waits = [c.retry for c in health.cells if c.state == "open" and c.retry]
    left = f" {parts.age(min(waits))}" if waits and health.state == "open" else ""
    why = [health.note, *(f"{c.capability}: {c.note or c.state}" for c in health.cells if c.note)]
    return parts.tag(f"{word}{left}", kind, "; ".join(part for part in why if part))


def _cell(cell: CellHealth | None) -> Markup:
    """A point of colour and p50 / p95 in milliseconds; a dash for what it is not asked for."""
    if cell is None:
        return parts.span(parts.DASH, "muted")
    kind: Tone = "muted" if cell.state == "closed" and cell.ok else "warn"
    if cell.state in ("open", "isolated"):
        kind = "down"
    slow = parts.span(f" / {_milliseconds(cell.p95)}", "muted")
    return parts.join(parts.dot(kind), parts.span(_milliseconds(cell.p50), hint=_cell_words(cell)), slow)


def _cell_words(cell: CellHealth) -> str:
    """Everything about one cell in a line."""
    asked = f"{cell.calls} calls, {parts.percent(cell.errors)} failed"
    again = f"tried again in {parts.age(cell.retry)}" if cell.retry else ""
    never = "not tried again before its key changes" if cell.retry is None else ""
    words = (
        cell.capability,
        _PLATES.get(cell.state, (cell.state,))[0].lower(),
        cell.note,
        asked,
        again,
        never,
    )
    return ", ".join(word for word in words if word)


def _milliseconds(seconds: float | None) -> str:
    if seconds is None:
        return parts.DASH
    if 0 < seconds < 5e-5:  # noqa: PLR2004 - half of the last digit
        return "<0.1"
    return parts.number(seconds * 1e3, 1 if seconds < 0.01 else 0)  # noqa: PLR2004 - 10 ms


def _errors(health: ProviderHealth) -> Markup:
    """Share of all its calls that failed: amber from 2 %, red from 10 %."""
    known = [cell for cell in health.cells if cell.errors is not None and cell.calls]
    if not known:
        return parts.span(parts.DASH, "muted")
    share = sum((cell.errors or 0.0) * cell.calls for cell in known) / sum(cell.calls for cell in known)
    kind: Tone = "down" if share >= 0.1 else "warn" if share >= 0.02 else ""  # noqa: PLR2004 - the two marks
    return parts.span(parts.percent(share), kind)


def _quota(health: ProviderHealth) -> Markup:
    """The scarcer of the minute's and the day's budget as a bar, with its words."""
    budget = health.budget
    if budget is None:
        return parts.span(parts.DASH if health.state == "not_set" else "no limit", "muted", "small")
    if budget.blocked > 0:
        wait = parts.span(f"too many; wait {parts.age(budget.blocked)}", "down", "small")
        return parts.join(parts.span(parts.bar(0.0), "quota"), wait)
    share, words = min(_shares(budget))
    kind: Tone = "down" if share < 0.1 else "warn" if share < 0.3 else "muted"  # noqa: PLR2004 - the two marks
    again = f"whole again {parts.eastern(budget.resets, '%a %H:%M')} ET" if budget.resets else ""
    return parts.join(
        parts.span(parts.bar(share, kind), "quota"), parts.span(words, "muted", "small", hint=again)
    )


def _shares(budget: BudgetView) -> Iterator[tuple[float, str]]:
    if budget.per_day and budget.left_day is not None:
        yield budget.left_day / budget.per_day, f"{budget.left_day:,} of {budget.per_day:,} / day"
    pace, whole = parts.number(budget.per_minute, 0), budget.burst or budget.per_minute
    now = parts.number(budget.left_minute, 0)
    yield (
        budget.left_minute / whole if whole else 0.0,
        f"{now} at once, {pace} / min" if budget.burst else f"{now} of {pace} / min",
    )


def _notes(now: Snapshot) -> Iterator[str]:
    """What is wrong with each provider, in words, and what would add one."""
    for health in now.providers:
        if health.state == "not_set" and now.feeds.missing:
            continue  # the sentence that says what to set stands below
        said = health.note.removeprefix(f"{health.name}: ")
        cells = "; ".join(f"{cell.capability} {cell.note}" for cell in health.cells if cell.note)
        both = "; ".join(dict.fromkeys(part for part in (said, cells) if part))
        if both:
            yield f"{health.name}: {both}."
    yield from now.feeds.missing


# Logs ---------------------------------------------------------------------------------------------------


def switches(now: Snapshot) -> Markup:
    """Each failover: who, to whom, why, and how long nobody answered."""
    shown = now.feeds.switches[:SHOWN]
    if not shown:
        words = "When a provider fails, another one answers; it is written here with its reason."
        if now.feed is Feed.REPLAY:
            words = "On replay no provider is asked. With MARKETPULSE_FEED=live in .env the real ones are."
        return parts.empty("Nobody had to step in", words)
    return parts.table(_SWITCHES, [_switch(one, now) for one in shown])


def _switch(one: Switch, now: Snapshot) -> tuple[object, ...]:
    way = f"{one.before} {ARROW} {one.after}" if one.before and one.after else one.after or one.before
    told = parts.bold(way) if one.after else parts.join(way, " ", parts.tag("nobody", "warn"))
    gap = f"{parts.number(one.gap, 1)} s" if one.gap is not None else parts.DASH
    why = parts.span(one.why, "muted", "small")
    return (
        parts.span(when(one.time, now.time), "muted", "small"),
        one.what,
        parts.join(told, parts.span(one.why, "narrow", "small", "muted")),
        why,
        gap,
    )


def switches_about(now: Snapshot) -> str:
    """How many, and the longest gap."""
    gaps = [one.gap for one in now.feeds.switches if one.gap is not None]
    longest = f" \u00b7 longest gap {parts.number(max(gaps), 1)} s" if gaps else ""
    return f"{len(now.feeds.switches)} switches{longest}" if now.feeds.switches else ""


def quarantine(now: Snapshot) -> Markup:
    """What was not believed: who said it, what stays instead, and by which rule."""
    shown = now.feeds.quarantine[:SHOWN]
    if not shown:
        return parts.empty(
            "Nothing is in quarantine", "What a rule does not believe waits here, never shown."
        )
    return parts.table(_QUARANTINE, [_disbelieved(one, now) for one in shown])


def _disbelieved(one: Quarantined, now: Snapshot) -> tuple[object, ...]:
    return (
        parts.span(when(one.received, now.time), "muted", "small"),
        parts.bold(one.symbol),
        parts.span(one.source, "muted"),
        parts.span(one.said, "warn"),
        parts.price(one.held, now.instruments.get(one.symbol)),
        parts.span(one.reason if one.kind == "quote" else f"{one.kind} {one.reason}", "muted", "small"),
    )


def quarantine_about(now: Snapshot) -> str:
    """How much was looked at."""
    feeds = now.feeds
    if not feeds.judged:
        return "the tape is exempt: its great falls were real" if now.feed is Feed.REPLAY else ""
    return f"{feeds.disbelieved:,} of {feeds.judged:,} data \u00b7 never shown, filled or booked"


def foresight(now: Snapshot) -> Markup:
    """What the planner asks of each provider, and what will run out."""
    lines = sorted(now.feeds.plan, key=lambda line: not line.sentence)
    if not lines:
        return parts.empty("Nothing to plan", "Providers on this machine have no quota that could run out.")
    told = [
        parts.span(f"{line.provider}: {line.sentence}", "narrow", "small") for line in lines if line.sentence
    ]
    return parts.join(parts.table(_PLAN, [_plan(line, now) for line in lines]), *told)


def _plan(line: PlanLine, now: Snapshot) -> tuple[object, ...]:
    calls = f"{parts.number(line.calls, 0 if line.calls >= 10 else 1)} / min"  # noqa: PLR2004 - two digits suffice
    end = parts.span(when(line.runs_out, now.time), "warn") if line.runs_out else parts.span("never", "muted")
    return parts.bold(line.provider), calls, end, parts.span(line.sentence, "muted", "small")


# Store --------------------------------------------------------------------------------------------------


def coverage(now: Snapshot) -> Markup:
    """How much the store holds, and what that saved the providers."""
    rows = [_covered(one) for one in now.feeds.coverage]
    held = parts.table(_COVERAGE, rows) if rows else parts.span("Nothing is counted yet.", "muted", "small")
    return parts.join(held, parts.span(_saved(now.feeds.store), "muted", "small", "block"))


def _covered(one: Coverage) -> tuple[object, ...]:
    kind: Tone = "warn" if one.share is not None and one.share < 0.9 else "muted"  # noqa: PLR2004 - the mark
    return one.what, parts.bar(one.share, kind), parts.percent(one.share), parts.span(one.span, "muted")


def _saved(store: StoreView) -> str:
    if store.hit_rate is None:
        return "No bars were asked for yet."
    said = f"The store answered {parts.percent(store.hit_rate)} of {store.asked:,} requests for bars"
    if store.gain is None:
        return f"{said}."
    return (
        f"{said}, {parts.number(store.gain, 0)} times faster than a provider "
        f"({_milliseconds(store.store_seconds)} against {_milliseconds(store.provider_seconds)} ms)."
    )
