"""The verb ``train-deep``: fit the LSTM once, for this desk to serve. Needs the extra of requirements-deep.txt."""

import argparse
import importlib.util
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import numpy as np

from marketpulse.cli.client import Said
from marketpulse.cli.output import as_json
from marketpulse.clock import Clock
from marketpulse.models.artefact import Manifest
from marketpulse.models.deep import train_deep
from marketpulse.models.panel import build_panel
from marketpulse.models.rows import NotTrainable, digest
from marketpulse.settings import Settings
from marketpulse.sources.recording import load_recording
from marketpulse.storage.market_store import MarketStore
from marketpulse.types import Bars, Interval

__all__ = ["FOLDER", "deep", "recorded_minutes", "tape_bars"]

FOLDER = "models"
"""Below the data folder: what ``train-deep`` writes and the desk serves."""

_INDEX = "^GSPC"
_HORIZON = 5
_REAL_DAYS, _DAY_BARS = 20, 200
_SECONDS_A_DAY = 86_400


def deep(settings: Settings, args: argparse.Namespace, out: TextIO, clock: Clock) -> int:
    """Train the daily network on the tape before the replay's start, and the other on recorded days."""
    if importlib.util.find_spec("jax") is None:
        raise Said("NO_JAX", "The LSTM is trained with JAX, which is not installed; run: make train-deep")
    start = datetime(
        settings.replay_start.year, settings.replay_start.month, settings.replay_start.day, tzinfo=UTC
    )
    panel = tape_bars(start)
    market = panel.pop(_INDEX)
    daily = _trained(settings.data_dir / FOLDER, panel, market, "tape", clock)
    minutes, days = recorded_minutes(settings.data_dir / "live" / "market.db")
    if len(minutes):
        intraday = _trained(settings.data_dir / FOLDER, minutes, None, "recorded", clock)
    else:
        intraday = {
            "trained": False,
            "said": f"Intraday: {days} recorded real days of minute bars; {_REAL_DAYS} are needed. "
            "No network is trained on fewer, and none on simulated prices.",
        }
    if args.json:
        out.write(as_json({"daily": daily, "intraday": intraday}))
    else:
        out.write(f"{daily['said']}\n{intraday['said']}\n")
    return 0 if daily["trained"] else 1


def tape_bars(start: datetime) -> dict[str, Bars]:
    """The tape as it was known at ``start``: cut first, then adjusted."""
    tape = load_recording()
    return {s: bars.until(start).adjust(tape.actions.get(s, ())) for s, bars in tape.bars.items()}


def recorded_minutes(path: Path) -> tuple[dict[str, Bars], int]:
    """Minute bars that a live desk recorded, of instruments with enough of them; and the most days any has."""
    if not path.is_file():
        return {}, 0
    store = MarketStore.open(path)
    try:
        held = store.load_many(store.instruments(), Interval.MINUTE)
    finally:
        store.close()
    days = {symbol: _whole_days(bars) for symbol, bars in held.items()}
    return {s: held[s] for s, count in days.items() if count >= _REAL_DAYS}, max(days.values(), default=0)


def _whole_days(bars: Bars) -> int:
    counts = np.unique(bars.time // _SECONDS_A_DAY, return_counts=True)[1]
    return int((counts >= _DAY_BARS).sum())


def _trained(
    folder: Path, panel: Mapping[str, Bars], market: Bars | None, source: str, clock: Clock
) -> dict[str, object]:
    from marketpulse.models.deep_fit import fit  # noqa: PLC0415  needs the extra

    bars = list(panel.values())
    interval, begun = bars[0].interval, time.monotonic()
    try:
        rows = build_panel(bars, market, _HORIZON)
        seen = digest(bars, market, clock.wall())
        manifest = train_deep(folder, rows, interval, fit, source=source, data=seen, trained=clock.wall())
    except NotTrainable as error:
        return {"trained": False, "said": str(error)}
    return _told(manifest, time.monotonic() - begun)


def _told(manifest: Manifest, seconds: float) -> dict[str, object]:
    (member,) = manifest.members
    said = (
        f"{manifest.name} {manifest.version}: trained in {seconds:.0f} s on {manifest.rows:,} sequences, "
        f"{manifest.first_bar} to {manifest.last_bar}. {member.note} The graph was compared with JAX on "
        f"{member.compared:,} sequences; the largest difference is {member.worst:.1g}."
    )
    return {
        "trained": True,
        "version": manifest.version,
        "seconds": round(seconds, 1),
        "rows": manifest.rows,
        "compared": member.compared,
        "worst": member.worst,
        "kept": member.kept,
        "skill": member.skill,
        "said": said,
    }
