"""The list of all kinds as a page; run as a program it writes README.md anew."""

from pathlib import Path

from garbage.families import COMMON, FAMILIES
from garbage.kinds import Kind

HEAD = """# Garbage that providers may send

Each line is a kind; `kinds.py`, `bodies.py`, `own.py` and `coins.py` make payloads of it out of a good answer and a seed. `test_garbage.py` lets every
payload through the real adapter (over the vendor's unmodified client) and through the real market room with its store. This page is written by
`PYTHONPATH=.:tests .venv/bin/python tests/garbage/readme.py`; a test holds it equal to the code.

**refused**: the board shows what it showed, the store holds what it held. **harmless**: it may be believed, but only with the very number of the good
answer, for the reason given. In both, nothing but a ProviderError leaves the adapter, no number that is not finite and positive stands anywhere, no
text holds a key or more than 40 characters of the payload, and there is no warning.

A last word on what is not here: a wrong number that is plausible in itself, such as a price one per cent off. That is for a second source to tell.
"""


def line(kind: Kind, names: str) -> str:
    outcome = f"harmless: {kind.harmless}" if kind.harmless else "refused"
    return f"| {kind.id} | {kind.what} | {names} | {outcome} |"


def text() -> str:
    """The whole page."""
    lines = [HEAD]
    counts = [f"{f.name} {len(f.kinds)}" for f in FAMILIES]
    lines += [f"Kinds per family: {', '.join(counts)}.\n"]
    spare = {
        (f.name, q.name, q.spare) for f in FAMILIES for some in f.questions.values() for q in some if q.spare
    }
    lines += [
        f"Harmless in every kind, {name} `{question}`: {why}.\n" for name, question, why in sorted(spare)
    ]
    lines += ["## For every family that has such a spot\n", *_table("families")]
    for kind in COMMON:
        fitting = [f.name for f in FAMILIES if kind in f.kinds]
        lines.append(line(kind, "all" if len(fitting) == len(FAMILIES) else ", ".join(fitting)))
    for family in FAMILIES:
        lines += [f"\n## Only {family.name}\n", *_table("answer to")]
        lines += [line(kind, ", ".join(kind.only)) for kind in family.own]
    return "\n".join(lines) + "\n"


def _table(third: str) -> list[str]:
    return [f"| id | what | {third} | expected |", "|---|---|---|---|"]


if __name__ == "__main__":
    Path(__file__).with_name("README.md").write_text(text(), encoding="utf-8")
