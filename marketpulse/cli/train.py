"""The verb ``train``: train the models of a feed without a desk, show what they are worth, and keep them for it."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from marketpulse.cli.client import Said
from marketpulse.cli.deep import tape_bars
from marketpulse.cli.output import as_json, pairs, table
from marketpulse.clock import Clock
from marketpulse.errors import ConfigError, MarketPulseError, StorageError
from marketpulse.loop import tapetime
from marketpulse.market import instruments
from marketpulse.meter import Meter
from marketpulse.models import Trainer, record
from marketpulse.models.document import decode as read_logistic
from marketpulse.models.job import ARTEFACTS, BENCHMARK, FEWEST, Job
from marketpulse.models.opening import open_artefact
from marketpulse.models.prune import prune
from marketpulse.models.record import ENSEMBLE, LOGISTIC, SHADOW, Trained, stored_as
from marketpulse.settings import FeedChoice, Settings
from marketpulse.storage import MarketStore
from marketpulse.storage.hold import Hold
from marketpulse.types import AssetClass, Bars, Feed, Interval, MemberLine, ModelStage, Serving

__all__ = ["train"]

_KINDS = (AssetClass.EQUITY, AssetClass.CRYPTO)
_PACE = 0.25  # seconds between two looks at the progress
_CLEAR = "\r\x1b[K"


@dataclass(frozen=True, slots=True, eq=False)
class _Class:
    """What one class of instruments is trained on."""

    kind: AssetClass
    panel: tuple[Bars, ...]
    benchmark: Bars | None
    cutoff: datetime


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of it.

    Attributes
    ----------
    note : the training's last sentence
    logistic, text : documents, None where there is none
    servings : of the ensemble
    """

    kind: AssetClass
    note: str
    logistic: str | None
    text: str | None
    servings: tuple[Serving, ...] = ()


def train(settings: Settings, args: argparse.Namespace, out: TextIO, clock: Clock) -> int:
    """Train every class that has bars enough, one after the other, and keep what came of it.

    Raises
    ------
    Said
        A desk runs on the folder, nothing can be written into it, or nothing can be trained.
    """
    feed = Feed(args.feed) if args.feed else _feed(settings)
    home = settings.data_dir / feed
    try:
        with _held(settings.data_dir), _store(home) as store:
            classes = _of_the_tape(settings, home) if feed is Feed.REPLAY else _stored(store, clock.wall())
            found = _each(home, store, classes, None if args.json else out)
            _prune(home, store)
    except (StorageError, OSError) as error:
        raise Said("STORAGE", f"{home} cannot be used: {error}") from None
    if args.json:
        out.write(as_json({"feed": feed.value, "models": [_as_row(home, one) for one in found]}))
    return 0 if any(one.logistic for one in found) else 1


def _each(home: Path, store: MarketStore, classes: Sequence[_Class], out: TextIO | None) -> list[_Result]:
    """One class after the other; what one has given is kept before the next begins."""
    if not classes:
        raise Said("NOT_TRAINABLE", f"Nothing in {home} has the {FEWEST} daily bars that a model needs.")
    found = []
    for one in classes:
        result = _trained(home, store, one, out)
        _keep(store, result)
        found.append(result)
        if out is not None:
            out.write(_card(home, result))
    return found


def _feed(settings: Settings) -> Feed:
    """As set; left to itself, live where a live desk has kept prices, else the tape. Nobody is asked over a net."""
    if settings.feed is not FeedChoice.AUTO:
        return Feed(settings.feed.value)
    return Feed.LIVE if (settings.data_dir / Feed.LIVE / "market.db").is_file() else Feed.REPLAY


@contextmanager
def _held(data: Path) -> Iterator[None]:
    """Hold the data folder; a desk that runs on it trains by itself."""
    try:
        hold = Hold.take(data)
    except ConfigError as error:
        raise Said(
            "RUNNING", f"{error} A running desk trains by itself: its Models page shows how far it is."
        ) from None
    try:
        if hold.fault:
            raise Said("STORAGE", f"{hold.fault}.")
        yield
    finally:
        hold.release()


@contextmanager
def _store(home: Path) -> Iterator[MarketStore]:
    home.mkdir(parents=True, exist_ok=True)
    store = MarketStore.open(home / "market.db")
    try:
        yield store
    finally:
        store.close()


def _of_the_tape(settings: Settings, home: Path) -> list[_Class]:
    """Shares of the tape as they were known when the replay began; simulated pairs are never trained on."""
    saved = tapetime.load(home)
    start = saved.start if saved else datetime.combine(settings.replay_start, datetime.min.time(), UTC)
    bars = tape_bars(start)
    shares = [i.symbol for i in instruments(Feed.REPLAY).values() if i.asset_class is AssetClass.EQUITY]
    panel = tuple(bars[s] for s in shares if s in bars and len(bars[s]) >= FEWEST)
    return [_Class(AssetClass.EQUITY, panel, bars.get(BENCHMARK), start)] if panel else []


def _stored(store: MarketStore, now: datetime) -> list[_Class]:
    """Daily bars that a live desk has kept, closed by now."""
    known = store.instruments()
    held = store.load_many(known, Interval.DAY)
    bars = {s: one.until(now).adjust(store.load_actions(s)) for s, one in held.items()}
    market = bars.get(BENCHMARK)
    found = []
    for kind in _KINDS:
        mine = [i.symbol for i in known.values() if i.asset_class is kind and i.tradable]
        panel = tuple(bars[s] for s in mine if s in bars and len(bars[s]) >= FEWEST)
        if panel:
            found.append(_Class(kind, panel, market, now))
    return found


