"""Which splits and dividends the books still have to hear of."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from marketpulse.portfolio import Books
from marketpulse.types import ActionKind, CorporateAction, Instrument

__all__ = ["due_actions"]

_LOOK_BACK = timedelta(days=60)  # a desk that was closed longer is told by its venue instead


def due_actions(
    books: Books,
    instruments: Mapping[str, Instrument],
    actions: Callable[[str], Sequence[CorporateAction]],
    today: date,
) -> Iterator[CorporateAction]:
    """Yield recent actions of everything that is or was held, oldest first for each symbol.

    A split of something that was traded on its day or later is passed over: those units are new ones
    already. A dividend counts what was held before its day, so later trades do not matter.
    """
    for symbol, position in books.portfolio.positions.items():
        if symbol not in instruments:
            continue
        for action in sorted(actions(symbol), key=lambda found: found.day):
            if not today - _LOOK_BACK <= action.day <= today:
                continue
            if action.kind is ActionKind.DIVIDEND:
                yield action
            elif position.quantity:
                traded = books.last_traded(symbol)
                if traded is not None and traded.date() < action.day:
                    yield action
