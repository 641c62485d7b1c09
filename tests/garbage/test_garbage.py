"""Whatever a provider sends, nothing false is shown and nothing false is stored.

A run takes a few payloads of each kind; ``MP_TEST_WHOLE=1`` takes them all, more than ten thousand.
"""

import json
import os
from pathlib import Path

import pytest
from garbage import bases, readme, rooms
from garbage.families import FAMILIES, Family
from garbage.kinds import Kind
from garbage.trees import Question, put, written
from garbage.venues import KEY, MAKERS, SECRET, finnhub

from marketpulse.errors import BadData
from marketpulse.market import dailies, intake
from marketpulse.market.quality import Gate, Verdict
from marketpulse.types import Quote

WHOLE = os.environ.get("MP_TEST_WHOLE") == "1"
CASES = [(family, kind) for family in FAMILIES for kind in family.kinds]


class Street:
    """The rooms of all providers, made at first use, and what good answers led to in them."""

    def __init__(self, folder: Path, wrap: type = rooms.Tap) -> None:
        self._folder = folder
        self._wrap = wrap
        self._rooms: dict[str, rooms.Room] = {}
        self._good: dict[tuple[str, str], rooms.Seen] = {}

    def room(self, provider: str) -> rooms.Room:
        if provider not in self._rooms:
            folder = self._folder / provider
            folder.mkdir(parents=True)
            self._rooms[provider] = rooms.Room(provider, folder, self._questions(provider), self._wrap)
        return self._rooms[provider]

    def _questions(self, provider: str) -> tuple[Question, ...]:
        found = {q.name: q for f in FAMILIES for q in f.questions.get(provider, ())}
        return tuple(found.values())

    def good(self, provider: str, question: Question) -> rooms.Seen:
        key = provider, question.name
        if key not in self._good:
            self._good[key] = self.room(provider).meet(question, written(question.answer))
        return self._good[key]

    def faults(self, family: Family, kind: Kind, seed: int) -> list[str]:
        """What one payload of a kind did that it must not."""
        provider, question, payload = family.payload(kind, seed)
        good, room = self.good(provider, question), self.room(provider)
        seen = room.meet(question, payload)
        harmless = bool(kind.harmless or question.spare)
        found = rooms.faults(room, seen, payload, good, harmless=harmless)
        return [f"{question.name}, seed {seed}: {fault}" for fault in found]

    def close(self) -> None:
        for room in self._rooms.values():
            room.close()


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    street = Street(tmp_path_factory.mktemp("garbage"))
    yield street
    street.close()


@pytest.mark.parametrize(("family", "kind"), CASES, ids=[f"{f.name}-{k.id}" for f, k in CASES])
def test_nothing_false_is_shown_or_stored(street, family, kind):
    seeds = range(family.seeds[WHOLE])
    assert [fault for seed in seeds for fault in street.faults(family, kind, seed)] == []


GOOD = [(f.name, p, q) for f in FAMILIES for p, some in f.questions.items() for q in some]


@pytest.mark.parametrize(
    ("provider", "question"), [row[1:] for row in GOOD], ids=[f"{n}-{q.name}" for n, _, q in GOOD]
)
def test_the_good_answer_is_believed(street, provider, question):
    """Else all garbage would be refused for a reason that has nothing to do with it."""
    seen, room = street.good(provider, question), street.room(provider)
    written_to = {"quote": "live_market_data", "book": "order_book_data", "bars": ""}
    expected = written_to.get(question.ask) if question.ask != "stream" else None
    if expected is None:
        assert seen.added
    else:
        assert set(seen.added) == ({expected} if expected else set())
    if "live_market_data" in seen.added:
        assert seen.price == pytest.approx(room.believable)
    assert not any(seen.lost.values())
    assert rooms.faults(room, seen, b"", seen, harmless=True) == []


def test_there_are_enough():
    assert all(len(family.kinds) >= 60 for family in FAMILIES)
    assert sum(len(f.kinds) * f.seeds[False] for f in FAMILIES) >= 1_500
    assert sum(len(f.kinds) * f.seeds[True] for f in FAMILIES) >= 10_000
    for family in FAMILIES:
        ids = [kind.id for kind in family.kinds]
        assert len(ids) == len(set(ids))


def test_a_seed_always_makes_the_same_payload_and_two_seeds_seldom_do():
    different = 0
    for family, kind in CASES:
        made = [family.payload(kind, seed)[2] for seed in range(3)]
        assert made[0] == family.payload(kind, 0)[2]
        different += len(set(made)) > 1
    assert different > 0.8 * len(CASES)


