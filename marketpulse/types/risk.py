"""What is known of the book's risk: the view of this moment, and the report that is made in the background."""

from dataclasses import dataclass
from datetime import datetime

from marketpulse.types.order import Check
from marketpulse.types.prospect import StressLoss

__all__ = [
    "BacktestView",
    "Component",
    "Exposures",
    "Loss",
    "Measure",
    "RiskReport",
    "RiskView",
]


@dataclass(frozen=True, slots=True)
class Loss:
    """What the book may lose by one method.

    Attributes
    ----------
    method : ``headline``, ``fhs_gjr`` ...
    var, es : positive, base currency; None is unknown
    error : standard error of a simulated ``es``, else None
    note : the method that was used in words, or why nothing is known
    """

    method: str
    level: float
    days: int
    var: float | None
    es: float | None
    error: float | None
    note: str


@dataclass(frozen=True, slots=True)
class BacktestView:
    """How a method's one-day value at risk did on the past of the present book.

    Attributes
    ----------
    n, exceedances, rate : days, those with a larger loss, and their share
    p_kupiec, p_christoffersen, p_joint, p_dynamic : p-values; under 0.05 the method fails; None is unknown
    zone, recent : Basel's colour of the newest 250 days and the exceedances in them
    worst : most exceedances in any block of 250 days
    es_ratio : mean loss over mean ES on the days of exceedance
    z2 : Acerbi and Szekely's statistic; 0 is right, below 0 the ES was too small
    """

    method: str
    level: float
    n: int
    exceedances: int
    rate: float | None
    p_kupiec: float | None
    p_christoffersen: float | None
    p_joint: float | None
    p_dynamic: float | None
    zone: str | None
    recent: int | None
    worst: int | None
    es_ratio: float | None
    z2: float | None
    note: str


@dataclass(frozen=True, slots=True)
class Component:
    """One position's part of the risk; the parts of all positions add up to the whole.

    Attributes
    ----------
    value, var, es : base currency
    marginal_var, marginal_es : what one more unit of money in it adds
    incremental_var, incremental_es : what its exit would take away, base currency
    """

    symbol: str
    value: float
    var: float
    es: float
    marginal_var: float
    marginal_es: float
    incremental_var: float
    incremental_es: float


@dataclass(frozen=True, slots=True)
class Measure:
    """One ratio; ``value`` None is unknown, ``percent`` tells how it is written, ``note`` what it rests on."""

    name: str
    value: float | None
    percent: bool
    note: str


@dataclass(frozen=True, slots=True)
class RiskReport:
    """The risk of the book as it was when the background looked; it never changes afterwards.

    Attributes
    ----------
    computed : by the wall clock, aware UTC
    through : date of the newest daily bar in it, ISO
    book : (symbol, value in base currency) of what was held
    equity : base currency
    losses : every method for 1 and 5 days at 95 and 99 %
    backtests : every method at 99 %, and the headline at 95 %; tests of one day
    days : (day, P&L, headline 99 % VaR) of the newest days under test, base currency, oldest first
    components : by position, at 99 % for a day
    clusters : groups of names that move together, of all that was looked at
    names, correlation : of what is held, row by row
    measures : ratios of the account and of the book
    note : why something is missing
    """

    computed: datetime
    through: str
    book: tuple[tuple[str, float], ...]
    equity: float | None
    losses: tuple[Loss, ...] = ()
    backtests: tuple[BacktestView, ...] = ()
    days: tuple[tuple[str, float, float], ...] = ()
    components: tuple[Component, ...] = ()
    clusters: tuple[tuple[str, ...], ...] = ()
    names: tuple[str, ...] = ()
    correlation: tuple[tuple[float, ...], ...] = ()
    measures: tuple[Measure, ...] = ()
    note: str = ""

    def loss(self, method: str = "headline", level: float = 0.99, days: int = 1) -> Loss | None:
        """One estimate, None where it was not made."""
        wanted = (method, level, days)
        return next((one for one in self.losses if (one.method, one.level, one.days) == wanted), None)

    def backtest(self, method: str = "headline", level: float = 0.99) -> BacktestView | None:
        """One method's backtest, None where it was not made."""
        return next((one for one in self.backtests if (one.method, one.level) == (method, level)), None)


@dataclass(frozen=True, slots=True)
class Exposures:
    """Where the money lies now, fractions of equity where nothing else is said; None is unknown.

    Attributes
    ----------
    net : what is held less what is sold short
    leverage : what is owned, a multiple of equity; 1 owes nothing
    sectors, currencies : (name, share), largest first; holdings only, without cash
    liquidity : (symbol, days to sell at ``volume_share`` of a usual day), the slowest first
    volume_share : part of a usual day's volume that is counted with
    """

    net: float | None = None
    leverage: float | None = None
    sectors: tuple[tuple[str, float], ...] = ()
    currencies: tuple[tuple[str, float], ...] = ()
    liquidity: tuple[tuple[str, float | None], ...] = ()
    volume_share: float = 0.1


@dataclass(frozen=True, slots=True)
class RiskView:
    """The risk of the book now.

    Attributes
    ----------
    var : 1-day 99 % historical-simulation loss, base currency, positive; None is unknown
    var_fraction : of equity
    var_note : method and number of bars, or why it is unknown
    bars : scenarios the VaR rests on
    volatility : annualised, of the held book's scenario returns, a fraction
    sharpe : annualised, of daily equity returns
    gross : sum of position values / equity; None when equity is unknown
    open_risk : sum of losses at the stops / equity; a position without a stop counts whole;
        None when equity is unknown
    exposure : (asset class, fraction of equity)
    limits : each limit with its use
    scenario_pnl : one-day P&L of the present book on each past day, oldest first, base currency
    report : the background's last report, None before the first
    computing : a newer report is being made, or will be in a moment
    report_note : what to keep in mind of ``report``: made before a restart, for another book, or failed
    red : the headline is in Basel's red zone, so new sizes are halved
    stress : the present book in each scenario
    exposures : by sector and currency, net, leverage, days to sell; None before they are measured
    """

    var: float | None
    var_fraction: float | None
    var_note: str
    bars: int
    volatility: float | None
    sharpe: float | None
    sharpe_note: str
    gross: float | None
    open_risk: float | None
    exposure: tuple[tuple[str, float], ...]
    limits: tuple[Check, ...]
    scenario_pnl: tuple[tuple[str, float], ...] = ()
    report: RiskReport | None = None
    computing: bool = False
    report_note: str = ""
    red: bool = False
    stress: tuple[StressLoss, ...] = ()
    exposures: Exposures | None = None
