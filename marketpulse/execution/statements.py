"""Book a broker's statement: shown first, and booked only as it was shown."""

from dataclasses import replace

from marketpulse.errors import Refused
from marketpulse.execution.kit import Kit
from marketpulse.portfolio.codec import write_external
from marketpulse.portfolio.statement import as_external, read_statement
from marketpulse.types import EventKind, Statement

__all__ = ["take_statement"]


def take_statement(kit: Kit, text: str, account: str, commit: str = "") -> Statement:
    """Say what a statement would do to the books; with the hash of what was shown, do it.

    Raises
    ------
    Refused
        ``UNKNOWN_ACCOUNT``; ``NOTHING_TO_BOOK``; ``CHANGED``: file or books are no longer those that were shown.
    """
    books = kit.journal.books
    if account not in books.accounts:
        known = ", ".join(books.accounts)
        raise Refused("UNKNOWN_ACCOUNT", f"There is no such account here; there is {known}.")
    seq = books.seq  # a long file is read while orders go on
    found = read_statement(text, account, books, kit.instruments, kit.clock.now())
    if not commit:
        return found
    with kit.journal.holding() as books:
        if books.seq != seq:
            found = read_statement(text, account, books, kit.instruments, kit.clock.now())
        if not found.hash:
            raise Refused("NOTHING_TO_BOOK", "Nothing in this file is new; nothing was booked.")
        if commit != found.hash:
            raise Refused(
                "CHANGED", "This is not what was shown: look at the preview again; nothing was booked."
            )
        with kit.journal.writing() as draft:
            for row in found.rows:
                payload = write_external(as_external(row))
                draft.add(EventKind.EXTERNAL, row.symbol, payload, row.key, account=account)
    return replace(found, committed=True)
