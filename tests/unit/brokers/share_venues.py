"""Alpaca and Kite as their clients meet them on the wire, small and honest: orders rest, trade, end."""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import requests
from unit.sources.canned_web import Canned

from marketpulse.clock import SimClock
from marketpulse.errors import BrokerError

INDIA = ZoneInfo("Asia/Kolkata")


class Wire:
    """Answers requests by a venue's rules, unless a fault was planted for this one.

    ``plant(method, path, effect, accept)``: the first request whose method fits and whose path ends so
    gets ``effect`` (a body, a (status, body[, headers]), or an exception), after the venue has acted if ``accept``.
    """

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.canned = Canned(self._answer)
        self.planted: list[tuple[str, str, object, bool, bool]] = []

    @property
    def mount(self) -> Callable[[requests.Session], None]:
        return self.canned.mount

    def plant(self, method: str, path: str, effect: object, *, accept: bool = False, always: bool = False):
        self.planted.append((method, path, effect, accept, always))

    def asked(self, method: str) -> list[str]:
        return [urlsplit(r.url).path for r in self.canned.asked if r.method == method]

    def _answer(self, request: requests.PreparedRequest) -> object:
        path = urlsplit(request.url).path
        for line in self.planted:
            method, end, effect, accept, always = line
            if method == request.method and path.endswith(end):
                if not always:
                    self.planted.remove(line)
                if accept:
                    self.act(request)
                return effect
        return self.act(request)

    def act(self, request: requests.PreparedRequest) -> object:
        raise NotImplementedError


class AlpacaWire(Wire):
    """Knows AAPL and BRK.B, fills market orders at 100.01 when told to trade."""

    def __init__(self, clock: SimClock) -> None:
        super().__init__(clock)
        self.orders: list[dict] = []
        self.activities: list[dict] = []

    def act(self, request):
        address = urlsplit(request.url)
        path = address.path.removeprefix("/v2")
        query = {key: values[0] for key, values in parse_qs(address.query).items()}
        if request.method == "POST":
            return self.post(json.loads(request.body))
        if request.method == "DELETE":
            return self.delete(path.rpartition("/")[2])
        if path.startswith("/orders/"):
            return self.one("id", path.rpartition("/")[2])
        questions = {
            "/orders": self.rests,
            "/orders:by_client_order_id": lambda q: self.one("client_order_id", q["client_order_id"]),
            "/account": lambda _: {"account_number": "PA1", "currency": "USD", "cash": "98999.90"},
            "/positions": lambda _: [
                {"symbol": "AAPL", "qty": "10", "side": "long"},
                {"symbol": "BRK.B", "qty": "3", "side": "short"},
            ],
            "/account/activities/FILL": self.page,
        }
        return questions[path](query)

    def rests(self, query):
        assert query["status"] == "open"
        wanted = query["symbols"].split(",")
        rests = [o for o in self.orders if o["status"] in {"new", "partially_filled"}]
        return [o for o in rests if o["symbol"] in wanted]

    def post(self, body):
        if body["symbol"] not in {"AAPL", "BRK.B"}:
            return 422, {"code": 42210000, "message": f'asset "{body["symbol"]}" not found'}
        if any(o["client_order_id"] == body["client_order_id"] for o in self.orders):
            return 422, {"code": 40010001, "message": "client_order_id must be unique"}
        number = f"00000000-0000-4000-8000-{len(self.orders):012d}"
        order = {**body, "id": number, "status": "new", "filled_qty": "0"}
        self.orders.append(order)
        return dict(order)

    def delete(self, number):
        for order in self.orders:
            if order["id"] == number:
                if order["status"] not in {"new", "partially_filled"}:
                    return 422, {
                        "code": 42210000,
                        "message": f'order is already in "{order["status"]}" state',
                    }
                order["status"] = "canceled"
                return 204, b""
        return 404, {"code": 40410000, "message": f"order not found for {number}"}

    def one(self, key, value):
        found = [o for o in self.orders if o[key] == value]
        return found[0] if found else (404, {"code": 40410000, "message": f"order not found for {value}"})

    def page(self, query):
        rows = [r for r in self.activities if r["transaction_time"] > query["after"]]
        if "page_token" in query:
            rows = rows[[r["id"] for r in rows].index(query["page_token"]) + 1 :]
        return rows[: int(query["page_size"])]

    def trade(self):
        for order in self.orders:
            if order["type"] == "market" and order["status"] == "new":
                self.fill(order, order["qty"], "100.01")
                order["status"] = "filled"

    def fill(self, order, quantity, price):
        count = len(self.activities)
        order["filled_qty"] = str(int(order["filled_qty"]) + int(quantity))
        self.activities.append(
            {
                "activity_type": "FILL",
                "id": f"{self.clock.now():%Y%m%d%H%M%S}{count:03d}::00000000-0000-4000-8000-{count:012d}",
                "price": price,
                "qty": quantity,
                "side": order["side"],
                "symbol": order["symbol"],
                "order_id": order["id"],
                "transaction_time": f"{self.clock.now():%Y-%m-%dT%H:%M:%S.%f}Z",
            }
        )


