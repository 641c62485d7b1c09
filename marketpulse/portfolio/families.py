"""Orders that belong together, folded from their events: a buy and its exits, an order and what replaced it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.line import REPLACED, Line
from marketpulse.types import OPEN_STATES, OrderState, OrderType, Side

__all__ = ["EXITS", "FLATTEN", "REPLACEMENT", "TARGET_REACHED", "Bracket", "Families"]

EXITS = frozenset({"stop", "target"})
"""The roles of exits."""

REPLACEMENT = "replacement"
FLATTEN = "flatten"
TARGET_REACHED = "TARGET_REACHED"
"""The code of the cancel of a stop, so that its target can be sold at."""

_ZERO, _ONE = Decimal(0), Decimal(1)


class Bracket:
    """A parent and its exits: units bought (or, with OCO, to be sold) that the exits still have to sell.

    Attributes
    ----------
    parent : a buy with exits, or a sell stop with a target (``either``: one cancels the other)
    legs : its exits, oldest first; a denied one says that its units were sold otherwise
    due : units the exits still have to sell
    stop, target : their prices, after splits and changes; None where there is no such exit
    """

    __slots__ = ("due", "either", "legs", "parent", "stop", "symbol", "taken", "target")

    def __init__(self, parent: Line) -> None:
        request = parent.intent.request
        self.parent = parent
        self.symbol = request.symbol
        self.either = request.side is Side.SELL
        self.legs: list[Line] = []
        self.due = _ZERO
        self.stop = request.stop_price if self.either else request.stop_loss_price
        self.target = request.take_profit_price
        self.taken = False

    @property
    def working(self) -> Line | None:
        """The exit that may trade, if there is one."""
        return next((leg for leg in reversed(self.legs) if leg.state in OPEN_STATES), None)


class Families:
    """All families of the books; ``Books`` feeds it while it holds its own lock.

    Attributes
    ----------
    active : brackets that may need something, by the parent's id
    wishes : orders that ended so that another one can take their place, until that is there
    count : how many exits, replacements or orders of a flatten there are, by parent (or flatten) and role
    flatten : the number of the event that began a flatten; None while there is none
    """

    def __init__(self) -> None:
        self.active: dict[str, Bracket] = {}
        self.wishes: dict[str, Line] = {}
        self.flatten: int | None = None
        self._count: dict[tuple[str, str], int] = {}
        self._last: dict[tuple[str, str], Line] = {}
        self._brackets: dict[str, Bracket] = {}
        self._kin: dict[str, Bracket] = {}

    def ordered(self, line: Line, payload: Mapping[str, Any]) -> None:
        """Take over an ORDER or DENIED event."""
        parent, denied = payload.get("parent"), line.state is OrderState.DENIED
        if parent:
            self._child(parent, line, payload, denied=denied)
        elif payload.get("role") == FLATTEN:
            # each symbol is sold by itself, and may need several orders
            self._child(
                f"flatten:{self.flatten}:{line.account}:{payload['symbol']}", line, payload, denied=denied
            )
        if not denied and ("take_profit_price" in payload or "stop_loss_price" in payload):
            bracket = Bracket(line)
            self._brackets[line.id] = self._kin[line.id] = self.active[line.id] = bracket

    def _child(self, parent: str, line: Line, payload: Mapping[str, Any], *, denied: bool) -> None:
        role = payload.get("role", "")
        self._count[parent, role] = self.count(parent, role) + 1
        if not denied:
            self._last[parent, role] = line
        bracket = self._brackets.get(parent)
        if role == REPLACEMENT:
            self.wishes.pop(parent, None)
        elif bracket is not None and role in EXITS:
            bracket.legs.append(line)
            self._kin[line.id] = bracket
            self.active[parent] = bracket
            if denied:
                bracket.due = max(_ZERO, bracket.due - Decimal(payload["quantity"]))

    def filled(self, line: Line, quantity: Decimal) -> None:
        """Take over a FILL event, after the line has."""
        if line.wish is None and not self._kin and not self.wishes:
            return  # most orders of a long ledger have no family
        self._awaits(line)
        bracket = self._kin.get(line.id)
        if bracket is None:
            return
        if line is not bracket.parent or bracket.taken:
            bracket.due = max(_ZERO, bracket.due - quantity)
        elif not bracket.either:
            bracket.due += quantity
        self.active[bracket.parent.id] = bracket

    def moved(self, line: Line) -> None:
        """Take over a STATE event, after the line has."""
        self._awaits(line)
        bracket = self._kin.get(line.id)
        if bracket is None:
            return
        self.active[bracket.parent.id] = bracket
        if line is bracket.parent:
            took = line.state is OrderState.CANCELED and line.code == TARGET_REACHED
            if bracket.either and took and not bracket.taken:
                bracket.taken, bracket.due = True, line.request.quantity - line.filled
            elif bracket.either:
                bracket.stop = line.request.stop_price
        elif line.wish is not None and line.code == REPLACED:
            # An exit gets other prices by another exit, as its bracket has them from now on.
            if line.request.type is OrderType.STOP:
                bracket.stop = line.wish.stop_price or bracket.stop
            else:
                bracket.target = line.wish.limit_price or bracket.target

    def _awaits(self, line: Line) -> None:
        """Note an order that made room for another one."""
        if line.wish is not None and line.code == REPLACED and line.state not in OPEN_STATES:
            if line.id not in self._kin or self._kin[line.id].parent is line:
                self.wishes.setdefault(line.id, line)
        elif line.id in self.wishes:
            del self.wishes[line.id]

    def split(self, symbol: str, ratio: Decimal) -> None:
        """Scale what is still to be sold, and at which prices."""
        for bracket in self._brackets.values():
            if bracket.symbol == symbol and (bracket.due or bracket.parent.state in OPEN_STATES):
                bracket.due *= ratio
                bracket.stop = None if bracket.stop is None else bracket.stop / ratio
                bracket.target = None if bracket.target is None else bracket.target / ratio
                self.active[bracket.parent.id] = bracket

    def count(self, parent: str, role: str) -> int:
        """How many orders there are of a role, denied ones too."""
        return self._count.get((parent, role), 0)

    def last(self, parent: str, role: str) -> Line | None:
        """Return the newest of them that was not denied."""
        return self._last.get((parent, role))

    def bracket(self, order_id: str) -> Bracket | None:
        """Return the bracket that an order belongs to, as parent or as exit."""
        return self._kin.get(order_id)

    def due(self, symbol: str, account: str) -> list[Bracket]:
        """Brackets that still have units to sell, oldest first."""
        found = (b for b in self.active.values() if b.symbol == symbol and b.due > 0)
        return sorted((b for b in found if b.parent.account == account), key=lambda b: b.parent.created)
