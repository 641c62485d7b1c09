"""Open alerts are a fold: the same from any ledger, old ones too."""

from unit.portfolio.folding import Script

from marketpulse.portfolio.alerts import AlertBook, ack_key
from marketpulse.portfolio.codec import Alert, read_alert, write_alert
from marketpulse.types import EventKind
from marketpulse.types.alert import SEVERITIES, Severity, severity_of


def alert(script, code, ref="AAPL", **more):
    return script.add(EventKind.ALERT, ref, write_alert(Alert(code, f"{code}.", **more)))


def ack(script, number):
    return script.add(EventKind.ACK, str(number), {}, ack_key(str(number)))


def test_an_alert_is_open_until_somebody_has_seen_it():
    script = ack(alert(alert(Script(), "OVERFILL", "o"), "LATE_ACCEPT", "o"), 1)
    book = AlertBook.of(script.events)
    assert [a.code for a in book.newest(9)] == ["LATE_ACCEPT"]
    assert book.find("1").acknowledged == script.events[2].time
    assert book.find("2").acknowledged is None
    assert book.find("3") is None


def test_newest_first_and_no_more_than_asked_for():
    script = Script()
    for _ in range(5):
        alert(script, "OVERFILL")
    assert [a.id for a in AlertBook.of(script.events).newest(2)] == ["5", "4"]


def test_an_old_alert_is_as_bad_as_its_code_says():
    script = Script().add(EventKind.ALERT, "o", {"code": "OVERFILL", "sentence": "x"})
    script.add(EventKind.ALERT, "o", {"code": "NEVER_HEARD_OF", "sentence": "x"})
    found = AlertBook.of(script.events).newest(9)
    assert [a.severity for a in found] == [Severity.MEDIUM, Severity.CRITICAL]
    assert {a.wall for a in found} == {None}


def test_what_the_alert_says_of_itself_wins():
    book = AlertBook.of(alert(Script(), "OVERFILL", severity=Severity.LOW).events)
    assert book.newest(1)[0].severity is Severity.LOW


def test_an_episode_holds_until_its_end_whether_it_was_seen_or_not():
    script = ack(alert(Script(), "DRAWDOWN", "equity"), 1)
    assert AlertBook.of(script.events).holding("DRAWDOWN", "equity") == "1"
    alert(script, "OVER", "equity", ends="1")
    book = AlertBook.of(script.events)
    assert book.holding("DRAWDOWN", "equity") == ""
    assert book.count("DRAWDOWN", "equity") == 1
    assert book.newest(9) == ()
    assert book.find("1").ended == script.events[2].time


def test_a_position_that_has_its_stop_again_ends_the_alarm_which_stays_open():
    script = alert(alert(Script(), "UNPROTECTED"), "PROTECTED")
    (left,) = AlertBook.of(script.events).newest(9)
    assert (left.code, left.ended) == ("UNPROTECTED", script.events[1].time)


def test_an_end_or_an_acknowledgement_of_nothing_changes_nothing():
    script = ack(alert(alert(Script(), "PROTECTED"), "OVER", ends="99"), 99)
    assert AlertBook.of(script.events).newest(9) == ()


def test_the_plainest_alert_is_written_as_in_the_first_ledgers():
    assert write_alert(Alert("X", "y")) == {"code": "X", "sentence": "y"}
    assert read_alert({"code": "X", "sentence": "y"}) == Alert("X", "y")


def test_severities_are_in_order_and_two_of_them_are_urgent():
    assert sorted(Severity, key=lambda s: s.rank) == list(Severity)
    assert [s for s in Severity if s.urgent] == [Severity.HIGH, Severity.CRITICAL]
    assert all(severity_of(code) is severity for code, severity in SEVERITIES.items())
