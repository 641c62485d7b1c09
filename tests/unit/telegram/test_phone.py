"""What goes to the phone, in which words, and what of an error is ever shown."""

import asyncio
import logging
from dataclasses import replace
from decimal import Decimal

import fakes
import pytest
import telegram
from unit.portfolio.folding import Script

from marketpulse.errors import Undelivered
from marketpulse.meter import configure
from marketpulse.portfolio.codec import Alert, write_alert, write_halt, write_resume
from marketpulse.portfolio.desk_codec import write_flatten
from marketpulse.settings import load
from marketpulse.telegram import Phone, attach
from marketpulse.telegram.line import Line
from marketpulse.telegram.words import MOST, line, message, wanted
from marketpulse.types import AccountView, EventKind, Mode

TOKEN = f"{'1' * 9}:{'z' * 35}"


def script():
    return Script()


def alert(code, ref="o", **more):
    return (
        script().add(EventKind.ALERT, ref, write_alert(Alert(code, f"{code} happened.", **more))).events[-1]
    )


class Spoken:
    def __init__(self, fails=()):
        self.texts, self.fails, self.closed = [], list(fails), False

    def say(self, text):
        if self.fails:
            raise self.fails.pop(0)
        self.texts.append(text)

    def close(self):
        self.closed = True


def told(events, **changes):
    spoken = Spoken()
    sandbox = changes.pop("sandbox", False)
    count = Phone(spoken, lambda: fakes.snapshot(**changes), sandbox=sandbox).send(events)
    return spoken.texts[0], count


def test_fills_refusals_urgent_alerts_and_stops_are_wanted_and_nothing_else():
    story = Script().cash("9").trade("buy", "2", "10.50").order("d", "buy", "1", denied=("HALTED",))
    story.order("r", "buy", "1").move("r", "submitting").move("r", "rejected", "NO", "The venue said no.")
    story.add(EventKind.HALT, "halt", write_halt("by hand"), account="desk")
    story.add(EventKind.RESUME, "halt", write_resume(), account="desk")
    story.add(EventKind.FLATTEN, "flatten", write_flatten(done=False), account="desk")
    said = [line(e, lambda _: "buy 1 AAPL") for e in story.events if wanted(e)]
    assert said == [
        "#3 Filled: buy 2 AAPL at 10.5",
        "#4 Refused: buy 1 AAPL. HALTED.",
        "#7 Rejected by the venue: buy 1 AAPL. The venue said no.",
        "#8 TRADING IS HALTED: by hand",
        "#9 Trading is resumed.",
        "#10 Selling everything that is held.",
    ]


@pytest.mark.parametrize(
    ("code", "goes"), [("OVERFILL", True), ("DAILY_LOSS", True), ("LATE_ACCEPT", False), ("PROTECTED", False)]
)
def test_only_urgent_alerts_go(code, goes):
    assert wanted(alert(code)) is goes


def test_an_alert_names_its_severity_and_code():
    assert line(alert("OVERFILL"), str) == "#1 CRITICAL OVERFILL: OVERFILL happened."


def test_many_fills_are_one_message_with_what_is_urgent_first():
    story = Script()
    for _ in range(20):
        story.trade("buy", "1", "10")
    story.add(EventKind.ALERT, "o", write_alert(Alert("OVERFILL", "Look.")))
    text, count = told([e for e in story.events if wanted(e)])
    lines = text.splitlines()
    assert (count, len(lines)) == (21, 22)
    assert lines[1] == "#41 CRITICAL OVERFILL: Look."


def test_a_message_is_bounded_and_says_how_many_it_holds():
    story = Script()
    for _ in range(300):
        story.trade("buy", "1", "10", symbol="BTC/USDT")
    fills = [e for e in story.events if wanted(e)]
    text, count = message(fills, "head", str)
    assert len(text) <= MOST < 4_096
    assert 50 < count < 300
    assert text.splitlines()[-1].startswith(f"#{fills[count - 1].seq} ")


def test_one_line_is_bounded_and_holds_no_signs_that_are_not_printed():
    said = line(script().add(EventKind.HALT, "halt", write_halt("a\nb\u202e" + "x" * 9_000)).events[0], str)
    assert len(said) == 400
    assert said.startswith("#1 TRADING IS HALTED: a b x")


LIVE = AccountView("binance:7", "binance", "7", Mode.LIVE, armed=False, reconciled=True)


@pytest.mark.parametrize(
    ("changes", "head"),
    [
        ({}, "MarketPulse PAPER · REPLAY, not today"),
        ({"replay": None}, "MarketPulse PAPER"),
        ({"replay": None, "accounts": (LIVE,)}, "MarketPulse LIVE MONEY"),
        ({"replay": None, "accounts": (LIVE,), "sandbox": True}, "MarketPulse TEST NETWORK"),
    ],
)
def test_each_message_says_whose_money_it_is_and_that_a_replay_is_one(changes, head):
    assert told([alert("OVERFILL")], **changes)[0].splitlines()[0] == head


