"""Kinds of garbage that change the whole answer: its bytes, its braces, its size."""

import gzip
from random import Random

from garbage.kinds import Kind
from garbage.trees import Question, Raw, at, inner, put, written

DECODED = "the reader finds the encoding out, and the answer is whole"
PART = "it may be a part that can be missing: the price stands without it"
SPACE = "JSON allows white space around a value"
PAGE = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1>{1}</body></html>"


def _page(rng: Random, question: Question) -> bytes:
    del question
    title = rng.choice(("502 Bad Gateway", "Just a moment...", "Log in", "Maintenance", "Access denied"))
    return PAGE.format(title, "<p>Sorry.</p>" * rng.randint(0, 50)).encode()


def _cut(rng: Random, question: Question) -> bytes:
    whole = written(question.answer)
    return whole[: rng.randint(1, len(whole) - 1)]


def _cut_in_front(rng: Random, question: Question) -> bytes:
    whole = written(question.answer)
    return whole[rng.randint(1, len(whole) - 1) :]


def _hole(rng: Random, question: Question) -> bytes:
    """A brace, quote, colon or comma is lost."""
    whole = written(question.answer)
    places = [n for n, byte in enumerate(whole) if byte in b'{}[]":,']
    place = rng.choice(places)
    return whole[:place] + whole[place + 1 :]


def _zeroed(rng: Random, question: Question) -> bytes:
    whole = bytearray(written(question.answer))
    place = rng.randint(0, len(whole) - 1)
    length = rng.randint(1, 64)
    whole[place : place + length] = b"\x00" * length
    return bytes(whole)


def _noise(rng: Random, question: Question) -> bytes:
    del question
    return rng.randbytes(rng.randint(1, 2_000))


def _gzip(rng: Random, question: Question) -> bytes:
    packed = gzip.compress(written(question.answer))
    return packed if rng.random() < 0.5 else packed[: rng.randint(2, len(packed) - 1)]


def _deep(rng: Random, question: Question) -> bytes:
    del question
    depth = rng.choice((500, 5_000, 100_000))
    opened, closed = rng.choice((("[", "]"), ('{"a":', "}")))
    middle = "1" if closed == "}" else ""
    return (opened * depth + middle + closed * rng.choice((0, depth))).encode()


def _vast(rng: Random, question: Question) -> bytes:
    """Fifty thousand rows, once in a while; else some hundreds."""
    del question
    rows = 50_000 if rng.random() < 0.02 else rng.randint(200, 900)
    return b"[" + b",".join([b'[1,"2",null]'] * rows) + b"]"


def _replaced(value: object):
    """Another thing in the place of some object or list."""

    def make(rng: Random, question: Question) -> bytes:
        spot = rng.choice(list(inner(question.answer)))
        return written(put(question.answer, spot, value))

    return make


def _around(rng: Random, question: Question) -> bytes:
    answer: object = question.answer
    for _ in range(rng.randint(1, 3)):
        answer = rng.choice(([answer], {"data": answer}, {"error": None, "result": answer}))
    return written(answer)


def _renamed(change):
    """Every key spelled another way."""

    def walked(node: object) -> object:
        if isinstance(node, dict):
            return {change(key): walked(value) for key, value in node.items()}
        return [walked(value) for value in node] if isinstance(node, list) else node

    return lambda _rng, question: written(walked(question.answer))


def _without(rng: Random, question: Question) -> bytes:
    """An answer whose necessary spots are all gone."""
    del rng
    answer = question.answer
    for spot in sorted(question.prices, key=str, reverse=True):
        answer = put(answer, spot, None)
    return written(answer)


def _all(factor: float):
    """Every necessary number times ``factor``: a mistake of units over the whole answer."""

    def make(rng: Random, question: Question) -> bytes:
        scale = factor * rng.choice((1.0, 10.0) if factor > 1 else (1.0, 0.1))
        answer = question.answer
        for spot in question.prices:
            old = at(answer, spot)
            value = float(old) * scale
            answer = put(answer, spot, repr(value) if isinstance(old, str) else value)
        return written(answer)

    return make