def _trained(home: Path, store: MarketStore, one: _Class, out: TextIO | None) -> _Result:
    """Train one class in a child process, and tell how far it is."""
    trainer = Trainer(home / "training", Meter())
    told = ""
    try:
        trainer.start(
            Job(
                one.panel,
                one.benchmark,
                one.cutoff,
                ", ".join(sorted({bars.source for bars in one.panel})),
                kind=one.kind,
                earlier=_earlier(store, one.kind),
                artefacts=home / ARTEFACTS,
                old=_document(store, ENSEMBLE, one.kind),
            )
        )
        while (status := trainer.status()).stage is ModelStage.TRAINING:
            line = f"{one.kind} {status.progress:4.0%}  {status.note}"
            if out is not None and line != told:
                told = line
                _tell(out, line)
            trainer.wait(_PACE)
        if out is not None and out.isatty():
            out.write(_CLEAR)
        text = trainer.trained()
        servings = () if text is None else _servings(home, record.decode(text))
        return _Result(one.kind, status.note, trainer.logistic(), text, servings)
    except KeyboardInterrupt:
        raise Said("ENDED", "The training was ended; nothing of it was kept.") from None
    finally:
        trainer.close()


def _tell(out: TextIO, line: str) -> None:
    """One line that changes on a terminal, a line for each step elsewhere."""
    out.write(f"{_CLEAR}{line}" if out.isatty() else f"{line}\n")
    out.flush()


def _servings(home: Path, trained: Trained) -> tuple[Serving, ...]:
    return open_artefact(home / ARTEFACTS, trained.manifest).servings


def _keep(store: MarketStore, found: _Result) -> None:
    """Keep what the desk serves when it starts: a model that did not beat the one before it is on trial."""
    if found.logistic is not None:
        version = read_logistic(found.logistic).card.version
        store.save_model(stored_as(LOGISTIC, found.kind), version, found.logistic)
    if found.text is not None:
        trained = record.decode(found.text)
        what = ENSEMBLE if trained.record.promoted else SHADOW
        store.save_model(stored_as(what, found.kind), trained.card.version, found.text)


def _prune(home: Path, store: MarketStore) -> None:
    texts = [_document(store, what, kind) for what in (ENSEMBLE, SHADOW) for kind in _KINDS]
    prune(home / ARTEFACTS, [record.decode(text).card.version for text in texts if text is not None])


def _earlier(store: MarketStore, kind: AssetClass) -> int:
    """Trials of this class that were made before, of which the newest documents know."""
    texts = [_document(store, what, kind) for what in (ENSEMBLE, SHADOW)]
    return max((record.decode(text).record.tried for text in texts if text is not None), default=0)


def _document(store: MarketStore, what: str, kind: AssetClass) -> str | None:
    """The newest one that is whole."""
    try:
        text = store.latest_model(stored_as(what, kind))
        if text is not None:
            record.decode(text)
    except MarketPulseError:
        return None
    return text


def _card(home: Path, found: _Result) -> str:
    """The model card for a terminal."""
    if found.text is None:
        return f"{found.kind}: {found.note}\n"
    trained = record.decode(found.text)
    card, told, score = trained.card, trained.record, trained.card.score
    about: dict[str, object] = {
        "model": f"{card.name} {card.version}, {found.kind}",
        "instruments": ", ".join(card.symbols),
        "period": f"{card.first_bar} to {card.last_bar}, {card.rows:,} rows, {card.source}",
        "base rate": f"{100.0 * card.base_rate:.1f} % rose within {card.horizon} bars",
    }
    if score is not None:
        about["out of sample"] = f"{score.n:,} rows since {score.since}"
        about["AUC"] = f"{score.auc:.3f} (95 % {score.auc_low:.3f} to {score.auc_high:.3f})"
        skill, low, high = (100.0 * one for one in (score.skill, score.skill_low, score.skill_high))
        about["Brier skill"] = f"{skill:.2f} % (95 % {low:.2f} to {high:.2f})"
    about |= {
        "deflated Sharpe": f"{_number(told.deflated, 2)} after {told.tried} trials",
        "word": str(card.edge),
        "why": told.why,
        "verdict": told.verdict,
        "meta-model": trained.meta_sentence,
        "took": f"{told.seconds:.0f} s",
        "lies in": str(home / ARTEFACTS / card.version),
    }
    ways = [(one.model, str(one.path), one.compared or None, one.sentence) for one in found.servings]
    return (
        f"{pairs(about)}\n{table(_MEMBERS, [_line(one) for one in told.members])}\n"
        f"{table(('served', 'by', 'compared', ''), ways)}"
    )


_MEMBERS = ("member", "rows", "AUC", "Brier skill", "Sharpe a bar", "share", "kept")


def _line(one: MemberLine) -> tuple[object, ...]:
    skill = None if one.skill is None else f"{100.0 * one.skill:.2f} %"
    parts = (f"{100.0 * part:.0f} %" for part in (one.share, one.kept))
    return (one.name, one.n, _number(one.auc, 3), skill, _number(one.sharpe, 3), *parts)


def _number(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:.{digits}f}"


def _as_row(home: Path, found: _Result) -> dict[str, object]:
    """The same for a program."""
    row: dict[str, object] = {
        "kind": found.kind.value,
        "said": found.note,
        "logistic": None,
        "ensemble": None,
    }
    if found.logistic is not None:
        row["logistic"] = read_logistic(found.logistic).card.version
    if found.text is not None:
        content = json.loads(found.text)
        version = content["card"]["version"]
        row["ensemble"] = {name: content[name] for name in ("card", "record", "meta", "meta_sentence")}
        row["artefact"] = str(home / ARTEFACTS / version)
        row["servings"] = [
            {"model": one.model, "path": str(one.path), "compared": one.compared, "worst": one.worst}
            for one in found.servings
        ]
    return row
