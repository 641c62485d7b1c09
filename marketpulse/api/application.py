"""Put the REST door together: one FastAPI application, and the routes that hang it into the server."""

import threading
from collections.abc import Sequence

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from marketpulse import __version__
from marketpulse.api.accounts import Accounts
from marketpulse.api.alerts import Alerts
from marketpulse.api.assets import chart_script
from marketpulse.api.facade import Find
from marketpulse.api.feeds import Feeds
from marketpulse.api.indicators import Indicators
from marketpulse.api.orders import Orders
from marketpulse.api.prices import Prices
from marketpulse.api.problem import MEDIA_TYPE, CatchAll, OnFault, ProblemReply, handle_all
from marketpulse.api.proposals import Proposals
from marketpulse.api.risk import Risk
from marketpulse.api.signals import Signals
from marketpulse.api.statements import Statements
from marketpulse.api.stream import Stream
from marketpulse.api.why import Whys

__all__ = ["build", "routes"]

_DESCRIPTION = """\
Market data, issued signals and health are open to this machine. Everything below `/api/v1`, and
issuing signals, needs `Authorization: Bearer` with the token from the file `api-token` in the data folder.

What is owed (cash, quantities, prices of orders and positions) is decimal text; what is observed in
the market is a JSON number. Every error is `application/problem+json` with `code` and `message`.
"""

_PATHS = (
    "/health",
    "/docs",
    "/docs/{rest:path}",
    "/openapi.json",
    "/static-offline-docs/{rest:path}",
    "/assets/{rest:path}",
    "/api/{rest:path}",
)


def build(token: str, find: Find, closing: threading.Event, on_fault: OnFault) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    token : what a caller of /api/v1 must present
    find : gives the running desk
    closing : set once the process shall end; open streams then end within a second
    on_fault : told of each fault that was ours
    """
    problems = {"model": ProblemReply, "description": "Refused or failed, with the reason"}
    api: FastAPI = FastAPIOffline(
        title="MarketPulse",
        version=__version__,
        description=_DESCRIPTION,
        redoc_url=None,
        responses={"4XX": problems, "5XX": problems},
        swagger_ui_parameters={"validatorUrl": None},
    )
    handle_all(api)
    api.add_middleware(CatchAll, on_fault=on_fault)
    api.include_router(Prices(find).router())
    api.include_router(Feeds(find).router())
    api.include_router(Stream(find, closing).router())
    api.include_router(Indicators(find).router())
    api.include_router(Signals(find, token).router())
    api.include_router(Orders(find, token).router())
    api.include_router(Proposals(find, token).router())
    api.include_router(Accounts(find, token).router())
    api.include_router(Statements(find, token).router())
    api.include_router(Alerts(find, token).router())
    api.include_router(Whys(find, token).router())
    api.include_router(Risk(find, token).router())
    api.add_api_route(
        "/assets/lightweight-charts.js", chart_script, include_in_schema=False, response_model=None
    )
    _label_problems(api)
    return api


def _label_problems(api: FastAPI) -> None:
    """Name the media type of errors in OpenAPI, which the framework takes to be plain JSON."""
    described = api.openapi()
    for path in described["paths"].values():
        for operation in path.values():
            for status in ("4XX", "5XX"):
                content = operation["responses"][status]["content"]
                content[MEDIA_TYPE] = content.pop("application/json")


class _Pass:
    """Hand a request over as it is; a plain function would be taken for a view, a Mount would shift the path."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        await self._app(scope, receive, send)


def routes(api: FastAPI) -> Sequence[BaseRoute]:
    """Return the routes that lead to ``api`` when another server owns the port."""
    return [Route(path, _Pass(api)) for path in _PATHS]