def _every(value):
    def make(rng: Random, question: Question) -> bytes:
        answer = question.answer
        for spot in question.prices:
            answer = put(answer, spot, value(rng))
        return written(answer)

    return make


def _encoded(name: str):
    return lambda _rng, question: written(question.answer).decode().encode(name)


def _spaced(rng: Random, question: Question) -> bytes:
    blanks = "".join(rng.choices(" \t\r\n", k=rng.randint(1, 500))).encode()
    return blanks + written(question.answer) + blanks


ROWS: list[tuple] = [
    ("a page of HTML with status 200", _page),
    ("cut off after n bytes", _cut),
    ("begun after n bytes", _cut_in_front),
    ("a brace, quote, colon or comma lost", _hole),
    ("a run of zero bytes in it", _zeroed),
    ("random bytes", _noise),
    ("compressed without saying so, whole or cut", _gzip),
    ("no bytes at all", lambda _r, _q: b""),
    ("white space only", lambda r, _q: b" \r\n\t" * r.randint(1, 200)),
    ("a lone scalar", lambda r, _q: r.choice((b"null", b"true", b"0", b"-1", b'"ok"', b"1e999", b"NaN"))),
    ("an empty list", lambda _r, _q: b"[]"),
    ("an empty object", lambda _r, _q: b"{}"),
    ("brackets nested without end", _deep),
    ("a list of thousands of rows that mean nothing", _vast),
    ("UTF-8 that is none", lambda _r, q: written(q.answer).replace(b'"', b'"\xff\xfe', 1)),
    ("quoted once more, as a text", lambda _r, q: written(written(q.answer).decode())),
    ("the answer twice, one behind the other", lambda _r, q: written(q.answer) * 2),
    ("words behind the answer", lambda _r, q: written(q.answer) + b"; (function(){})()"),
    ("a call around it (JSONP)", lambda _r, q: b"callback(" + written(q.answer) + b");"),
    ("single quotes", lambda _r, q: written(q.answer).replace(b'"', b"'")),
    ("XML", lambda _r, _q: b'<?xml version="1.0"?><quote><price>181.5</price></quote>'),
    ("CSV", lambda r, _q: b"time,open,high,low,close\n2026-03-09,1,2,3,4\n" * r.randint(1, 9)),
    ("an object or list replaced by null", _replaced(None), PART),
    ("an object or list replaced by a text", _replaced("gone"), PART),
    ("an object or list replaced by a number", _replaced(7), PART),
    ("an object or list emptied", lambda r, q: _replaced(r.choice(([], {})))(r, q), PART),
    ("wrapped into another object or list", _around),
    ("keys in other letters", _renamed(str.swapcase)),
    ("keys with a prefix", _renamed(lambda key: f"x_{key}")),
    ("all necessary numbers null", _without),
    ("all necessary numbers a hundred or a thousand times", _all(100.0)),
    ("all necessary numbers a hundredth or a thousandth", _all(0.01)),
    ("all necessary numbers zero", _every(lambda _r: 0)),
    ("all necessary numbers negative", _every(lambda r: -r.uniform(1, 1e5))),
    ("all necessary numbers NaN", _every(lambda _r: Raw("NaN"))),
    ("all necessary numbers the text NaN", _every(lambda _r: "NaN")),
    ("UTF-8 with a byte order mark", _encoded("utf-8-sig"), DECODED),
    ("UTF-16", _encoded("utf-16"), DECODED),
    ("UTF-32", _encoded("utf-32"), DECODED),
    ("white space around it", _spaced, SPACE),
    (
        "a field that nobody knows",
        lambda _r, q: written(_stranger(q.answer)),
        "what is not asked for is not read",
    ),
]


def _stranger(answer: object) -> object:
    if isinstance(answer, dict):
        return {"__proto__": {"price": -1}, **answer, "unknown": [{"c": 1e999}]}
    return answer


def numbered(first: int) -> tuple[Kind, ...]:
    """These kinds, with their ids from ``first`` on."""
    made = []
    for n, (what, make, *why) in enumerate(ROWS):
        needs = "prices" if "necessary" in what else ""
        made.append(Kind(f"G{first + n:02}", f"the answer: {what}", make, needs, (), why[0] if why else ""))
    return tuple(made)
