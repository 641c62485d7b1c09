"""Answers as trees of JSON, the spots in them that matter, and how a tree becomes bytes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

Path = tuple[str | int, ...]

GONE = object()
"""Put into a spot, it takes the spot away."""


class Raw(str):
    """Text that stands in the JSON as it is, without quotes: a literal that ``json`` would not write."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One question the desk asks, a good answer to it, and what stands where in the answer.

    Attributes
    ----------
    ask : which door it goes through: quote, bars, book or stream
    answer : a tree that everybody may read and nobody may change
    prices : spots whose number the answer cannot do without
    times : spots that say when; ``unit`` is s, ms or iso
    extras : spots that may be left out: the day's range, a volume, a pair that makes no market
    past : a moment (UTC seconds) long before the last good datum
    topic : what a stream subscribes to before this message may come
    after : a good message that follows it, where only both together say something
    spare : why the desk can do without the answer; empty where it cannot
    """

    name: str
    ask: str
    answer: object
    prices: tuple[Path, ...] = ()
    times: tuple[Path, ...] = ()
    extras: tuple[Path, ...] = ()
    unit: str = "s"
    past: float = 0.0
    topic: str = ""
    after: object = None
    spare: str = ""


def at(tree: object, path: Path) -> object:
    """What stands in a spot."""
    for step in path:
        tree = tree[step]
    return tree


def put(tree: object, path: Path, value: object) -> object:
    """A copy of ``tree`` with ``value`` in one spot."""
    if not path:
        return value
    step, *rest = path
    changed = tree.copy()  # only what lies on the way is copied; the rest is shared and never changed
    if value is GONE and not rest:
        del changed[step]
    else:
        changed[step] = put(tree[step], tuple(rest), value)
    return changed


def inner(tree: object, path: Path = ()) -> Iterator[Path]:
    """Every object and list in a tree, the tree itself among them."""
    if isinstance(tree, dict | list):
        yield path
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from inner(value, (*path, key))


def number(tree: object, path: Path) -> float:
    """The number in a spot, also when it stands there as text."""
    return float(at(tree, path))


def written(tree: object) -> bytes:
    """A tree as JSON in UTF-8; NaN, Infinity and ``Raw`` as they are."""
    raws: list[str] = []

    def marked(node: object) -> object:
        if isinstance(node, Raw):
            raws.append(str(node))
            return f"\x00{len(raws) - 1}\x00"
        if isinstance(node, dict):
            return {key: marked(value) for key, value in node.items()}
        return [marked(value) for value in node] if isinstance(node, list) else node

    text = json.dumps(marked(tree), separators=(",", ":"))
    for mark, raw in enumerate(raws):
        text = text.replace(f'"\\u0000{mark}\\u0000"', raw)
    return text.encode()
