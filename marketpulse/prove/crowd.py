"""Sixteen submitters against an exact limit: as many orders as it allows, not one more, and no error."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.clock import Clock, SimClock
from marketpulse.errors import MarketPulseError, Refused, StorageError
from marketpulse.execution import Execution
from marketpulse.meter import Meter
from marketpulse.portfolio import Books
from marketpulse.prove.found import Found
from marketpulse.prove.mutants import CROWD, plan_of
from marketpulse.prove.venue import ACCOUNT, CASH, INSTRUMENTS, SYMBOLS, Luck, Venue, WireBroker
from marketpulse.prove.world import GRACE, OPENING
from marketpulse.risk.context import OrderContext
from marketpulse.risk.pretrade import preview
from marketpulse.storage import Ledger
from marketpulse.storage.failing import Plan, failing
from marketpulse.types import (
    EventKind,
    MarketDatum,
    NewEvent,
    OrderRequest,
    OrderType,
    Preview,
    Quote,
    SessionInfo,
    SessionState,
    Side,
    TimeInForce,
)

__all__ = ["THREADS", "catch_deferred", "crowd", "writers"]

THREADS = 16
_PRICE = 100
_DEPOSIT = {"POSITION_LIMIT": CASH, "INSUFFICIENT_CASH": Decimal(60_000)}
_QUANTITY = {"POSITION_LIMIT": 25, "INSUFFICIENT_CASH": 20}
_FEE = {"POSITION_LIMIT": 1, "INSUFFICIENT_CASH": 1}


class _Limits:
    """The desk's own gates on one quote that never ages.

    Parameters
    ----------
    wealth : equity for each unit of cash; more than 1 stands for other holdings, so that cash is short first
    """

    def __init__(self, clock: Clock, books: Books, wealth: float) -> None:
        self._wealth = wealth
        now, symbol = clock.now(), SYMBOLS[0]
        quote = Quote(symbol, _PRICE, _PRICE, _PRICE, None, now, now, "prove")
        self._datum = MarketDatum(quote, 0.0, stale=False, session=SessionState.OPEN)
        self._books = books

    def __call__(self, request: OrderRequest) -> Preview:
        """Pass the order through every gate."""
        portfolio = self._books.portfolio
        context = OrderContext(
            instrument=INSTRUMENTS[request.symbol],
            datum=self._datum,
            portfolio=portfolio,
            orders=self._books.open_orders,
            equity=float(portfolio.cash) * self._wealth,
            halt=self._books.halt,
            recovered=True,
            prices={request.symbol: float(_PRICE)},
            instruments=INSTRUMENTS,
        )
        return preview(request, context)


def _allowed(code: str) -> int:
    """How many orders fit, by arithmetic of its own; a share costs 100, an order's fee is 1."""
    quantity, deposit = _QUANTITY[code], _DEPOSIT[code]
    if code == "POSITION_LIMIT":
        return int(deposit * 15 // 100) // (quantity * _PRICE)
    return int(deposit) // (quantity * _PRICE + _FEE[code])


def _together(count: int, do: Callable[[int], None]) -> None:
    """Run ``do`` in so many threads that begin at the same moment."""
    ready = threading.Barrier(count)

    def run(number: int) -> None:
        ready.wait()
        do(number)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def crowd(seed: int, size: int, folder: Path, code: str = "INSUFFICIENT_CASH") -> Found:
    """Let 16 threads place ``size`` orders each against the limit named ``code``."""
    said: Counter[str] = Counter()
    lock = threading.Lock()
    with TemporaryDirectory(dir=folder) as place:
        clock = SimClock(OPENING)
        ledger = Ledger.open(Path(place) / "ledger.db", clock)
        execution = _desk(ledger, clock, code)
        sessions = {"XNYS": SessionInfo("XNYS", SessionState.OPEN, OPENING + timedelta(hours=6))}
        execution.turn({}, sessions)
        quantity = Decimal(_QUANTITY[code])
        request = OrderRequest(
            SYMBOLS[0], Side.BUY, OrderType.LIMIT, quantity, Decimal(_PRICE), None, TimeInForce.GTC
        )

        def submit(number: int) -> None:
            for i in range(size):
                try:
                    execution.place(request, f"{seed} {number} {i}")
                    answer = "accepted"
                except Refused as refused:
                    answer = refused.code
                except MarketPulseError as error:
                    answer = f"error: {error}"
                with lock:
                    said[answer] += 1

        _together(THREADS, submit)
        found = _wrong(ledger, said, code, size)
        ledger.close()
    notes = {f"accepted against {code}": said["accepted"], "refused": said[code]}
    return Found(THREADS * size, dict(found), notes, (seed,) if found else ())


def _desk(ledger: Ledger, clock: Clock, code: str) -> Execution:
    books = Books.of(ACCOUNT, ledger.read())
    venue = Venue(random.Random(0), Luck(0.0, 0.0, 0.0, 0.0, trade=0.0), lambda *_: None)
    execution = Execution(
        ledger,
        books,
        brokers={ACCOUNT: WireBroker(venue.answer, GRACE)},
        route=lambda _: ACCOUNT,
        instruments=INSTRUMENTS,
        clock=clock,
        gate=_Limits(clock, books, 1.0 if code == "POSITION_LIMIT" else 100.0),
        meter=Meter(),
    )
    execution.deposit(_DEPOSIT[code], "start", "start")
    return execution


def _wrong(ledger: Ledger, said: Counter[str], code: str, size: int) -> Counter[str]:
    events = list(ledger.read())
    kinds = Counter(e.kind for e in events)
    books, allowed = Books.of(ACCOUNT, events), _allowed(code)
    found: Counter[str] = Counter()
    found["accepted, not what the limit allows"] = abs(said["accepted"] - min(allowed, THREADS * size))
    found["intents, not what was accepted"] = abs(kinds[EventKind.ORDER] - said["accepted"])
    found["denials, not what was refused"] = abs(kinds[EventKind.DENIED] - said[code])
    found["broken chain"] = int(ledger.verify() != len(events))
    found["cash"] = int(books.portfolio.cash != _DEPOSIT[code])
    found["open orders"] = abs(len(books.open_orders) - said["accepted"])
    for answer, n in said.items():
        found[f"answered {answer}"] = n if answer not in {"accepted", code} else 0
    return +found


def writers(seed: int, size: int, folder: Path, mutant: str = "") -> Found:
    """Let 16 writers, each with a connection of its own, check and append against one limit."""
    said: Counter[str] = Counter()
    lock, limit = threading.Lock(), THREADS * size // 2
    with TemporaryDirectory(dir=folder) as place:
        path, clock = Path(place) / "ledger.db", SimClock(OPENING)
        Ledger.open(path, clock).close()
        plan: Plan = plan_of(mutant)
        ledgers = [Ledger.open(path, clock, failing(plan)) for _ in range(THREADS)]

        def append(number: int) -> None:
            for i in range(size):
                try:
                    with ledgers[number].transaction() as tx:
                        allowed = tx.seq < limit
                        if allowed:
                            key = f"{number} {i}"
                            tx.append(NewEvent(OPENING, ACCOUNT, EventKind.CASH, "x", {"n": i}, key))
                    answer = "written" if allowed else "refused"
                except StorageError:
                    answer = "error"
                with lock:
                    said[answer] += 1

        _together(THREADS, append)
        count = ledgers[0].verify()
        for ledger in ledgers:
            ledger.close()
    found = Counter({"events, not the limit": abs(count - limit), "error": said["error"]})
    notes = {"written by separate connections": said["written"]}
    return Found(THREADS * size, dict(+found), notes, (seed,) if +found else ())


def catch_deferred(seed: int, folder: Path) -> Found:
    """The same with a transaction that takes its lock too late: it must be found out."""
    found = writers(seed, 20, folder, CROWD)
    if found.faults:
        return Found(found.runs, {}, {f"{CROWD}: {what}": n for what, n in found.faults.items()})
    return Found(found.runs, {f"{CROWD} was not caught": 1}, {}, (seed,))