class KiteWire(Wire):
    """Knows TCS and INFY on the NSE, fills market orders at 3550.05 when told to trade."""

    def __init__(self, clock: SimClock) -> None:
        super().__init__(clock)
        self.orders: list[dict] = []
        self.trades: list[dict] = []
        self.tokens: set[str] = set()
        self.page = ""  # what the login page led back with
        self.token = ""  # what it is exchanged for
        self.verdict = ""  # with it the exchange rejects what Kite takes

    def act(self, request):
        path = urlsplit(request.url).path
        form = {k: v[0] for k, v in parse_qs(request.body or "").items()}
        if path == "/session/token":
            return self.login(form)
        if request.headers.get("Authorization") not in self.tokens:
            return error(403, "TokenException", "Incorrect `api_key` or `access_token`.")
        if request.method == "POST":
            return self.post(form)
        if request.method == "DELETE":
            return self.delete(path.rpartition("/")[2])
        if request.method == "PUT":
            return self.put(path.rpartition("/")[2], form)
        return told(
            {
                "/orders": self.orders,
                "/trades": self.trades,
                "/user/margins/equity": {"net": 1.5, "available": {"live_balance": 99245.05, "cash": 1.0}},
                "/portfolio/positions": {"net": [held("TCS", 7), held("TCS", 90, product="MIS")], "day": []},
                "/portfolio/holdings": [held("TCS", 3), held("INFY", 0), held("ITC", 5, exchange="BSE")],
            }[path]
        )

    def login(self, form):
        if form["request_token"] != self.page:
            return error(403, "TokenException", "Token is invalid or has expired.")
        return told({"access_token": self.token, "user_id": "AB1234", "login_time": "2026-03-09 09:00:00"})

    def post(self, form):
        if form["tradingsymbol"] not in {"TCS", "INFY"}:
            return error(400, "InputException", "The instrument has either expired or does not exist.")
        order = {
            **form,
            "quantity": int(form["quantity"]),
            "price": float(form.get("price", 0)),
            "trigger_price": float(form.get("trigger_price", 0)),
            "order_id": f"2603090000{len(self.orders):05d}",
            "status": "REJECTED" if self.verdict else "OPEN",
            "status_message": self.verdict or None,
            "filled_quantity": 0,
        }
        self.orders.append(order)
        return told({"order_id": order["order_id"]})

    def delete(self, number):
        for order in self.orders:
            if order["order_id"] == number and order["status"] == "OPEN":
                order["status"] = "CANCELLED"
                return told({"order_id": number})
        return error(400, "OrderException", "Order cannot be cancelled as it is being processed. Try later.")

    def put(self, number, form):
        for order in self.orders:
            if order["order_id"] == number and order["status"] == "OPEN":
                order |= {key: float(form[key]) for key in ("price", "trigger_price") if key in form}
                order["quantity"] = int(form.get("quantity", order["quantity"]))
                return told({"order_id": number})
        return error(400, "OrderException", "Couldn't find that `order_id`.")

    def trade(self):
        for order in self.orders:
            if order["order_type"] == "MARKET" and order["status"] == "OPEN":
                self.fill(order, order["quantity"])
                order["status"] = "COMPLETE"

    def fill(self, order, quantity):
        order["filled_quantity"] += quantity
        when = f"{self.clock.now().astimezone(INDIA):%Y-%m-%d %H:%M:%S}"
        self.trades.append(
            {
                "trade_id": "10000000",  # the exchange's, which starts anew for each share
                "order_id": order["order_id"],
                "exchange": "NSE",
                "tradingsymbol": order["tradingsymbol"],
                "transaction_type": order["transaction_type"],
                "quantity": quantity,
                "average_price": 3550.05,
                "exchange_timestamp": when,
                "fill_timestamp": when,
            }
        )


def held(symbol, quantity, *, product="CNC", exchange="NSE"):
    fields = {"tradingsymbol": symbol, "quantity": quantity, "product": product, "exchange": exchange}
    return fields | {"t1_quantity": 0}


def told(data):
    return {"status": "success", "data": data}


def error(status, kind, message):
    return status, {"status": "error", "message": message, "data": None, "error_type": kind}


def later(clock: SimClock, moment: datetime) -> None:
    """Move a clock on to a moment."""
    clock.advance((moment - clock.now()) / timedelta(seconds=1))


def said(call: Callable[[], object], log) -> str:
    """All that a failing call shows: its error's text and form, its traceback and context, and the log."""
    with log.at_level(logging.DEBUG):
        try:
            answer = call()
        except BrokerError as failure:
            whole = [*traceback.format_exception(failure), repr(failure.__context__), repr(failure.__cause__)]
            answer = "".join([str(failure), repr(failure), repr(failure.args), *whole])
    return f"{answer}{log.text}"
