"""Kinds of garbage that fit every provider: each makes a payload out of a good answer and a seed.

What is expected of a kind is one of two things. Refused: the board shows what it showed, and the store
holds what it held. Harmless: the payload may be believed, but only with the very number that the good
answer had; the reason says why nothing is wrong with that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from garbage.trees import GONE, Question, Raw, at, number, put, written

Make = Callable[[Random, Question], bytes]
Value = Callable[[Random, object], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of garbage.

    Attributes
    ----------
    needs : the spots it is put into (prices, times, extras), or "" where the whole answer is changed
    only : the questions it fits, all when empty
    harmless : why it may be believed; empty means that it must be refused
    """

    id: str
    what: str
    make: Make
    needs: str = ""
    only: tuple[str, ...] = ()
    harmless: str = ""

    def fits(self, question: Question) -> bool:
        """Whether the question has a spot for it."""
        if self.only and question.name not in self.only:
            return False
        return not self.needs or bool(getattr(question, self.needs))


def at_spot(needs: str, value: Value) -> Make:
    """Put what ``value`` makes of the good number into one spot."""

    def make(rng: Random, question: Question) -> bytes:
        spot = rng.choice(getattr(question, needs))
        return written(put(question.answer, spot, value(rng, at(question.answer, spot))))

    return make


def alike(value: float, old: object) -> object:
    """A number in the clothes of the old one: as text where that was text."""
    return repr(value) if isinstance(old, str) else value


def said(old: object) -> str:
    """The good number as a person would write it."""
    return str(old)


def _wide(text: str) -> str:
    return text.translate({ord(str(n)): chr(0xFF10 + n) for n in range(10)})


def _huge(rng: Random, old: object) -> object:
    return alike(rng.choice((1.0, -1.0)) * 10.0 ** rng.randint(200, 308), old)


def _nested(rng: Random, old: object) -> object:
    for _ in range(rng.randint(2, 40)):
        old = [old] if rng.random() < 0.5 else {"value": old}
    return old


def _inserted(rng: Random, old: object, characters: str) -> str:
    """The number with one foreign character somewhere among its own."""
    text = said(old)
    place = rng.randint(0, len(text) - 1)
    return text[:place] + rng.choice(characters) + text[place:]


SHOWN = "Python reads these digits as the number they show"
VALUES: tuple[tuple[str, Value, str], ...] = (
    ("null", lambda _r, _v: None, ""),
    ("left out", lambda _r, _v: GONE, ""),
    ("an empty text", lambda _r, _v: "", ""),
    ("blanks", lambda r, _v: " " * r.randint(1, 9), ""),
    ("a word", lambda r, _v: r.choice(("n/a", "-", "none", "null", "undefined", "TBD", "#N/A")), ""),
    ("true", lambda _r, _v: True, ""),
    ("false", lambda _r, _v: False, ""),
    ("a list around the number", lambda r, v: [v] * r.randint(1, 3), ""),
    ("an empty list", lambda _r, _v: [], ""),
    ("an object around the number", lambda r, v: {r.choice(("raw", "value", "")): v}, ""),
    ("lists and objects nested around it", _nested, ""),
    ("NaN as text", lambda r, _v: r.choice(("NaN", "nan", "-nan", "NAN")), ""),
    ("NaN as a literal", lambda _r, _v: float("nan"), ""),
    ("infinity as text", lambda r, _v: r.choice(("inf", "Infinity", "-inf", "+INF")), ""),
    ("infinity as a literal", lambda r, _v: float(r.choice(("inf", "-inf"))), ""),
    ("1e999", lambda r, _v: Raw(r.choice(("1e999", "-1e999", '"1e999"'))), ""),
    ("an exponent of hundreds", _huge, ""),
    ("a denormal number", lambda r, v: alike(5e-324 * r.randint(1, 1000), v), ""),
    ("negative", lambda _r, v: alike(-float(v), v), ""),
    ("zero", lambda _r, v: alike(0.0, v), ""),
    ("minus zero", lambda _r, v: alike(-0.0, v), ""),
    ("a hundred times", lambda _r, v: alike(float(v) * 100, v), ""),
    ("a hundredth", lambda _r, v: alike(float(v) / 100, v), ""),
    ("a million times", lambda r, v: alike(float(v) * 10.0 ** r.randint(6, 12), v), ""),
    ("an integer of hundreds of digits", lambda r, _v: Raw("9" * r.randint(310, 900)), ""),
    ("an integer of thousands of digits", lambda r, _v: Raw("9" * r.randint(4301, 6000)), ""),
    ("text with a unit", lambda r, v: said(v) + r.choice((" USD", "$", " kr", "k", "%", "p")), ""),
    ("text with a currency sign", lambda r, v: r.choice("$€£¥") + said(v), ""),
    ("text with commas", lambda r, _v: r.choice(("1,234.5", "181,5", "1.234,5", "1 234,5")), ""),
    ("hexadecimal", lambda r, _v: hex(r.randint(1, 10**6)), ""),
    ("a fraction", lambda r, _v: f"{r.randint(1, 999)}/{r.randint(2, 9)}", ""),
    ("a complex number", lambda r, v: f"{said(v)}+{r.randint(1, 9)}j", ""),
    ("a bidi character among the digits", lambda r, v: _inserted(r, v, "\u202e\u200f\u2066"), ""),
    ("a control character among the digits", lambda r, v: _inserted(r, v, "\x00\x07\x1b\x7f"), ""),
    ("a lone surrogate", lambda r, v: Raw(f'"\\ud8{r.randint(0, 99):02}{said(v)}"'), ""),
    ("ten thousand characters", lambda r, _v: r.choice("x9 ") * 10_000 + "x", ""),
    ("a script", lambda _r, v: f"<script>alert({said(v)})</script>", ""),
    ("an SQL statement", lambda _r, _v: "1'; DROP TABLE live_market_data; --", ""),
    ("a path", lambda r, _v: "../" * r.randint(1, 9) + "etc/passwd", ""),
    ("a date in place of a number", lambda r, _v: f"2026-03-{r.randint(10, 28)}", ""),
    ("the key twice, nonsense last", lambda r, _v: (Raw, r.choice(("null", "-1", '"x"', "[]"))), ""),
    ("unicode digits", lambda _r, v: _wide(said(v)), SHOWN),
    ("digits with an underscore", lambda _r, v: said(v)[:1] + "_" + said(v)[1:], SHOWN),
    ("text with blanks around", lambda r, v: " " * r.randint(0, 3) + said(v) + "\n\t ", SHOWN),
    ("more decimals than a float holds", lambda _r, v: Raw(f"{float(v):.6f}" + "0" * 60), SHOWN),
)


