"""Crypto venues' order desks over canned answers: ccxt's own clients, with nothing but the network replaced."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlsplit

import ccxt
import requests
from requests.structures import CaseInsensitiveDict
from unit.sources.crypto import bybit_ticker, exchange_info, instruments_info, pair, reply

from marketpulse.brokers.binance import BinanceBroker
from marketpulse.brokers.bybit import BybitBroker
from marketpulse.clock import Clock, SimClock
from marketpulse.ports import OrderRef
from marketpulse.types import AssetClass, Instrument, OrderRequest, OrderType, Side, TimeInForce

KEY, SECRET = "k" + "e" * 30, "s" + "h" * 30
BTC = pair("BTC/USDT")
INDEX = Instrument("^GSPC", "S&P 500", AssetClass.INDEX, "USD", "XNYS", Decimal("0.01"), Decimal(1))
KNOWN = {BTC.symbol: BTC, INDEX.symbol: INDEX}
PRICE = Decimal("100.01")
CLIENT, OTHER = "MPAAAAAAAAAAAAAAAAAA", "MPBBBBBBBBBBBBBBBBBB"
ONE = Decimal(1)
NOON = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
REF = OrderRef(CLIENT, None, BTC)
_SIGNING = {"timestamp", "recvWindow", "signature"}


def order_of(kind, side=Side.SELL, *, limit=None, stop=None, force=TimeInForce.GTC, **more):
    """An order for one bitcoin."""
    price, trigger = (None if p is None else Decimal(p) for p in (limit, stop))
    return OrderRequest("BTC/USDT", side, OrderType(kind), ONE, price, trigger, force, **more)


def binance_sent(desk):
    """The fields of each order that was sent to Binance, without those that sign it."""
    asked = desk.wire.sent("POST", "/order")
    return [{k: v for k, v in fields.items() if k not in _SIGNING} for fields in asked]


class Wire(requests.Session):
    """What ccxt sends goes to ``venue.answer``; ``asked`` keeps (method, end of the path, fields)."""

    def __init__(self, venue) -> None:
        super().__init__()
        self.venue = venue
        self.asked: list[tuple[str, str, dict]] = []
        self.options: list[dict] = []

    def request(self, method, url, data=None, headers=None, **more):
        self.options.append({"headers": headers, **more})
        parts = urlsplit(url)
        fields = dict(parse_qsl(parts.query))
        body = (data or b"").decode() if isinstance(data, bytes) else data or ""
        fields |= json.loads(body) if body.startswith("{") else dict(parse_qsl(body))
        self.asked.append((method, parts.path, fields))
        status, told, answer = self.venue.answer(method, parts.path, fields)
        made = requests.Response()
        made.status_code, made.reason, made.url = status, "told", url
        made._content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        made.headers = CaseInsensitiveDict({"Content-Type": "application/json", **told})
        return made

    def sent(self, method, end):
        return [fields for how, path, fields in self.asked if how == method and path.endswith(end)]


class Desk:
    """A venue's order book in memory. ``faults`` maps (method, end of path) to a list of answers to give
    instead, one each time: (status, headers, body), or an exception to raise."""  # fmt: skip

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.orders: list[dict] = []
        self.trades: list[dict] = []
        self.faults: dict[tuple[str, str], list] = {}
        self.fee: tuple[Decimal, str] = (Decimal("0.05"), "USDT")
        self.wires: list[Wire] = []

    def answer(self, method, path, fields):
        for (how, end), answers in self.faults.items():
            if how == method and path.endswith(end) and answers:
                fault = answers.pop(0)
                if isinstance(fault, Exception):
                    raise fault
                if isinstance(fault, Callable):  # the venue does its work, and its answer is lost
                    self.reply(method, path, fields)
                    raise fault()
                if fault is not None:
                    return fault
        return self.reply(method, path, fields)

    @property
    def ms(self):
        return int(self.clock.now().timestamp() * 1000)

    @property
    def wire(self) -> Wire:
        return self.wires[-1]

    def open(self):
        return [o for o in self.orders if o["state"] == "open"]

    def named(self, client):
        return next((o for o in reversed(self.orders) if o["client"] == client), None)

    def add(self, client, kind, quantity, sent):
        """Take an order; ``sent`` are its fields as they came."""
        order = {
            "id": 7000 + len(self.orders), "client": client, "side": sent["side"].lower(), "kind": kind, "sent": sent,
            "quantity": Decimal(quantity), "filled": Decimal(0), "state": "open", "time": self.ms,
        }  # fmt: skip
        self.orders.append(order)
        return order

    def fill(self, order, quantity):
        order["filled"] += quantity
        if order["filled"] == order["quantity"]:
            order["state"] = "filled"
        fee, coin = self.fee
        self.trades.append(
            {"id": 500 + len(self.trades), "order": order, "quantity": quantity, "price": PRICE, "fee": fee,
             "coin": coin, "time": self.ms}
        )  # fmt: skip

    def trade(self):
        """Let whatever is at the market trade, in two parts."""
        for order in self.open():
            if order["kind"] == "MARKET":
                self.fill(order, order["quantity"] - Decimal("0.4"))
                self.fill(order, Decimal("0.4"))

    def make(self, kind, options):
        client = kind(options)
        client.session = Wire(self)
        self.wires.append(client.session)
        return client


def error(code, message, status=400, **headers):
    return status, headers, {"code": code, "msg": message}


class BinanceDesk(Desk):
    """Binance's order desk, as its documentation and simulator show it."""

    def broker(self, clock, *, sandbox=False):
        return BinanceBroker(
            clock, KNOWN, KEY, SECRET, sandbox=sandbox, make=lambda o: self.make(ccxt.binance, o)
        )

    def reply(self, method, path, fields):
        end = path.rsplit("/", 1)[1]
        if end == "order":
            return self.order(method, fields)
        rows = [("USDT", "900.5", "99.5"), ("BTC", "0.25", "0.05"), ("BNB", "1", "0"), ("XRP", "0", "0")]
        balances = [{"asset": a, "free": f, "locked": x} for a, f, x in rows]
        answers = {
            "exchangeInfo": exchange_info(),
            "time": {"serverTime": self.ms},
            "account": {"uid": 31337, "balances": balances},
            "openOrders": [self.row(o) for o in self.open()],
            "allOrders": [self.row(o) for o in self.orders if o["id"] >= int(fields.get("orderId", 0))],
            "myTrades": [self.trade_row(t) for t in self.trades],
        }
        return 200, {}, answers[end]

    def order(self, method, fields):
        if method == "POST":
            return self.post(fields)
        order = self.named(fields["origClientOrderId"])
        if method == "GET":
            return (200, {}, self.row(order)) if order else error(-2013, "Order does not exist.")
        if order is None or order["state"] != "open":
            return error(-2011, "Unknown order sent.")
        order["state"] = "canceled"
        return 200, {}, self.row(order)

    def post(self, fields):
        if any(o["client"] == fields["newClientOrderId"] for o in self.open()):
            return error(-2010, "Duplicate order sent.")
        order = self.add(fields["newClientOrderId"], fields["type"], fields["quantity"], fields)
        answer = {
            "symbol": "BTCUSDT",
            "orderId": order["id"],
            "orderListId": -1,
            "clientOrderId": order["client"],
        }
        return 200, {}, {**answer, "transactTime": self.ms}

    def row(self, order):
        part = "PARTIALLY_FILLED" if order["filled"] else "NEW"
        status = {"open": part, "filled": "FILLED", "canceled": "CANCELED"}.get(
            order["state"], order["state"]
        )
        sent = order["sent"]
        row = {
            "symbol": "BTCUSDT", "orderId": order["id"], "clientOrderId": order["client"], "status": status,
            "origQty": f"{order['quantity']:.8f}", "executedQty": f"{order['filled']:.8f}", "side": order["side"].upper(),
            "time": order["time"], "type": sent["type"], "timeInForce": sent.get("timeInForce", "GTC"),
            "price": f"{Decimal(sent.get('price', 0)):.8f}", "stopPrice": f"{Decimal(sent.get('stopPrice', 0)):.8f}",
        }  # fmt: skip
        if "trailingDelta" in sent:  # in the answer only where it was in the order
            row |= {"trailingDelta": int(sent["trailingDelta"]), "trailingTime": -1}
        return row

    def trade_row(self, trade):
        order = trade["order"]
        return {
            "symbol": "BTCUSDT", "id": trade["id"], "orderId": order["id"], "price": str(trade["price"]),
            "qty": f"{trade['quantity']:.8f}", "commission": str(trade["fee"]), "commissionAsset": trade["coin"],
            "time": trade["time"], "isBuyer": order["side"] == "buy", "isMaker": False,
        }  # fmt: skip


