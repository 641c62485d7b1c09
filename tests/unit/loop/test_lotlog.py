"""Lots are read on behind the books, and shown once they are level with them."""

from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.loop.lotlog import LotLog

HERE = (ACCOUNT,)


def noted(script):
    log = LotLog()
    for event in script.events:
        log.note(event)
    return log


def test_lots_of_the_accounts_that_are_shown():
    script = Script().cash(9).trade("buy", 3, 10).trade("sell", 1, 12).trade("buy", 1, 5, account="other:1")
    log = noted(script)
    lots, closed = log.read(HERE)
    assert [(lot.quantity, lot.cost) for lot in lots] == [(2, 20)]
    assert [lot.gain for lot in closed] == [2]
    assert log.read(HERE)[0] is lots
    assert [lot.account for lot in log.read(("other:1",))[0]] == ["other:1"]


def test_a_long_past_is_read_in_several_turns_and_nothing_is_shown_meanwhile(monkeypatch):
    monkeypatch.setattr("marketpulse.loop.lotlog._A_TURN", 4)
    script = Script()
    for _ in range(5):
        script.trade("buy", 1, 10)
    log = noted(script)
    assert log.read(HERE) == ((), ())
    assert len(log.read(HERE)[0]) == 5
    late = Script().trade("sell", 1, 11).events[-1]
    log.note(late)
    lots, closed = log.read(HERE)
    assert (len(lots), len(closed)) == (4, 1)
