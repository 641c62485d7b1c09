"""A whole desk that proposes: from a closed bar on the tape to an approved order, its why, and over a restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.loop import analyst
from marketpulse.settings import load
from marketpulse.types import Call, Conduct, Edge, OrderState, ProposalState


@pytest.fixture
def planted(monkeypatch):
    """Every share calls UP, with an edge: what no model says of the tape."""
    real = analyst.decide

    def decide(*given, **more):
        found = real(*given, **more)
        said = (
            s
            if "/" in s.symbol
            else replace(
                s, call=Call.UP, edge=Edge.WEAK, probability=0.6, base_rate=0.54, model_version="planted"
            )
            for s in found.signals
        )
        return replace(found, signals=tuple(said))

    monkeypatch.setattr(analyst, "decide", decide)


def opened(folder, mode):
    given = {
        "MARKETPULSE_FEED": "replay",
        "MARKETPULSE_DATA_DIR": str(folder),
        "MARKETPULSE_MODE": mode,
        "MARKETPULSE_REPLAY_SPEED": "0.5",
    }
    return Desk.open(load(given, Path("/nonexistent/.env")))


def until(desk, holds):
    for _ in range(1_500):
        shown = desk.snapshot()
        if holds(shown):
            return shown
        desk._loop._thread.join(0.02)
    raise AssertionError(desk.snapshot().proposals)


@pytest.mark.usefixtures("planted")
def test_a_proposal_is_approved_through_the_desk_and_stays_one_order_over_a_restart(tmp_path):
    with opened(tmp_path, "confirm") as desk:
        assert desk.snapshot().conduct is Conduct.CONFIRM
        shown = until(desk, lambda s: any(p.symbol == "AAPL" for p in s.proposals))
        made = next(p for p in shown.proposals if p.symbol == "AAPL")
        assert made.state is ProposalState.PENDING
        assert desk.why("AAPL").rungs[-1].sentence.endswith("A person's word is awaited.")
        assert desk.answer(made.id, approve=True).state is ProposalState.ORDERED
        filled = until(desk, lambda s: s.order(made.id) and s.order(made.id).state is OrderState.FILLED)
        assert filled.order(made.id).request.stop_loss_price < filled.market["AAPL"].quote.price
        until(desk, lambda s: any(o.parent == made.id for o in s.orders))  # its stop rests
        first = desk.why("AAPL", desk.snapshot().time).rungs[0]
        assert (first.code, first.value) == ("ORDERED", made.id)
        with pytest.raises(Refused, match="ordered"):
            desk.answer(made.id, approve=False)
    with opened(tmp_path, "confirm") as again:
        assert again.answer(made.id, approve=True).state is ProposalState.ORDERED
        own = [o for o in again.snapshot().orders if o.request.symbol == "AAPL" and not o.role]
        assert [o.id for o in own] == [made.id]


@pytest.mark.usefixtures("planted")
def test_auto_is_shown_and_orders_by_itself(tmp_path):
    with opened(tmp_path, "auto") as desk:
        shown = until(desk, lambda s: any(p.state is ProposalState.ORDERED for p in s.proposals))
        made = next(p for p in shown.proposals if p.state is ProposalState.ORDERED)
        assert (shown.conduct, shown.practice, made.mode) == (Conduct.AUTO, False, Conduct.AUTO)
        assert shown.order(made.id).request == made.request
        assert not any(event.kind.value == "proposal" for event in shown.events)