class BybitDesk(Desk):
    """Bybit's order desk, as its documentation and simulator show it."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.last = "100"
        self.page = 2  # rows of a page, so that pages are turned
        self.loan = "0"

    def broker(self, clock, *, sandbox=False):
        return BybitBroker(
            clock, KNOWN, KEY, SECRET, sandbox=sandbox, make=lambda o: self.make(ccxt.bybit, o)
        )

    def said(self, result, code=0, status=200, **headers):
        return status, headers, reply(result, self.clock.now(), retCode=code, retMsg="said")

    def reply(self, method, path, fields):
        del method
        end = path.split("/v5/")[1]
        if end == "market/instruments-info":
            return 200, {}, instruments_info()
        if end == "market/time":
            return self.said({"timeSecond": str(self.ms // 1000), "timeNano": str(self.ms * 1_000_000)})
        if end == "market/tickers":
            return 200, {}, bybit_ticker(self.clock.now(), lastPrice=self.last)
        if end == "account/wallet-balance":
            coins = [("USDT", "1000"), ("BTC", "0.3"), ("BNB", "1"), ("XRP", "0")]
            rows = [{"coin": c, "walletBalance": w, "borrowAmount": self.loan} for c, w in coins]
            return self.said({"list": [{"accountType": "UNIFIED", "coin": rows}]})
        if end == "user/query-api":
            return self.said({"userID": 4711})
        return self.order(end, fields)

    def order(self, end, fields):
        client = fields.get("orderLinkId")
        if end in {"order/create", "order/cancel", "order/amend"}:
            return getattr(self, end.rpartition("/")[2])(fields)
        if end == "execution/list":
            start, stop = int(fields["startTime"]), int(fields["endTime"])
            return self.paged([self.trade_row(t) for t in self.trades if start <= t["time"] <= stop], fields)
        rows = self.open() if end == "order/realtime" else [o for o in self.orders if o not in self.open()]
        return self.paged([self.row(o) for o in rows if client in {None, o["client"]}], fields)

    def create(self, fields):
        client = fields["orderLinkId"]
        if self.named(client):
            return self.said({}, 170141)
        kind = "MARKET" if fields["orderType"] == "Market" and "triggerPrice" not in fields else "REST"
        order = self.add(client, kind, fields["qty"], fields)
        return self.said({"orderId": str(order["id"]), "orderLinkId": client})

    def cancel(self, fields):
        order = self.named(fields["orderLinkId"])
        waits = order is not None and "triggerPrice" in order["sent"]
        if order is None or order["state"] != "open" or waits is not (fields["orderFilter"] == "StopOrder"):
            return self.said({}, 170213)
        order["state"] = "canceled"
        return self.said({"orderId": str(order["id"]), "orderLinkId": order["client"]})

    def amend(self, fields):
        order = self.named(fields["orderLinkId"])
        if order is None or order["state"] != "open":
            return self.said({}, 170213)
        order["quantity"] = Decimal(fields.get("qty", order["quantity"]))
        order["sent"] = order["sent"] | {k: fields[k] for k in ("price", "triggerPrice") if k in fields}
        return self.said({"orderId": str(order["id"]), "orderLinkId": order["client"]})

    def paged(self, rows, fields):
        start = int(fields.get("cursor", 0))
        cursor = str(start + self.page) if start + self.page < len(rows) else ""
        return self.said({"list": rows[start : start + self.page], "nextPageCursor": cursor})

    def row(self, order):
        part = "PartiallyFilled" if order["filled"] else "New"
        status = {"open": part, "filled": "Filled", "canceled": "Cancelled"}.get(
            order["state"], order["state"]
        )
        sent = order["sent"]
        trigger = sent.get("triggerPrice", "0.00")
        way = 0 if trigger == "0.00" else 1 if Decimal(trigger) > Decimal(self.last) else 2
        return {
            "symbol": "BTCUSDT", "orderId": str(order["id"]), "orderLinkId": order["client"], "orderStatus": status,
            "qty": f"{order['quantity']}", "cumExecQty": f"{order['filled']}", "side": sent["side"],
            "orderType": sent["orderType"], "price": sent.get("price", "0.00"), "marketUnit": sent.get("marketUnit", ""),
            "triggerPrice": trigger, "triggerDirection": way, "rejectReason": order.get("why", "EC_NoError"),
        }  # fmt: skip

    def trade_row(self, trade):
        order = trade["order"]
        return {
            "symbol": "BTCUSDT", "orderId": str(order["id"]), "orderLinkId": order["client"], "execId": f"e{trade['id']}",
            "side": order["side"].capitalize(), "execPrice": str(trade["price"]), "execQty": f"{trade['quantity']}",
            "execFee": str(trade["fee"]), "feeCurrency": trade["coin"], "execTime": str(trade["time"]),
            "execType": "Trade", "isMaker": False,
        }  # fmt: skip


DESKS = {"binance": BinanceDesk, "bybit": BybitDesk}


def desk_of(name: str, clock: SimClock) -> Desk:
    return DESKS[name](clock)
