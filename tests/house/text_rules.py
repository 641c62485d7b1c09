"""Rules that read any text file: each yields ``line: what is wrong``."""

import re
from collections.abc import Iterator

TOKENS = re.compile(
    r"[0-9]{8,10}:[A-Za-z0-9_-]{35}"  # a bot's token
    r"|(?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}"  # a language model's key
    r"|AKIA[0-9A-Z]{16}"  # a cloud's key id
)
OUTSIDE = re.compile(r"(?:https?|wss?)://([A-Za-z0-9.-]+)|[\"'(=]//([a-z0-9-]+\.[a-z0-9.-]+)")
INSIDE = {
    "127.0.0.1",
    "localhost",
    "www.w3.org",  # a name in SVG, never asked
    "www.tradingview.com",  # the link under the chart that its library's licence asks for
}
# in two parts, so that this file does not name what it forbids
REGISTRIES = re.compile(
    "|".join(
        re.escape("".join(parts))
        for parts in (
            ("pypi", ".org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("npm", "js.com"),
            ("npmmir", "ror.com"),
            ("ana", "conda.org"),
            ("crates", ".io"),
            ("docker", ".io"),
            ("jsdel", "ivr.net"),
            ("un", "pkg.com"),
        )
    )
)


def no_token(text: str) -> Iterator[str]:
    """Nothing that looks like a secret; the finding does not repeat it."""
    for number, line in enumerate(text.splitlines(), 1):
        if TOKENS.search(line):
            yield f"{number}: token-shaped text"


def nothing_from_outside(text: str) -> Iterator[str]:
    """The screen asks no other machine for fonts, icons or scripts."""
    for number, line in enumerate(text.splitlines(), 1):
        hosts = {first or second for first, second in OUTSIDE.findall(line)}
        yield from (f"{number}: {host}" for host in sorted(hosts - INSIDE))


def no_registry(text: str) -> Iterator[str]:
    """Where packages come from is the reader's own setting."""
    for number, line in enumerate(text.splitlines(), 1):
        yield from (f"{number}: names {host}" for host in REGISTRIES.findall(line))
