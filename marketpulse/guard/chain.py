"""Ask members in order until one answers, under the guards of the pool they share with other chains."""

from collections.abc import Callable, Collection, Hashable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from marketpulse.errors import NoData, ProviderError, Unavailable, UnknownSymbol
from marketpulse.guard.flight import Flight
from marketpulse.guard.log import FailoverLog
from marketpulse.guard.pool import Pool
from marketpulse.guard.provider import Member

__all__ = ["Chain"]

M = TypeVar("M", bound=Member)
T = TypeVar("T")
Failures = list[tuple[str, ProviderError]]


class Chain(Generic[M]):
    """Members in the order of preference; safe from every thread.

    Parameters
    ----------
    name : what the chain provides, ``quote equity``
    capability : the cell of each member that its calls go through, ``quote``
    members : anything with a name and limits; each must be in the pool
    log : is told when another member answers than before
    """

    def __init__(
        self, name: str, capability: str, members: Sequence[M], pool: Pool, *, log: FailoverLog | None = None
    ) -> None:
        self.name = name
        self.capability = str(capability)
        self.members = tuple(members)
        self._pool = pool
        self._log = log
        self._flight: Flight[Any] = Flight()
        pool.join(name, self.capability, [member.name for member in self.members])

    def call(
        self,
        op: Callable[[M], T],
        *,
        what: str = "",
        where: Callable[[M], bool] = lambda _: True,
        key: Hashable | None = None,
        skip: Collection[str] = (),
    ) -> T:
        """Return the first answer among the members for which ``where`` holds.

        Parameters
        ----------
        op : asks one member
        what : names the question in the log, ``quote AAPL``; empty keeps it out
        key : identical requests that run at the same time share one call
        skip : names of members that are not asked, for a second opinion; keeps it out of the log

        Raises
        ------
        ProviderError
            Nobody answered: UnknownSymbol or NoData only when all members say so, else the first
            member's error that leaves hope.
        """
        asked = [m for m in self.members if m.name not in skip and where(m)]
        ask = partial(self._ask, op, asked, "" if skip else what)
        if key is None:
            return ask()
        return self._flight.run((key, frozenset(skip)), ask)  # type: ignore[no-any-return]

    def _ask(self, op: Callable[[M], T], members: Sequence[M], what: str) -> T:
        failures: Failures = []
        for member in members:
            try:
                answer = self._pool.ask(member.name, self.capability, partial(op, member))
            except ProviderError as error:
                failures.append((member.name, error))
            else:
                self._answered(what, member.name, failures)
                return answer
        if not failures:
            raise Unavailable(f"{self.name}: no provider offers this")
        combined = _combined([error for _, error in failures])
        if not _final(combined):
            self._silent(what, failures)
        raise combined

    def _answered(self, what: str, member: str, failures: Failures) -> None:
        """Tell the log; who does not know a symbol has not failed."""
        if self._log is None or not what:
            return
        failed, why = next(((name, str(e)) for name, e in failures if not _final(e)), ("", ""))
        self._log.answered(self.capability, what, member, failed=failed, why=why)

    def _silent(self, what: str, failures: Failures) -> None:
        if self._log is None or not what:
            return
        failed, why = next((name, str(e)) for name, e in failures if not _final(e))
        self._log.silent(self.capability, what, failed=failed, why=why)


def _final(error: ProviderError) -> bool:
    return isinstance(error, (UnknownSymbol, NoData))


def _combined(errors: Sequence[ProviderError]) -> ProviderError:
    hopeful = [e for e in errors if not _final(e)]
    doubtful = [e for e in errors if not isinstance(e, UnknownSymbol)]
    return (hopeful or doubtful or errors)[0]
