"""The background of the risk: when it is measured anew, what previews and the page get of it, and the red zone.

One process at a time works on a job (``riskjob``); the loop's thread starts it, looks for its end once
a turn, and is never kept waiting. What was found is kept in files, so that a restart shows it with its age.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path

from marketpulse.loop.equity import EquityLog
from marketpulse.loop.gate import Gate
from marketpulse.loop.record import record
from marketpulse.loop.redzone import RedZone
from marketpulse.loop.riskfile import Found, load_found, save_job
from marketpulse.loop.risktask import Task
from marketpulse.loop.rooms import Rooms
from marketpulse.meter.children import spawn
from marketpulse.risk import exposures, gates_book
from marketpulse.risk.currency import owed, worths
from marketpulse.risk.prospect import Standing, prospect
from marketpulse.risk.report import Scales
from marketpulse.risk.stress import SCENARIOS, Shock, read_scenarios, shocks, stressed
from marketpulse.types import Bars, Check, RiskView, Signal
from marketpulse.types.risk import Exposures

__all__ = ["RiskWatch"]

_BENCHMARK = "^GSPC"
_CHANGED = 0.05  # of equity that must have moved between names before the book is measured anew
_REST = 20.0  # seconds of the wall clock between two jobs
_AFTER = 4.0  # seconds after the start, so that the first page is not slowed
_LONGEST = 900.0  # seconds after which a job is taken for stuck
_FOLDER, _RUN, _LOG = "risk", "run-", "worker.log"
_FILES = ("outcomes.npz", "report.json")


class RiskWatch:
    """Looks once a turn; only the loop's thread calls it, but ``dress``, which any picture does.

    Attributes
    ----------
    notes : one sentence for each scenario of one's own that cannot be read
    """

    def __init__(self, rooms: Rooms, gate: Gate, equity: EquityLog) -> None:
        self._rooms, self._gate, self._equity = rooms, gate, equity
        self._folder = rooms.folder / _FOLDER
        self._frames: Mapping[str, Bars] = {}
        self._shocks: tuple[Shock, ...] = ()
        self._own, self.notes = read_scenarios(rooms.settings.scenarios, rooms.instruments)
        self._red = RedZone(rooms.books, rooms.ledger, rooms.clock)
        self._found: Found | None = load_found(self._folder)
        self._before = self._found is not None
        self._failed = ""
        self._child: subprocess.Popen[str] | None = None
        self._run: Path | None = None
        self._new = False
        now = rooms.clock.monotonic()
        self._due, self._began = now + _AFTER, now
        gate.peak = equity.peak
        self._hand_over()

    def learn(self, frames: Mapping[str, Bars]) -> None:
        """Take new daily bars (adjusted, closed); what is known is measured on them soon."""
        market, known = self._rooms.market, self._rooms.instruments
        index = market.bars(_BENCHMARK) if _BENCHMARK in known else None
        self._frames, self._new = frames, True
        self._shocks = shocks(frames, known, index, (*SCENARIOS, *self._own))
        self._hand_over()

    def turn(self, signals: Mapping[str, Signal]) -> None:
        """Take in what has been found, and begin anew when bars or the book have changed."""
        self._gate.signals = signals
        self._gate.peak = self._equity.peak
        now = self._rooms.clock.monotonic()
        if self._child is not None:
            if self._child.poll() is not None:
                self._collect(self._child.returncode)
                self._due = now + _REST
            elif now - self._began > _LONGEST:
                self._end("The measurement was stuck and has been ended.")
            return
        if now >= self._due and self._frames and (self._new or self._moved()):
            self._start()

    def dress(self, view: RiskView) -> RiskView:
        """Put what the background knows beside the risk of this moment."""
        found, values = self._found, self._values()
        report = found.report if found else None
        equity = self._gate.equity(self._rooms.market.data())
        return replace(
            view,
            report=report,
            computing=self._child is not None or (self._new and bool(self._frames)),
            report_note=self._note(),
            red=self._red.on,
            stress=stressed(self._shocks, values),
            exposures=(seen := self._exposures(values, equity)),
            limits=(
                *self._limits(values, equity),
                *self._lies(view, seen, values, equity),
                *view.limits,
                *self._fall(equity),
            ),
        )

    def close(self) -> None:
        """End what is under way and remove its files."""
        self._end("")

    def _limits(self, values: Mapping[str, float], equity: float | None) -> tuple[Check, ...]:
        """The book as it is against the limits that refuse a buy."""
        gate, standing = self._gate, self._gate.standing
        now = prospect(values, gate.scenarios, standing)
        found = [gates_book.shortfall(now, equity, unread=gate.scenarios is None)]
        if standing:
            groups = [
                check
                for group in standing.clusters
                if len(group) > 1 and any(values.get(name) for name in group)
                for check in [gates_book.cluster(group[0], values, equity, standing)]
                if check is not None
            ]
            found += sorted(groups, key=lambda check: -(check.use or 0.0))[:1]
        found.append(gates_book.gross(values, equity, gate.bounds.gross))
        return tuple(found)

    def _fall(self, equity: float | None) -> tuple[Check, ...]:
        """The fall from the highest equity, which only warns."""
        gate = self._gate
        return () if gate.peak is None else (gates_book.drawdown(gate.fall(equity)),)

    def _exposures(self, values: Mapping[str, float], equity: float | None) -> Exposures:
        gate, books = self._gate, self._rooms.books.portfolio
        return exposures.exposures(
            books.positions,
            values,
            equity,
            bounds=gate.bounds,
            instruments=self._rooms.instruments,
            medians=gate.medians,
            debt=owed(books, gate.rates(self._rooms.market.data())),
        )

    def _lies(
        self, view: RiskView, seen: Exposures, values: Mapping[str, float], equity: float | None
    ) -> tuple[Check, ...]:
        """Where the money lies against its limits."""
        gate, books = self._gate, self._rooms.books.portfolio
        debt = owed(books, gate.rates(self._rooms.market.data()))
        return (
            exposures.net_limit(values, equity, gate.bounds.net),
            exposures.leverage_limit(values, equity, debt, gate.bounds.leverage),
            *exposures.standing_limits(
                seen,
                view.exposure,
                books.positions,
                bounds=gate.bounds,
                base=books.currency,
                medians=gate.medians,
            ),
        )

    def _note(self) -> str:
        if self._failed:
            return self._failed
        if self._found is None:
            return ""
        if self._before:
            return "It was measured before this start; a newer one is being made."
        return "The book has changed since; a newer one is being made." if self._moved() else ""

    def _values(self) -> dict[str, float]:
        books, data = self._rooms.books, self._rooms.market.data()
        prices = {symbol: datum.quote.price for symbol, datum in data.items()}
        return worths(books.portfolio.positions, prices, books.currency, self._gate.rates(data))

    def _moved(self) -> bool:
        """Tell whether more than a part of equity lies elsewhere than when the book was measured."""
        if self._found is None:
            return True
        report, values = self._found.report, self._values()
        before, equity = dict(report.book), report.equity
        if values.keys() != before.keys():
            return True
        drift = sum(abs(values[s] - before[s]) for s in values)
        return bool(equity) and isfinite(drift) and drift > _CHANGED * (equity or 0.0)

    def _start(self) -> None:
        """Hand the book to a process of its own."""
        self._new = False
        self._began = self._rooms.clock.monotonic()
        self._due = self._began + _REST
        equity = self._gate.equity(self._rooms.market.data())
        market, known = self._rooms.market, self._rooms.instruments
        index = market.bars(_BENCHMARK) if _BENCHMARK in known else None
        kept = record(self._rooms, self._equity, self._gate.rates(market.data()))
        task = Task(
            self._frames,
            known,
            self._values(),
            equity,
            kept.daily,
            index,
            traded=kept.traded,
            always=kept.always,
            trials=kept.trials,
        )
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for left in self._folder.glob(f"{_RUN}*"):  # of a desk that was killed
                shutil.rmtree(left, ignore_errors=True)
            self._run = Path(tempfile.mkdtemp(prefix=_RUN, dir=self._folder))
            save_job(self._run, task.job())
            self._child = spawn("marketpulse.loop.riskjob", self._run, self._run / _LOG)
        except OSError as error:
            self._end(f"The risk could not be measured ({error.strerror}).")

    def _collect(self, code: int) -> None:
        """Keep what the process has found."""
        found = load_found(self._run) if self._run is not None and code == 0 else None
        if found is None or self._run is None:
            self._end("The risk could not be measured; the log has its reason.", self._last_line())
            return
        for name in _FILES:
            (self._run / name).replace(self._folder / name)
        self._found, self._before, self._failed = found, False, ""
        self._end("")
        headline = found.report.backtest()
        if headline is not None and headline.zone is not None:
            self._red.judge(headline)
        self._hand_over()

    def _hand_over(self) -> None:
        """Give previews what they need."""
        found = self._found
        scales = found.scales if found else Scales()
        self._gate.standing = Standing(
            futures=found.futures if found else None,
            var_scale=scales.var,
            es_scale=scales.es,
            clusters=found.report.clusters if found else (),
            red=self._red.on,
            shocks=self._shocks,
        )

    def _end(self, why: str, detail: str = "") -> None:
        child, run = self._child, self._run
        self._child = self._run = None
        if child is not None and child.poll() is None:
            child.kill()
            child.wait(5)
        if run is not None:
            shutil.rmtree(run, ignore_errors=True)
        if why:
            self._failed = why
            self._rooms.meter.fault("risk", f"{why} {detail}".strip())

    def _last_line(self) -> str:
        try:
            text = (self._run / _LOG).read_text("utf-8", "replace") if self._run else ""
        except OSError:
            return ""
        return (text.strip().splitlines() or [""])[-1]
