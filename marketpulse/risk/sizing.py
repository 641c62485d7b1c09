"""From a signal to a size: each step with its number, none of which makes the size larger.

The chance that the model gives becomes a Kelly fraction, a quarter of it is staked, and what is left
is cut by the limits one after the other. The last step rounds down to the lot.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import inf, isfinite
from typing import NamedTuple

from marketpulse.risk.kelly import QUARTER, kelly_binary
from marketpulse.types import SizeStep, Sizing

__all__ = ["VAR_BUDGET", "Bet", "Cap", "doubt", "governor", "haircut", "shortfall_room", "waterfall"]

VAR_BUDGET = 0.01
"""What one buy by itself may lose in a day at 99 %, a fraction of equity; shapes sizes, refuses nothing."""

_EVEN = 0.5
_TRIES = 3  # chords drawn towards the largest size that the shortfall lets through
_MOST = Decimal(10) ** 12  # units; a gate refuses more


class Bet(NamedTuple):
    """What a signal is worth.

    Attributes
    ----------
    chance : calibrated chance of a rise over the horizon; None where no edge is shown
    move : size of a usual move over the horizon, a fraction of the price
    cost : of going in and out, a fraction of the price
    why : in words, of the chance or of its absence
    right : chance that the call is right, of the meta-model; None where there is none
    """

    chance: float | None
    move: float
    cost: float
    why: str
    right: float | None = None


class Cap(NamedTuple):
    """The most units that one limit lets through; NaN and less than 0 are 0. ``hard``: a gate refuses beyond."""

    name: str
    units: float
    note: str
    hard: bool = True


def governor(fall: float | None, most: float) -> float:
    """What a fall from the highest equity leaves of a size: 1 at none, 0 from ``most`` on.

    Units
    -----
    A factor; ``fall`` and ``most`` are fractions.

    NaN rule
    --------
    A fall that is not known leaves nothing.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> governor(0.0, 0.15), round(governor(0.05, 0.15), 4), governor(0.2, 0.15), governor(None, 0.15)
    (1.0, 0.6667, 0.0, 0.0)
    """
    if fall is None or not isfinite(fall):
        return 0.0
    return min(1.0, max(0.0, 1.0 - fall / most))


def haircut(correlation: float, gross: float) -> float:
    """What is left of a size whose name moves with the book: half of gross times correlation is cut off.

    Units
    -----
    A factor; ``gross`` is a fraction of equity.

    NaN rule
    --------
    A correlation that is not known counts as 1, a gross that is not known as 1.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> round(haircut(0.62, 0.596), 3), haircut(-0.3, 0.5), haircut(1.0, 0.0)
    (0.815, 1.0, 1.0)
    """
    alike = min(1.0, max(0.0, correlation)) if isfinite(correlation) else 1.0
    full = min(1.0, max(0.0, gross)) if isfinite(gross) else 1.0
    return 1.0 - alike * full / 2.0


def doubt(chance: float, right: float) -> float:
    """What a second look at the call leaves of a size: an even bet's stake at ``right`` over that at ``chance``.

    Units
    -----
    A factor between 0 and 1; ``chance`` and ``right`` are fractions.

    NaN rule
    --------
    A chance that is not known leaves nothing.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 3 (meta-labelling); the Kelly
    fraction of an even bet, 2 p - 1.

    Examples
    --------
    >>> round(doubt(0.60, 0.55), 3), doubt(0.60, 0.70), doubt(0.60, 0.45), doubt(0.60, float("nan"))
    (0.5, 1.0, 0.0, 0.0)
    """
    if not (isfinite(chance) and isfinite(right) and chance > _EVEN):
        return 0.0
    return min(1.0, max(0.0, (right - _EVEN) / (chance - _EVEN)))


def shortfall_room(loss: Callable[[float], float], most: float, ceiling: float) -> float:
    """The most money in one name at which ``loss`` stays within ``most``, found from below.

    The shortfall is convex in the money, so a chord between two points lies above it, and where the
    chord meets the limit the shortfall is still within it.

    Parameters
    ----------
    loss : expected shortfall of the book with so much more money in the name
    ceiling : more is not looked at

    Units
    -----
    Those of ``ceiling``.

    NaN rule
    --------
    A loss that is not finite leaves no room.

    References
    ----------
    Rockafellar and Uryasev (2000), Optimization of conditional value-at-risk (convexity).

    Examples
    --------
    >>> shortfall_room(lambda money: 0.1 * money, 3.0, 100.0), shortfall_room(lambda money: 5.0, 3.0, 100.0)
    (30.0, 0.0)
    """
    if not (ceiling > 0.0 and isfinite(ceiling)):
        return 0.0
    low, here, top = 0.0, loss(0.0), loss(ceiling)
    if not here <= most or not isfinite(top):
        return 0.0
    if top <= most:
        return ceiling
    for _ in range(_TRIES):
        share = (most - here) / (top - here)
        if not 0.0 < share < 1.0:
            break
        nearer = low + share * (ceiling - low)
        there = loss(nearer)
        if not there <= most:
            break
        low, here = nearer, there
    return low


class _Steps:
    """Collects steps; each one leaves what was there or less."""

    def __init__(self, units: float, worth: float, equity: float) -> None:
        self.units, self._each = units, worth / equity
        self.steps: list[SizeStep] = []
        self.binding = "Quarter"

    def scale(self, name: str, factor: float, note: str) -> None:
        self._add(name, note, None, self.units * _factor(factor))

    def cap(self, cap: Cap) -> None:
        allowed = _allowed(cap.units)
        self._add(cap.name, cap.note, allowed, min(self.units, allowed))

    def round(self, units: float, note: str) -> None:
        self._add("Lot", note, None, min(self.units, units))

    def _add(self, name: str, note: str, cap: float | None, units: float) -> None:
        if units < self.units and (cap is not None or not units):
            self.binding = name  # a factor only shapes the size, unless it leaves nothing
        self.units = units
        known = None if cap is None or not isfinite(cap) else cap
        self.steps.append(SizeStep(name, note, known, units, units * self._each))


def _factor(factor: float) -> float:
    return min(1.0, max(0.0, factor)) if isfinite(factor) else 0.0


def _allowed(units: float) -> float:
    return max(0.0, units) if units == units else 0.0  # noqa: PLR0124 - NaN allows nothing


def waterfall(
    bet: Bet,
    caps: Sequence[Cap],
    *,
    alike: tuple[float, str],
    governed: tuple[float, str],
    worth: float,
    equity: float,
    lot: Callable[[Decimal], Decimal],
) -> Sizing:
    """Walk from the signal to the size; pure.

    Parameters
    ----------
    caps : in the order they are applied; the first is the VaR budget, the rest are limits
    alike, governed : the correlation haircut and the drawdown governor, each a factor and its note
    worth : value of one unit, base currency
    equity : base currency
    lot : rounds units down

    Units
    -----
    Units of the instrument.

    NaN rule
    --------
    What is not known allows nothing.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> whole = lambda units: units // 1
    >>> bet = Bet(0.6, 0.04, 0.001, "60 %")
    >>> cap = Cap("Position", 150.0, "15 %")
    >>> found = waterfall(bet, [cap], alike=(1.0, ""), governed=(0.5, ""), worth=100.0, equity=1e5, lot=whole)
    >>> found.size, found.most, found.binding, [step.name for step in found.steps][:2]
    (Decimal('75'), Decimal('150'), 'Position', ['Kelly', 'Quarter'])
    """
    if not (worth > 0.0 and isfinite(worth) and equity > 0.0 and isfinite(equity)):
        nothing = Decimal(0)
        return Sizing((), nothing, nothing, "Equity", "Equity", "Without a known equity no size is known.")
    fraction = _kelly(bet)
    steps = _Steps(max(0.0, fraction) * equity / worth, worth, equity)
    note = "no edge is shown" if bet.chance is None else f"{fraction:.1%} of equity"
    steps.scale("Kelly", 1.0, note)
    steps.scale("Quarter", QUARTER, f"x {QUARTER:g}")
    if bet.chance is not None and bet.right is not None:
        doubted = doubt(bet.chance, bet.right)
        steps.scale("Meta-model", doubted, f"x {doubted:.2f}, right {bet.right:.0%}")
    if caps:
        steps.cap(caps[0])
    steps.scale("Correlation", *alike)
    for cap in caps[1:]:
        steps.cap(cap)
    steps.scale("Drawdown", *governed)
    size = _floor(steps.units, lot)
    steps.round(float(size), "rounded down")
    if bet.chance is None or not fraction > 0.0:
        steps.binding = "Kelly"
    bound, most = _limits(caps, lot)
    marked = tuple(
        SizeStep(s.name, s.note, s.cap, s.units, s.share, s.name == steps.binding) for s in steps.steps
    )
    return Sizing(marked, size, most, steps.binding, bound, _said(bet, fraction, size))


def _kelly(bet: Bet) -> float:
    """The full fraction of a move up or down by as much, the costs taken from both."""
    if bet.chance is None:
        return 0.0
    win, loss = bet.move - bet.cost, bet.move + bet.cost
    fraction = kelly_binary(bet.chance, win, loss) if win > 0.0 else 0.0
    return fraction if isfinite(fraction) else 0.0


def _floor(units: float, lot: Callable[[Decimal], Decimal]) -> Decimal:
    if not (isfinite(units) and units > 0.0):
        return Decimal(0)
    return max(Decimal(0), lot(min(_MOST, Decimal(repr(units)))))


def _limits(caps: Sequence[Cap], lot: Callable[[Decimal], Decimal]) -> tuple[str, Decimal]:
    """The limit that is met first without any signal, and the units it leaves."""
    hard = [(_allowed(cap.units), cap.name) for cap in caps if cap.hard]
    units, name = min(hard, default=(0.0, "no limit"))
    if units == inf:
        return "no limit", Decimal(0)
    return name, _floor(units, lot)


def _said(bet: Bet, fraction: float, size: Decimal) -> str:
    if bet.chance is None:
        return f"{bet.why} Without an edge the size is 0."
    if not fraction > 0.0:
        return f"{bet.why}: after costs the chance is worth no stake."
    return (
        f"{bet.why}: {size.normalize():f} units." if size else f"{bet.why}: the limits leave nothing of it."
    )
