"""The order book on the market page: ladder, depth picture, and what a size would cost."""

from itertools import accumulate

from marketpulse.types import AssetClass, Book, Instrument, Side, Snapshot
from pages import parts
from pages.order_form import number_or_none
from pages.parts import Column, Markup

__all__ = ["cost", "first_size", "ladder", "no_book", "picture"]

LEVELS = 10
"""Levels shown of each side."""

_Cumulative = list[tuple[float, float, float]]


def ladder(book: Book, instrument: Instrument) -> Markup:
    """Asks above, bids below, each with its size and the sum from the middle, which its colour shows."""
    asks, bids = _summed(book.asks[:LEVELS]), _summed(book.bids[:LEVELS])
    full = max(asks[-1][2], bids[-1][2]) or 1.0
    places = _places(book)
    unit = instrument.symbol.split("/")[0] if instrument.asset_class is AssetClass.CRYPTO else "units"
    columns = (
        Column(f"Price {instrument.currency}"),
        Column(f"Size {unit}", "right"),
        Column("Sum", "right"),
    )

    def row(level: tuple[float, float, float], kind: parts.Tone) -> tuple[object, ...]:
        at, size, total = level
        sums = parts.span(parts.number(total, places), "muted")
        return parts.span(parts.price(at, instrument), kind), parts.number(size, places), sums

    middle = (
        parts.bold(parts.price(book.mid, instrument)),
        "",
        parts.span(_middle(book, instrument), "muted", "small"),
    )
    rows = [*(row(level, "down") for level in reversed(asks)), middle, *(row(level, "up") for level in bids)]
    kinds = [*("asks" for _ in asks), "middle", *("bids" for _ in bids)]
    fills = [*(level[2] / full for level in reversed(asks)), 0.0, *(level[2] / full for level in bids)]
    return parts.span(parts.table(columns, rows, row_kinds=kinds, fills=fills), "ladder")


def _middle(book: Book, instrument: Instrument) -> str:
    points = book.spread / book.mid * 1e4 if book.mid else None
    return (
        f"spread {parts.price(book.spread, instrument)} \u00b7 {parts.number(points)} bps \u00b7 "
        f"imbalance {parts.percent(book.imbalance(), 0, plus=True)}"
    )


def _summed(side: tuple[tuple[float, float], ...]) -> _Cumulative:
    totals = accumulate(quantity for _, quantity in side)
    return [(price, quantity, total) for (price, quantity), total in zip(side, totals, strict=True)]


def _places(book: Book) -> int:
    """Decimals that show the smallest of the first sizes with two digits."""
    least = min((q for _, q in (*book.asks[:LEVELS], *book.bids[:LEVELS]) if q > 0), default=1.0)
    return next((places for places in range(8) if least * 10**places >= 10), 8)  # noqa: PLR2004 - two digits


def picture(book: Book, instrument: Instrument) -> Markup:
    """How many units wait within a distance of the middle, over all levels that the venue gave."""
    asks, bids = _summed(book.asks), _summed(book.bids)
    reach = max(book.mid - bids[-1][0], asks[-1][0] - book.mid)
    full = max(asks[-1][2], bids[-1][2])
    if not reach > 0 or not full > 0:
        return Markup("")

    def place(level: tuple[float, float, float]) -> tuple[float, float]:
        return 0.5 + 0.5 * (level[0] - book.mid) / reach, level[2] / full

    drawn = parts.depth([place(level) for level in bids], [place(level) for level in asks])
    top = parts.number(full, 0 if full >= 100 else 2)  # noqa: PLR2004 - as many digits as help
    about = f"{parts.price(book.mid, instrument)} \u00b7 {top} units at the top"
    ends = (parts.price(book.mid - reach, instrument), about, parts.price(book.mid + reach, instrument))
    scale = parts.span(parts.join(*(parts.span(end) for end in ends)), "ends", "muted", "small")
    return parts.join(drawn, scale)


def first_size(book: Book) -> str:
    """A round size worth about 10,000 in the book's currency, to start from."""
    if not book.mid > 0:
        return "1"
    exact = 10_000 / book.mid
    digits = f"{exact:.0e}"  # one digit that counts
    return parts.quantity(float(digits)).replace(",", "")


def cost(book: Book, text: str, instrument: Instrument) -> Markup:
    """What buying and selling so many units at once would cost against the middle."""
    size = number_or_none(text)
    if size is None:
        return parts.span("Type a positive size to see what it would cost.", "muted", "small")
    return parts.kv([_walked(book, side, float(size), instrument) for side in Side], 2)


def _walked(book: Book, side: Side, size: float, instrument: Instrument) -> tuple[object, object, object]:
    walk = book.walk(side, size)
    name = f"{side.capitalize()} {parts.quantity(size)}"
    if walk.average is None or walk.slippage is None:
        return name, parts.DASH, "the book shown is too thin for that"
    points = f"{parts.number(walk.slippage * 1e4, plus=True)} bps"
    return name, points, f"at {parts.price(walk.average, instrument)} on average"


def no_book(instrument: Instrument, now: Snapshot) -> Markup:
    """Say why there is none, and what to do."""
    if instrument.asset_class is not AssetClass.CRYPTO:
        where = "on the tape: shares have none here" if now.replay else "of shares or an index on this desk"
        have = ", ".join(list(now.books)[:4])
        return parts.empty(
            f"No order book {where}", f"Choose a pair to see one: {have}." if have else "Pairs have one."
        )
    if now.replay:
        return parts.empty(
            "No order book of a simulated pair",
            "Books come from Binance and Bybit: set MARKETPULSE_FEED=live in .env and start again.",
        )
    return parts.empty(
        "No order book now", "No venue has one that holds; the matrix says why. The desk goes on asking."
    )