def test_a_rejection_names_its_order_where_the_desk_still_knows_it():
    order = fakes.snapshot().orders[0]
    event = replace(
        Script().order("o", "buy", "1").move("o", "rejected", "NO", "No.").events[-1], ref=order.id
    )
    known = f"{order.request.side} {Decimal(order.request.quantity).normalize():f} {order.request.symbol}"
    assert known in told([event])[0]
    assert "gone" in told([replace(event, ref="gone")])[0]


class Refusing:
    """A bot whose every message ends in this error."""

    def __init__(self, error):
        self.error = error

    async def send_message(self, **_):
        raise self.error


class Waiting:
    async def send_message(self, **_):
        await asyncio.Event().wait()


def saying(bot):
    quiet = Line(TOKEN, "424242")
    quiet._bot = bot
    try:
        with pytest.raises(Undelivered) as caught:
            quiet.say("x")
    finally:
        quiet.close()
        quiet.close()
    return caught.value


ERRORS = [
    (lambda: telegram.error.RetryAfter(7), 7.0),
    (lambda: telegram.error.InvalidToken(f"The token `{TOKEN}` was rejected"), 300.0),
    (lambda: telegram.error.Forbidden(TOKEN), 300.0),
    (lambda: telegram.error.ChatMigrated(5), 300.0),
    (lambda: telegram.error.BadRequest(TOKEN), 300.0),
    (lambda: telegram.error.Conflict(TOKEN), 30.0),
    (lambda: telegram.error.TimedOut(TOKEN), 0.0),
    (lambda: telegram.error.NetworkError(f"https://api.telegram.org/bot{TOKEN}/sendMessage"), 0.0),
    (lambda: telegram.error.EndPointNotFound(TOKEN), 0.0),
    (lambda: telegram.error.PassportDecryptionError(TOKEN), 0.0),
    (lambda: telegram.error.TelegramError(TOKEN), 0.0),
    (lambda: RuntimeError(f"bot{TOKEN}"), 0.0),
]


@pytest.mark.parametrize(("error", "wait"), ERRORS)
def test_each_error_of_the_library_is_ours_and_without_the_token(monkeypatch, error, wait):
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    found = saying(Refusing(error()))
    assert found.retry_after == wait
    assert found.__context__ is None
    assert found.__cause__ is None
    assert TOKEN not in repr(found)
    assert str(found).startswith("telegram: ")


def test_every_error_of_the_library_was_tried(monkeypatch):
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    tried = {type(error()) for error, _ in ERRORS}
    names = vars(telegram.error).values()
    assert {c for c in names if isinstance(c, type) and issubclass(c, Exception)} <= tried


def test_a_bot_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr("marketpulse.telegram.line._WHOLE", 0.05)
    assert str(saying(Waiting())) == "telegram: no answer in time"


def test_a_closed_line_says_so_and_shows_nothing():
    quiet = Line(TOKEN, "424242")
    quiet.close()
    with pytest.raises(Undelivered, match="closed"):
        quiet.say("x")
    assert TOKEN not in repr(quiet)


def test_the_real_bot_is_made_once_and_let_go():
    quiet = Line(TOKEN, "424242")
    bot = asyncio.run_coroutine_threadsafe(_made(quiet), quiet._loop).result(20)
    assert isinstance(bot, telegram.Bot)
    quiet.close()
    assert quiet._request._client.is_closed


async def _made(quiet):
    assert quiet._ready() is quiet._ready()
    return quiet._bot


class Told:
    def __init__(self):
        self.sinks = []

    def attach(self, sink):
        self.sinks.append(sink)

    def snapshot(self):
        return fakes.snapshot()


@pytest.mark.parametrize(
    "given", [{}, {"TELEGRAM_BOT_TOKEN": TOKEN}, {"TELEGRAM_CHAT_ID": "424242"}, {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "me"}]
)  # fmt: skip
def test_without_both_settings_nobody_is_told(tmp_path, given):
    desk = Told()
    assert not attach(desk, load(given, tmp_path / ".env").settings)
    assert desk.sinks == []


def test_with_both_the_desk_tells_the_phone_and_no_key_makes_prices_live(tmp_path):
    settings = load(
        {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "-100424242"}, tmp_path / ".env"
    ).settings
    desk = Told()
    assert attach(desk, settings)
    assert not settings.has_broker_key
    assert TOKEN not in repr(settings)
    desk.sinks[0].close()


def test_the_token_is_kept_out_of_the_log_and_the_library_says_nothing(tmp_path, caplog):
    settings = load({"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": "1"}, tmp_path / ".env").settings
    configure(tmp_path, settings.secrets())
    logging.getLogger("marketpulse.test").warning("POST https://api.telegram.org/bot%s/sendMessage", TOKEN)
    for name in ("telegram.Bot", "telegram.ext", "httpx", "httpcore.http11"):
        assert not logging.getLogger(name).isEnabledFor(logging.ERROR)
    assert TOKEN not in (tmp_path / "desk.log").read_text()
    assert caplog.text == ""