def _at_price(value: Value) -> Make:
    def make(rng: Random, question: Question) -> bytes:
        spot = rng.choice(question.prices)
        old = at(question.answer, spot)
        new = value(rng, old)
        if isinstance(new, tuple):  # the key again: a second value behind the good one
            key = f'"{spot[-1]}":' if isinstance(spot[-1], str) else ""
            good = written(old).decode()
            new = Raw(f"{good},{key}{new[1]}") if key else Raw(new[1])
        return written(put(question.answer, spot, new))

    return make


TIMES: tuple[tuple[str, Value], ...] = (
    ("null", lambda _r, _v: None),
    ("left out", lambda _r, _v: GONE),
    ("a word", lambda r, _v: r.choice(("yesterday", "", "now", "12:00", "09/03/2026", "2026-W11"))),
    ("a list or an object", lambda r, v: r.choice(([v], {"raw": v}, [], {}))),
    ("NaN or infinity", lambda r, _v: r.choice((float("nan"), float("inf"), "NaN", "-inf"))),
    ("negative", lambda r, v: alike(-(10.0 ** r.randint(0, 12)), v)),
    ("before the year 1", lambda r, v: alike(-(10.0 ** r.randint(13, 17)), v)),
    ("beyond the year 9999", lambda r, v: alike(10.0 ** r.randint(15, 30), v)),
)
"""Said in the answer's own way where that is a number; as they are where it is text."""


def _moment(seconds: float, unit: str, old: object) -> object:
    """A moment in the answer's own way of telling one."""
    if unit == "iso":
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(seconds))
        return f"{moment.year:04}-{moment:%m-%dT%H:%M:%SZ}"
    value = int(seconds * (1000 if unit == "ms" else 1))
    return str(value) if isinstance(old, str) else value


def _at_time(seconds: Callable[[Random, Question], float]) -> Make:
    def make(rng: Random, question: Question) -> bytes:
        spot = rng.choice(question.times)
        moment = _moment(seconds(rng, question), question.unit, at(question.answer, spot))
        return written(put(question.answer, spot, moment))

    return make


def _wrong_scale(rng: Random, question: Question) -> bytes:
    """Milliseconds for seconds or the other way round; a bare number where a text should be."""
    spot = rng.choice(question.times)
    old = at(question.answer, spot)
    if question.unit == "iso":
        return written(put(question.answer, spot, rng.choice((1_773_068_398, 1_773_068_398_000))))
    factor = rng.choice((0.001,) if question.unit == "ms" else (1000, 1_000_000))
    return written(put(question.answer, spot, alike(number(question.answer, spot) * factor, old)))


NOW = 1_773_068_400  # 2026-03-09 15:00 UTC
MOMENTS: tuple[tuple[str, Callable[[Random, Question], float]], ...] = (
    ("the year 1970", lambda r, _q: r.randint(1, 30_000_000)),
    ("the year 9999", lambda r, _q: 253_402_300_799 - r.randint(0, 30_000_000)),
    ("a day ahead", lambda r, _q: NOW + 86_400 * r.uniform(1, 3)),
    ("some minutes ahead", lambda r, _q: NOW + r.randint(60, 3_600)),
    ("long before the last good one", lambda r, q: q.past - r.randint(0, 86_400)),
)

LEFT_OUT = "it may be left out: the price stands without it"
EXTRAS: tuple[tuple[str, Value], ...] = (
    ("null or left out", lambda r, _v: r.choice((None, GONE))),
    ("of a wrong type", lambda r, v: r.choice(("x", "", [], {}, [v], True, "1,5"))),
    ("not finite", lambda r, _v: r.choice((float("nan"), float("inf"), "NaN", "-inf", Raw("1e999")))),
    ("zero", lambda _r, v: alike(0.0, v)),
    ("negative", lambda _r, v: alike(-float(v), v)),
    ("a denormal number", lambda _r, v: alike(5e-324, v)),
    ("an exponent of hundreds", _huge),
    ("an integer of hundreds of digits", lambda r, _v: Raw("9" * r.randint(310, 900))),
)


def _numbered(first: int, kinds: list[tuple]) -> tuple[Kind, ...]:
    return tuple(Kind(f"G{first + n:02}", *kind) for n, kind in enumerate(kinds))


FIELDS = _numbered(
    1,
    [
        *((f"a price: {what}", _at_price(value), "prices", (), why) for what, value, why in VALUES),
        *((f"a time: {what}", at_spot("times", value), "times") for what, value in TIMES),
        *((f"a time: {what}", _at_time(seconds), "times") for what, seconds in MOMENTS),
        ("a time: milliseconds for seconds, or the reverse", _wrong_scale, "times"),
        *((f"an extra: {what}", at_spot("extras", v), "extras", (), LEFT_OUT) for what, v in EXTRAS),
    ],
)
