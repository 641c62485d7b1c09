"""How far a price may be believed, in words and plates: its source, its age, and who agrees."""

from marketpulse.types import Agreement, Instrument, MarketDatum, SessionState, Snapshot, Witness
from pages import parts
from pages.parts import Markup

__all__ = [
    "agreement",
    "agreement_words",
    "basis",
    "dispute",
    "doubt",
    "origin",
    "plates",
    "seen",
    "witness_words",
]

SIMULATED = "made up by a seeded simulator; nobody trades at it"


def agreement_words(datum: MarketDatum) -> str:
    """How many sources tell this price, of how many that were heard: ``2 of 2``; or ``DISPUTED``."""
    if datum.disputed:
        return "DISPUTED"
    if datum.agreement is Agreement.ALONE:
        return "1 of 1"
    close = sum(1 for witness in datum.witnesses if abs(witness.difference) <= witness.tolerance)
    return f"{1 + close} of {1 + max(len(datum.witnesses), close)}"


def witness_words(witness: Witness, instrument: Instrument | None) -> str:
    """What one other source said: ``finnhub 19.58 (+0.02%, at most 1.00% agrees)``."""
    far = parts.percent(witness.difference, 2, plus=True)
    most = parts.percent(witness.tolerance, 2)
    return f"{witness.source} {parts.price(witness.price, instrument)} ({far}, at most {most} agrees)"


def seen(datum: MarketDatum, instrument: Instrument | None) -> str:
    """Everybody's price in one line, for a hint."""
    own = f"{datum.quote.source} {parts.price(datum.quote.price, instrument)}"
    if not datum.witnesses:
        return f"{own}; nobody else was heard lately"
    return "; ".join([own, *(witness_words(witness, instrument) for witness in datum.witnesses)])


def agreement(datum: MarketDatum, instrument: Instrument | None) -> Markup:
    """The words on a plate when the price is disputed, else in grey; who said what under the pointer."""
    words, hint = agreement_words(datum), seen(datum, instrument)
    return parts.tag(words, "warn", hint) if datum.disputed else parts.span(words, "muted", hint=hint)


def dispute(datum: MarketDatum, instrument: Instrument | None) -> str:
    """Say who disagrees and what that means; empty for a price that nobody disputes."""
    if not datum.disputed:
        return ""
    return f"Sources disagree: {seen(datum, instrument)}. No order is priced from it until they agree."


def doubt(symbol: str, now: Snapshot) -> Markup:
    """The dispute in a frame; nothing for a price that nobody disputes."""
    datum = now.market.get(symbol)
    said = dispute(datum, now.instruments.get(symbol)) if datum else ""
    return parts.note(said, "warn") if said else parts.esc("")


def plates(datum: MarketDatum, instrument: Instrument | None) -> list[Markup]:
    """STALE, DISPUTED and simulated, those that hold."""
    shown = [parts.tag("STALE", "warn", datum.why)] if datum.stale else []
    shown += [agreement(datum, instrument)] if datum.disputed else []
    return [*shown, parts.tag("simulated", "", SIMULATED)] if datum.simulated else shown


def origin(datum: MarketDatum, instrument: Instrument | None) -> Markup:
    """Plates, source, age and agreement in one short grey line."""
    closed = datum.session is SessionState.CLOSED and not datum.stale
    words: list[object] = [*plates(datum, instrument)]
    words += [] if datum.simulated else [datum.quote.source]
    words += ["closed" if closed else parts.age(datum.age)]
    words += [] if datum.disputed else [f"\u00b7 {agreement_words(datum)}"]
    return parts.span(parts.join(*words, by=" "), "muted", "small", hint=seen(datum, instrument))


def basis(datum: MarketDatum | None) -> str:
    """Source, age and agreement as plain words: ``tape, 2.0 s old, 1 of 1``."""
    if datum is None:
        return "no price yet"
    made_up = " (simulated)" if datum.simulated and datum.quote.source != "simulated" else ""
    return f"{datum.quote.source}{made_up}, {parts.age(datum.age)} old, {agreement_words(datum)}"
