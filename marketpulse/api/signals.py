"""Signals over REST: the newest, those of a symbol, made now, the scoreboard, and the models behind them."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPBearer

from marketpulse.api.facade import Find
from marketpulse.api.model_shapes import ModelsReply, model_reply
from marketpulse.api.orders import bearer
from marketpulse.api.prices import SymbolInPath, instrument
from marketpulse.api.problem import Fault
from marketpulse.api.reading import fields, read_body
from marketpulse.api.signal_shapes import IssuedsReply, StatisticsReply, issued_reply, statistics_reply
from marketpulse.types import AssetClass, Issued

__all__ = ["Signals"]

_MOST = 500
_SYMBOL: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"symbol": {"type": "string", "maxLength": 40, "examples": ["AAPL"]}},
                }
            }
        }
    }
}

_Limit = Annotated[int, Query(ge=1, le=_MOST, description="how many at most")]
_Body = Annotated[Mapping[str, object], Depends(read_body)]


class Signals:
    """The addresses below /api/intelligent/signals, /api/v1/signals and /api/v1/models."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the addresses with their handlers; what was issued may be read without the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(tags=["signals"])
        add, below = router.add_api_route, "/api/intelligent/signals"
        add(f"{below}/latest", self.latest, summary="The newest frozen signals")
        add(
            f"{below}/generate",
            self.generate,
            methods=["POST"],
            summary="Issue signals for bars that have closed",
            dependencies=guards,
            openapi_extra=_SYMBOL,
        )
        add(f"{below}/{{symbol:path}}", self.of_symbol, summary="The frozen signals of one instrument")
        add(
            "/api/v1/signals/statistics",
            self.statistics,
            summary="The scoreboard of all that was issued",
            dependencies=guards,
        )
        add(
            "/api/v1/models",
            self.models,
            summary="What serves each class of instruments",
            dependencies=guards,
        )
        return router

    def latest(self, limit: _Limit = 20, kind: AssetClass | None = None) -> IssuedsReply:
        """Newest first, with what became of each; ``kind`` keeps one class of instruments."""
        desk = self._find()
        if kind is None:
            return _reply(desk.get_latest_signals(limit))
        known = desk.snapshot().instruments
        of_kind = [symbol for symbol, one in known.items() if one.asset_class is kind]
        found = [issued for symbol in of_kind for issued in desk.get_signals_by_symbol(symbol, limit)]
        newest = sorted(found, key=lambda one: (one.signal.time, one.signal.bar), reverse=True)
        return _reply(tuple(newest[:limit]))

    def of_symbol(self, symbol: SymbolInPath, limit: _Limit = 20) -> IssuedsReply:
        """Newest first; 404 ``UNKNOWN_SYMBOL`` with the nearest names. Nothing issued is an empty list."""
        desk = self._find()
        found = instrument(desk.snapshot(), symbol)
        return _reply(desk.get_signals_by_symbol(found.symbol, limit))

    def generate(self, body: _Body) -> IssuedsReply:
        """Look at the newest closed bars now, of one symbol or of all, and answer what stands for them.

        A bar and instrument has one signal for ever: asked again, the same one is told.
        """
        desk, given = self._find(), fields(body, ("symbol",)).get("symbol")
        if given is None:
            return _reply(desk.generate(None))
        if not isinstance(given, str):
            raise Fault(422, "BAD_REQUEST", "symbol must be text.")
        return _reply(desk.generate(instrument(desk.snapshot(), given).symbol))

    def statistics(self) -> StatisticsReply:
        """All together first, then by model, symbol and regime, each against its base rate."""
        return statistics_reply(self._find().get_signal_statistics())

    def models(self) -> ModelsReply:
        """Cards, evidence, serving, health and training, one entry for each class."""
        return ModelsReply(models=[model_reply(view) for view in self._find().snapshot().models])


def _reply(found: tuple[Issued, ...]) -> IssuedsReply:
    return IssuedsReply(signals=[issued_reply(one) for one in found])