def test_the_list_is_what_the_code_says():
    page = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
    assert page == readme.text()


# the harness has teeth: each planted mistake is caught


def caught(folder: Path, name: str, ids: str, wrap: type = rooms.Tap) -> str:
    """All that is found in some kinds of a family."""
    street, family = Street(folder, wrap), next(f for f in FAMILIES if f.name == name)
    chosen = [kind for kind in family.kinds if kind.id in ids.split()]
    assert len(chosen) == len(ids.split())
    found = [fault for kind in chosen for seed in range(8) for fault in street.faults(family, kind, seed)]
    street.close()
    return "\n".join(found)


class Naive:
    """An adapter that passes on what came."""

    def __init__(self, clock, answers):
        self.name, self.clock, self.answers = "finnhub", clock, answers
        self.capabilities = finnhub(clock, Path(), answers).capabilities
        self.bars = self.actions = self.book = self.news = None

    def quote(self, instrument):
        now, told = self.clock.now(), json.loads(self.answers.bodies["quote"])
        return Quote(instrument.symbol, float(told["c"]), None, None, None, now, now, self.name)

    async def stream(self, *_):
        raise BadData("finnhub: it has none")


def test_an_adapter_that_passes_everything_on_is_caught(tmp_path, monkeypatch):
    monkeypatch.setitem(MAKERS, "finnhub", lambda clock, _folder, answers: Naive(clock, answers))
    found = caught(tmp_path, "finnhub", "G02 G05 G75 F04 F05")
    assert "left the adapter: KeyError" in found
    assert "left the adapter: ValueError" in found
    assert "left the adapter: JSONDecodeError" in found
    assert "the price became 190.0" in found


def test_a_gate_that_stands_open_is_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "shape", lambda _quote, _now: "")
    monkeypatch.setattr(Gate, "judge", lambda *_judged, **_more: Verdict(believed=True))
    found = caught(tmp_path, "binance", "G22 G24 B04")
    assert "the price became 5000010" in found
    assert "live_market_data changed" in found


def test_a_day_that_is_not_looked_at_is_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "sound", lambda quote: quote)
    found = caught(tmp_path, "bybit", "G64 G66")
    assert "the forming bar's low is -" in found
    assert "the board's low is -" in found
    assert "the board's volume is -321.5" in found


def test_bars_that_are_not_cleaned_are_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(dailies, "clean", lambda bars, _now: (bars, bars[:0], ()))
    found = caught(tmp_path, "alphavantage", "G12 G19 A14")
    assert "bar_block changed" in found
    assert "a 1d bar's volume is none" in found


class Leaky(rooms.Tap):
    """A tap whose source says more than it should."""

    def __init__(self, source):
        super().__init__(source)
        clean = self.quote

        def quote(instrument):
            try:
                return clean(instrument)
            except BadData as error:
                raise self.say(error) from None

        self.quote = quote

    def say(self, error):
        leaked = BadData(f"{error} ({self.secret})")
        self.errors.append(leaked)
        return leaked

    secret = ""


@pytest.mark.parametrize(
    ("secret", "fault"),
    [(KEY, "a text holds a part of the key"), (SECRET[3:11], "a text holds a part of the key")],
    ids=["key", "a part of the secret"],
)
def test_a_key_in_an_error_is_caught(tmp_path, secret, fault):
    leaky = type("Telling", (Leaky,), {"secret": secret})
    assert fault in caught(tmp_path, "finnhub", "G01", leaky)


def test_a_vendors_own_words_are_caught():
    words = "x" * 10 + " a sentence of the vendor that is longer than forty characters"
    assert list(rooms.told([f"finnhub: {words}"], words.encode()))
    assert not list(rooms.told([f"finnhub: {words[:40]}"], words.encode()))


def test_a_thread_that_dies_and_a_warning_are_heard():
    import threading  # noqa: PLC0415  only here
    import warnings  # noqa: PLC0415  as above

    noise = []
    with rooms.listening(noise):
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
        warnings.warn("odd", RuntimeWarning, stacklevel=1)
    assert [line.split(":")[0] for line in noise] == ["a thread", "RuntimeWarning"]


def test_a_spot_is_changed_in_a_copy():
    before = written(bases.YAHOO[0].answer)
    put(bases.YAHOO[0].answer, ("chart", "result", 0, "meta", "symbol"), "X")
    assert written(bases.YAHOO[0].answer) == before
