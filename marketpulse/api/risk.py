"""The risk of the book: the numbers of this moment, and the report that the background has made."""

from datetime import datetime

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.numbers import rounded
from marketpulse.api.orders import bearer
from marketpulse.types import BacktestView, Check, Component, Loss, Measure, RiskReport, Snapshot, StressLoss
from marketpulse.types.risk import Exposures

__all__ = [
    "BacktestReply",
    "ComponentReply",
    "DayReply",
    "ExposuresReply",
    "LimitReply",
    "LossReply",
    "MeasureReply",
    "ReportReply",
    "Risk",
    "RiskReply",
    "StressReply",
    "risk_reply",
]

_CENTS, _PARTS = 2, 6


class LimitReply(BaseModel):
    """The book against one limit."""

    code: str = Field(examples=["ES_LIMIT"])
    label: str
    passed: bool
    advisory: bool = Field(description="it warns and refuses nothing")
    message: str
    value: str
    limit: str
    use: float | None = Field(description="value over limit")


class LossReply(BaseModel):
    """What the book may lose by one method; positive, base currency, null where it is not known."""

    method: str = Field(examples=["headline"])
    level: float
    days: int
    var: float | None
    es: float | None
    error: float | None = Field(description="standard error of a simulated expected shortfall")
    note: str


class BacktestReply(BaseModel):
    """How one method's one-day VaR did on the past of the present book; p-values under 0.05 fail."""

    method: str
    level: float
    n: int
    exceedances: int
    rate: float | None
    p_kupiec: float | None
    p_christoffersen: float | None
    p_joint: float | None
    p_dynamic: float | None
    zone: str | None = Field(description="green, yellow or red: of the newest 250 days")
    recent: int | None = Field(description="exceedances in the newest 250 days")
    worst: int | None
    es_ratio: float | None
    z2: float | None
    note: str


class DayReply(BaseModel):
    """A day on which the headline was exceeded."""

    day: str
    pnl: float
    var: float


class ComponentReply(BaseModel):
    """One position's part; the parts add up to the headline."""

    symbol: str
    value: float
    var: float
    es: float
    marginal_var: float
    marginal_es: float
    incremental_var: float
    incremental_es: float


class StressReply(BaseModel):
    """The present book in one scenario, base currency."""

    name: str
    pnl: float | None
    own: list[str] = Field(description="names moved as they really moved then")
    mapped: list[str] = Field(description="names moved by their beta")
    unknown: list[str]
    about: str


class MeasureReply(BaseModel):
    """One ratio with what it rests on; a percent is a fraction here."""

    name: str
    value: float | None
    percent: bool
    note: str


class ReportReply(BaseModel):
    """What the background has measured; of the book and the time that it names."""

    computed: datetime = Field(description="by the wall clock")
    through: str = Field(description="date of the newest daily bar in it")
    book: dict[str, float]
    equity: float | None
    losses: list[LossReply]
    backtests: list[BacktestReply]
    exceeded: list[DayReply] = Field(description="of the newest 250 days under test")
    components: list[ComponentReply]
    clusters: list[list[str]]
    measures: list[MeasureReply]
    note: str


class ExposuresReply(BaseModel):
    """Where the money lies, fractions of equity, holdings only; null is unknown."""

    net: float | None
    leverage: float | None = Field(description="what is owned, a multiple of equity; 1 owes nothing")
    classes: dict[str, float]
    sectors: dict[str, float]
    currencies: dict[str, float]
    days_to_sell: dict[str, float | None] = Field(description="by symbol, at volume_share of a usual day")
    volume_share: float


class RiskReply(BaseModel):
    """The risk of the book; null is unknown, never 0."""

    var: float | None = Field(description="1-day 99 % by historical simulation, at the prices of this moment")
    var_note: str
    gross: float | None
    open_risk: float | None
    volatility: float | None
    red: bool = Field(description="the headline is in the red zone: new sizes are halved")
    computing: bool = Field(description="a newer report is being made")
    note: str = Field(description="what to keep in mind of the report")
    exposures: ExposuresReply | None = Field(description="null before they are measured")
    limits: list[LimitReply]
    stress: list[StressReply]
    report: ReportReply | None = Field(description="null before the first one")


