"""Faults are counted always and said once a minute; no secret reaches a log."""

import json
import logging
import sys

import pytest

from marketpulse.meter import Meter, configure


@pytest.fixture
def log_file(tmp_path):
    kept = logging.raiseExceptions
    yield tmp_path / "logs" / "desk.log"
    for handler in list(logging.getLogger("marketpulse").handlers):
        logging.getLogger("marketpulse").removeHandler(handler)
        handler.close()
    logging.getLogger("marketpulse").propagate = True
    logging.raiseExceptions = kept


def test_one_line_per_kind_and_minute(log_file):
    configure(log_file.parent)
    time = [0.0]
    meter = Meter(lambda: time[0])
    for _ in range(300):
        meter.fault("yahoo", "timed out")
        time[0] += 0.1
    meter.fault("binance", "refused")
    time[0] = 61.0
    meter.fault("yahoo", "timed out")
    lines = [json.loads(line)["message"] for line in log_file.read_text().splitlines()]
    assert lines == ["yahoo: timed out", "binance: refused", "yahoo: timed out (and 299 more like it)"]
    assert meter.counts() == {"yahoo": 301, "binance": 1}


def test_secrets_are_replaced_in_messages_arguments_and_tracebacks(log_file):
    secret = "s3cr3t/" + "x" * 10
    telegram = "123456789" + ":" + "A" * 35
    redactor = configure(log_file.parent, [secret])
    late = "l" * 20
    redactor.add(late)
    log = logging.getLogger("marketpulse.test")
    log.info("url %s?apikey=%s&x=1", "https://h", secret)
    log.info("quoted %s", secret.replace("/", "%2F"))
    log.info("a token=%s", "q" * 12)
    log.info("https://api/bot%s/getMe", telegram)
    log.info(late)
    try:
        int(secret)
    except ValueError:
        log.exception("failed")
    text = log_file.read_text()
    for part in (secret, secret.replace("/", "%2F"), "q" * 12, telegram, late):
        assert part not in text
    assert "Traceback" in text


def test_a_folder_that_cannot_be_made_leaves_the_terminal(tmp_path, log_file):
    del log_file
    (tmp_path / "file").write_text("")
    configure(tmp_path / "file" / "logs")
    logging.getLogger("marketpulse.x").error("still said")
    assert sys.stderr is not None


def test_quantiles_of_what_was_observed():
    meter = Meter(lambda: 0.0)
    assert meter.quantile("turn", 0.5) is None
    for value in range(1, 101):
        meter.observe("turn", float(value))
    assert meter.quantile("turn", 0.5) == 51.0
    assert meter.quantile("turn", 0.99) == 100.0
