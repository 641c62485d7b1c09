"""Find instruments by a part of their symbol or name, and the nearest ones when nothing fits."""

from collections.abc import Iterable
from difflib import get_close_matches

from marketpulse.types.instrument import Instrument

__all__ = ["matching", "nearest"]

_SURE = 0.5  # how like a name must be to be offered, 0 to 1


def matching(text: str, instruments: Iterable[Instrument], most: int = 10) -> list[Instrument]:
    """Instruments whose symbol or name holds ``text``, the best first, in any case.

    A symbol that is the text comes before one that begins with it, then names in which a word begins
    with it, then symbols and names that hold it anywhere.
    """
    wanted = _plain(text)
    if not wanted:
        return []
    ranked = [(rank, one) for one in instruments if (rank := _rank(wanted, one)) is not None]
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])][:most]


def nearest(text: str, instruments: Iterable[Instrument], most: int = 3) -> list[Instrument]:
    """Instruments whose symbol, name or a word of it looks like ``text``, the likest first."""
    words: dict[str, Instrument] = {}
    for one in instruments:
        said = (one.symbol, one.slug, one.symbol.split("/")[0], one.name, *one.name.split())
        words |= {word.casefold(): one for word in said}
    close = get_close_matches(text.strip().casefold(), words, n=2 * most, cutoff=_SURE)
    return list({words[word].symbol: words[word] for word in close}.values())[:most]


def _rank(wanted: str, one: Instrument) -> int | None:
    symbol, name = _plain(one.symbol), one.name.casefold()
    if wanted in (symbol, symbol.split("-")[0], name):
        return 0
    if symbol.startswith(wanted):
        return 1
    if any(word.startswith(wanted) for word in (name, *name.split())):
        return 2
    return 3 if wanted in symbol or wanted in name else None


def _plain(text: str) -> str:
    return text.strip().casefold().replace("/", "-")
