"""Providers made from their factories, and the chains of those who answer one question."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from marketpulse.clock import Clock
from marketpulse.errors import ConfigError
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.ports import Source
from marketpulse.sources.routing import Routing

__all__ = ["make_chains", "make_sources"]

_VENDOR = {"alphavantage": "alpha_vantage"}
"""Sources whose key's name begins otherwise than their own."""


def make_sources(
    factories: Mapping[str, Callable[[Clock, Path, Mapping[str, str]], Source]],
    keys: Mapping[str, str],
    clock: Clock,
    cache: Path,
    pool: Pool,
) -> list[Source]:
    """Make each provider once; one whose key is missing is left out, and the pool says so."""
    made = []
    for name, factory in factories.items():
        try:
            source = factory(clock, cache, keys)
        except ConfigError as error:
            pool.note_missing(name, str(error))
            continue
        secret = "\n".join(
            keys[k] for k in sorted(keys) if k.startswith(f"{_VENDOR.get(name, name)}_".upper())
        )
        pool.add(source, credential=secret)
        made.append(source)
    return made


def make_chains(
    table: Routing, sources: Sequence[Source], pool: Pool, log: FailoverLog
) -> list[Chain[Source]]:
    """Give each question its members in the order of preference, as far as they are there and offer it."""
    by_name = {source.name: source for source in sources}
    chains = []
    for capability, what, names in table:
        members = [
            by_name[name]
            for name in names
            if name in by_name and any(c is capability for c, _ in by_name[name].capabilities)
        ]
        if members:
            chains.append(Chain(f"{capability} {what}", capability, members, pool, log=log))
    return chains