class Risk:
    """The address /api/v1/risk."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the address with its handler, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1/risk", tags=["risk"], dependencies=guards)
        router.add_api_route("", self.shown, summary="The risk of the book, its limits, stress and backtest")
        return router

    def shown(self) -> RiskReply:
        """The numbers of this moment, and the background's last report with the time it was made."""
        return risk_reply(self._find().snapshot())


def risk_reply(snapshot: Snapshot) -> RiskReply:
    """Turn the desk's view into JSON; what is not finite is null."""
    risk = snapshot.risk
    return RiskReply(
        var=rounded(risk.var, _CENTS),
        var_note=risk.var_note,
        gross=rounded(risk.gross, _PARTS),
        open_risk=rounded(risk.open_risk, _PARTS),
        volatility=rounded(risk.volatility, _PARTS),
        red=risk.red,
        computing=risk.computing,
        note=risk.report_note,
        exposures=None if risk.exposures is None else _exposures(risk.exposures, risk.exposure),
        limits=[_limit(check) for check in risk.limits],
        stress=[_stress(one) for one in risk.stress],
        report=None if risk.report is None else _report(risk.report),
    )


def _exposures(seen: Exposures, classes: tuple[tuple[str, float], ...]) -> ExposuresReply:
    return ExposuresReply(
        net=rounded(seen.net, _PARTS),
        leverage=rounded(seen.leverage, _PARTS),
        classes={name: round(share, _PARTS) for name, share in classes},
        sectors={name: round(share, _PARTS) for name, share in seen.sectors},
        currencies={name: round(share, _PARTS) for name, share in seen.currencies},
        days_to_sell={symbol: rounded(days, _PARTS) for symbol, days in seen.liquidity},
        volume_share=seen.volume_share,
    )


def _limit(check: Check) -> LimitReply:
    return LimitReply(
        code=check.code,
        label=check.label,
        passed=check.passed,
        advisory=check.advisory,
        message=check.sentence,
        value=check.value,
        limit=check.limit,
        use=rounded(check.use, _PARTS),
    )


def _stress(one: StressLoss) -> StressReply:
    return StressReply(
        name=one.name,
        pnl=rounded(one.pnl, _CENTS),
        own=list(one.own),
        mapped=list(one.mapped),
        unknown=list(one.unknown),
        about=one.about,
    )


def _report(report: RiskReport) -> ReportReply:
    return ReportReply(
        computed=report.computed,
        through=report.through,
        book={symbol: round(value, _CENTS) for symbol, value in report.book},
        equity=rounded(report.equity, _CENTS),
        losses=[_loss(one) for one in report.losses],
        backtests=[_backtest(one) for one in report.backtests],
        exceeded=[
            DayReply(day=day, pnl=round(pnl, _CENTS), var=round(var, _CENTS))
            for day, pnl, var in report.days
            if pnl < -var
        ],
        components=[_component(one) for one in report.components],
        clusters=[list(group) for group in report.clusters],
        measures=[_measure(one) for one in report.measures],
        note=report.note,
    )


def _loss(one: Loss) -> LossReply:
    return LossReply(
        method=one.method,
        level=one.level,
        days=one.days,
        var=rounded(one.var, _CENTS),
        es=rounded(one.es, _CENTS),
        error=rounded(one.error, _CENTS),
        note=one.note,
    )


def _backtest(one: BacktestView) -> BacktestReply:
    return BacktestReply(
        method=one.method,
        level=one.level,
        n=one.n,
        exceedances=one.exceedances,
        rate=rounded(one.rate, _PARTS),
        p_kupiec=rounded(one.p_kupiec, _PARTS),
        p_christoffersen=rounded(one.p_christoffersen, _PARTS),
        p_joint=rounded(one.p_joint, _PARTS),
        p_dynamic=rounded(one.p_dynamic, _PARTS),
        zone=one.zone,
        recent=one.recent,
        worst=one.worst,
        es_ratio=rounded(one.es_ratio, _PARTS),
        z2=rounded(one.z2, _PARTS),
        note=one.note,
    )


def _component(one: Component) -> ComponentReply:
    return ComponentReply(
        symbol=one.symbol,
        value=round(one.value, _CENTS),
        var=one.var,
        es=one.es,
        marginal_var=one.marginal_var,
        marginal_es=one.marginal_es,
        incremental_var=one.incremental_var,
        incremental_es=one.incremental_es,
    )


def _measure(one: Measure) -> MeasureReply:
    return MeasureReply(name=one.name, value=rounded(one.value, _PARTS), percent=one.percent, note=one.note)
