"""What a paper fill says about itself, and the same fill computed again from it."""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from marketpulse.brokers.paper_latency import delay
from marketpulse.brokers.paper_model import Pool, Tick, Working
from marketpulse.brokers.paper_price import Inputs, Priced, Rule, price
from marketpulse.risk.costs import Liquidity
from marketpulse.types import Fill, Instrument, Side

__all__ = ["MODEL", "Recomputed", "pool_of", "recompute", "write_note"]

MODEL = "paper 2"
"""Changes with every rule, so that an old fill is not judged by a new one."""


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A fill as its own note tells it.

    Attributes
    ----------
    why : what the order was waiting for
    arrives : when it reached the venue, by the clock its instrument trades on
    """

    rule: Rule
    why: str
    arrives: datetime
    priced: Priced


def write_note(
    order: Working, tick: Tick, how: tuple[Rule, str], inputs: Inputs, fill: Priced, *, pool: Pool
) -> str:
    """Write down all that the price depends on; of the book, the levels that were touched.

    Parameters
    ----------
    how : the rule, and what the order was waiting for
    pool : what is used up with this fill; after a restart it is read from here
    """
    rule, why = how
    levels = inputs.levels[: max(1, len(fill.used))]
    asked: dict[str, Any] = {
        "side": inputs.side.value,
        "wanted": str(inputs.wanted),
        "limit": _text(inputs.limit),
        "stop": _text(inputs.stop),
        "move": str(inputs.move),
        "levels": [[str(at), str(free)] for at, free in levels],
        "touch": _text(inputs.touch),
        "already": str(inputs.already),
        "daily": None if inputs.daily is None else [repr(inputs.daily.adv), repr(inputs.daily.sigma)],
        "gap": _text(inputs.gap),
    }
    said = {
        "model": MODEL,
        "rule": rule.value,
        "why": why,
        "inputs": {name: value for name, value in asked.items() if value not in (None, [])},
        "price": repr(tick.last),
        "bid": repr(tick.bid),
        "ask": repr(tick.ask),
        "assumed_spread": tick.assumed,
        "received": tick.received.isoformat(),
        "source": tick.source,
        "placed": order.placed.isoformat(),
        "seed": str(order.seed),
        "bar": pool.bar,
        "used": str(pool.used),
        "taken": [
            [repr(at), repr(shown), str(gone)]
            for (side, at), (shown, gone) in pool.taken.items()
            if rule is Rule.WALK and side is inputs.side
        ],
    }
    return json.dumps(said, separators=(",", ":"))


def recompute(note: str, instrument: Instrument) -> Recomputed:
    """Compute a fill again from its note.

    Raises
    ------
    ValueError
        The note is of another model, or not one of ours.
    """
    try:
        said = json.loads(note)
        if said["model"] != MODEL:
            raise ValueError(f"the fill was made by the model {said['model']!r}, not by {MODEL!r}")
        rule, arrives = Rule(said["rule"]), datetime.fromisoformat(said["placed"]) + delay(int(said["seed"]))
        priced = price(rule, _read(said["inputs"]), instrument)
    except (KeyError, TypeError, ArithmeticError) as error:
        raise ValueError("this is no note of a paper fill") from error
    if priced is None:
        raise ValueError("the inputs in the note fill nothing")
    return Recomputed(rule, said["why"], arrives, priced)


def pool_of(fills: Iterable[Fill], since: datetime) -> Pool:
    """Read what our fills of one instrument have used up, oldest first; those before ``since`` are forgotten.

    Without it a restart would put back what was taken.
    """
    pool = Pool()
    for fill in fills:
        with suppress(ValueError, KeyError, TypeError, ArithmeticError):  # of another venue or model
            said = json.loads(fill.note)
            if said["model"] != MODEL or datetime.fromisoformat(said["received"]) < since:
                continue
            taken = {key: value for key, value in pool.taken.items() if key[0] is not fill.side}
            if not said["taken"]:
                taken = dict(pool.taken)
            taken |= {
                (fill.side, float(at)): (float(shown), Decimal(gone)) for at, shown, gone in said["taken"]
            }
            pool = Pool(MappingProxyType(taken), said["bar"], Decimal(said["used"]))
    return pool


def _read(asked: Mapping[str, Any]) -> Inputs:
    daily = asked.get("daily")
    return Inputs(
        side=Side(asked["side"]),
        wanted=Decimal(asked["wanted"]),
        limit=_money(asked.get("limit")),
        stop=_money(asked.get("stop")),
        move=Decimal(asked["move"]),
        levels=tuple((Decimal(at), Decimal(free)) for at, free in asked.get("levels", ())),
        touch=_money(asked.get("touch")),
        already=Decimal(asked["already"]),
        daily=None if daily is None else Liquidity(float(daily[0]), float(daily[1])),
        gap=_money(asked.get("gap")),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
