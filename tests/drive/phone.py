"""Drive ledger, outbox, phone and bot through the faults of a simulated Telegram; prints what was lost or told twice.

run.sh exec .venv/bin/python tests/drive/phone.py TOKEN CHAT
"""

import json
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import fakes
from unit.portfolio.folding import Script

from marketpulse.clock import WallClock
from marketpulse.loop.outbox import Outbox
from marketpulse.meter import Meter, configure
from marketpulse.storage import Ledger
from marketpulse.telegram import Phone
from marketpulse.telegram.line import Line
from marketpulse.types import EventKind, NewEvent

FAULTS = (
    ("plain", 3, {}),
    ("429, wait 3 s", 3, {"kind": "429", "retry_after": 3, "match": "sendMessage"}),
    ("502 twice", 3, {"kind": "5xx", "match": "sendMessage", "count": 2}),
    ("reset", 3, {"kind": "reset", "match": "sendMessage"}),
    ("not JSON", 3, {"kind": "malformed", "match": "sendMessage"}),
    ("a web page", 3, {"kind": "html", "match": "sendMessage"}),
    ("hangs", 3, {"kind": "hang", "s": 300, "match": "sendMessage"}),
    ("its answer is lost", 3, {"kind": "tg_lost_reply"}),
    ("409", 3, {"kind": "status", "status": 409, "match": "sendMessage"}),
    ("200 fills at once", 200, {}),
)


def control(path, **query):
    address = f"http://127.0.0.1:9900/{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(address) as answer:
        return json.load(answer)


def told():
    rows = control("ledger", kind="telegram", n=1000)["rows"]
    texts = [row["text"] for row in rows if row.get("method") == "sendmessage"]
    return texts, [int(word[1:]) for text in texts for word in text.split() if word.startswith("#")]


def main(token, chat):
    folder, clock, story = Path(tempfile.mkdtemp()), WallClock(), Script()
    configure(folder / "logs", [token])
    ledger = Ledger.open(folder / "ledger.db", clock)
    control("reset")

    def listen():
        phone = Phone(Line(token, chat), fakes.snapshot)
        box = Outbox(ledger, folder / "sinks", phone, Meter(), pace=0.2)
        box.start()
        return box

    def fill(count):
        for _ in range(count):
            story.trade("buy", "1", "10")
            event = story.events[-1]
            ledger.append(
                NewEvent(clock.now(), "paper:desk", EventKind.FILL, event.ref, event.payload, event.key)
            )

    box = listen()
    for name, count, fault in FAULTS:
        first = ledger.last().seq if ledger.last() else 0
        if fault:
            control("fault", provider="telegram", **({"count": 1} | fault))
        fill(count)
        mine, begun = set(range(first + 1, first + 1 + count)), time.monotonic()
        while (box.trouble or not mine <= set(told()[1])) and time.monotonic() - begun < 90:
            time.sleep(0.1)
        time.sleep(0.5)
        heard = told()[1]
        again = sum(heard.count(number) > 1 for number in mine)
        lost = len(mine - set(heard))
        print(f"{name:20} {time.monotonic() - begun:6.1f} s  lost {lost}  told twice {again}")
        control("clear", provider="telegram")
    box.close()
    fill(4)
    box = listen()
    time.sleep(3)
    box.close()
    texts, heard = told()
    whole = set(range(1, ledger.last().seq + 1))
    print(
        f"{len(whole)} events in {len(texts)} messages, lost after a restart too: {len(whole - set(heard))}"
    )
    held = [p.name for p in folder.rglob("*") if p.is_file() and token.encode() in p.read_bytes()]
    print(f"files that hold the token: {held}")
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
