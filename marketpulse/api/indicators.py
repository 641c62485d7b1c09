"""The classic indicators of the chart: what there is, and their lines over the newest bars."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.numbers import rounded
from marketpulse.api.prices import SymbolInPath, instrument
from marketpulse.types import Drawing, Interval

__all__ = ["DrawingReply", "DrawingsReply", "IndicatorReply", "Indicators", "IndicatorsReply", "LineReply"]

_DIGITS = 8  # places behind the point; a coin may cost a fraction of a cent
_MOST = 12


class IndicatorReply(BaseModel):
    """An indicator that can be asked for."""

    name: str = Field(examples=["bollinger"])
    words: str
    below: bool = Field(description="drawn in a pane of its own; else over the candles")
    lines: list[str]
    source: str


class IndicatorsReply(BaseModel):
    """The catalogue, those over the price first."""

    indicators: list[IndicatorReply]


class LineReply(BaseModel):
    """One line, a number for each bar; null where it cannot be told."""

    name: str
    values: list[float | None]


class DrawingReply(BaseModel):
    """The lines of one indicator."""

    name: str
    time: list[int] = Field(description="of each bar, seconds since 1970")
    lines: list[LineReply]


class DrawingsReply(BaseModel):
    """What was asked for, in that order."""

    symbol: str
    interval: Interval
    drawings: list[DrawingReply]


class Indicators:
    """The open addresses below /api/live/indicators."""

    def __init__(self, find: Find) -> None:
        self._find = find

    def router(self) -> APIRouter:
        """Return the addresses with their handlers."""
        router = APIRouter(prefix="/api/live/indicators", tags=["market"])
        router.add_api_route("", self.offered, summary="The classic indicators that can be drawn")
        router.add_api_route("/{symbol:path}", self.drawn, summary="Indicators over the newest bars")
        return router

    def offered(self) -> IndicatorsReply:
        """Each with its words, its lines, and who described it first."""
        return IndicatorsReply(
            indicators=[
                IndicatorReply(
                    name=one.name, words=one.words, below=one.below, lines=list(one.lines), source=one.source
                )
                for one in self._find().indicators()
            ]
        )

    def drawn(
        self,
        symbol: SymbolInPath,
        name: Annotated[list[str], Query(min_length=1, max_length=_MOST, examples=[["rsi_14"]])],
        interval: Interval = Interval.DAY,
        n: Annotated[int, Query(ge=1, le=1500, description="how many bars at most")] = 400,
    ) -> DrawingsReply:
        """Adjusted bars, the forming one last; 404 ``UNKNOWN_INDICATOR`` with the nearest name."""
        desk = self._find()
        found = instrument(desk.snapshot(), symbol)
        wanted = dict.fromkeys(name)
        return DrawingsReply(
            symbol=found.symbol,
            interval=interval,
            drawings=_replies([desk.indicator(found.symbol, interval, one, n) for one in wanted]),
        )


def _replies(drawings: Sequence[Drawing]) -> list[DrawingReply]:
    return [
        DrawingReply(
            name=one.name,
            time=[int(moment) for moment in one.time],
            lines=[
                LineReply(name=line, values=[rounded(float(value), _DIGITS) for value in values])
                for line, values in one.lines.items()
            ],
        )
        for one in drawings
    ]
