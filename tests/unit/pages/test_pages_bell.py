"""The bell in the strip, through Streamlit's own test driver; the desk is a double."""

from pathlib import Path

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.errors import StorageError
from marketpulse.types import AlertView, Lock, Severity

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


def alert(number, severity=Severity.HIGH, sentence="Look <b>here</b>."):
    return AlertView(str(number), fakes.NOW, fakes.WALL, "desk", "DRAWDOWN", severity, sentence, "equity")


@pytest.fixture(autouse=True)
def fresh_process():
    yield
    desk.use(None)


def open_shell(*alerts, kind=fakes.FakeDesk):
    double = kind(fakes.snapshot(alerts=alerts))
    desk.use(double)
    page = AppTest.from_file(str(SHELL), default_timeout=30).run()
    assert not page.exception
    return page, double


def shown(page):
    return " ".join(block.proto.body for block in page.get("html"))


def buttons(page):
    return {b.key: b for b in page.button}


def test_a_quiet_desk_has_a_quiet_bell():
    page, _ = open_shell()
    assert buttons(page)["bell"].label == "No alerts"
    buttons(page)["bell"].click().run()
    assert "Nothing unseen" in shown(page)


@pytest.mark.parametrize(
    ("severity", "label"), [(Severity.MEDIUM, "1 unseen"), (Severity.CRITICAL, ":red[1 unseen]")]
)
def test_the_bell_counts_and_is_red_for_what_is_urgent(severity, label):
    page, _ = open_shell(alert(5, severity))
    assert buttons(page)["bell"].label == label
    assert "ack_5" not in buttons(page)


def test_each_can_be_acknowledged_and_leaves():
    page, double = open_shell(alert(7), alert(5))
    buttons(page)["bell"].click().run()
    assert "Look &lt;b&gt;here&lt;/b&gt;." in shown(page)
    buttons(page)["ack_5"].click().run()
    assert double.calls == [("acknowledge", "5")]
    assert "ack_5" not in buttons(page)
    assert "ack_7" in buttons(page)


def test_all_that_are_shown_can_be_and_the_others_move_up():
    page, double = open_shell(*(alert(n) for n in range(20, 10, -1)))
    buttons(page)["bell"].click().run()
    assert buttons(page)["ack_all"].label == "Seen, all 8; 2 more follow"
    buttons(page)["ack_all"].click().run()
    assert [number for _, number in double.calls] == [str(n) for n in range(20, 12, -1)]
    assert {"ack_12", "ack_11"} <= set(buttons(page))


LOCK = Lock("STOP_OUTS", "STOP_OUTS", "", "4 stops have sold at a loss today.", fakes.NOW, None)


def test_protections_are_listed_and_lifted_by_a_typed_word():
    double = fakes.FakeDesk(fakes.snapshot(locks=(LOCK,)))
    desk.use(double)
    page = AppTest.from_file(str(SHELL), default_timeout=30).run()
    assert buttons(page)["bell"].label == "No alerts · 1 locked"
    buttons(page)["bell"].click().run()
    assert "4 stops have sold at a loss today." in shown(page)
    page.text_input(key="unlock_text").input("unlock")
    buttons(page)["unlock_go"].click().run()
    assert double.calls == []
    page.text_input(key="unlock_text").input("UNLOCK")
    buttons(page)["unlock_go"].click().run()
    assert double.calls == [("unlock", "STOP_OUTS")]


class Full(fakes.FakeDesk):
    def acknowledge(self, alert):
        raise StorageError("the disk is full") from LookupError(alert)


def test_what_cannot_be_written_is_said():
    page, _ = open_shell(alert(5), kind=Full)
    buttons(page)["bell"].click().run()
    buttons(page)["ack_5"].click().run()
    assert any("Not acknowledged: the disk is full" in t.value.replace("\\", "") for t in page.toast)
