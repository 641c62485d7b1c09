"""Bring a database file to the schema of this version, in one transaction, when it is opened.

An interrupted migration leaves the old schema or the new one, never something between. Alembic is
imported only when there is something to do: an up-to-date file costs one SELECT.
"""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, Engine

from marketpulse.errors import StorageError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["Branch", "migrate", "version_of"]

Branch = Literal["ledger", "market"]

_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps its context in a module


def migrate(engine: Engine, branch: Branch, head: str) -> None:
    """Upgrade the file behind ``engine`` to ``head``, the newest revision of ``branch``.

    Raises
    ------
    StorageError
        The file was made by a newer version, or is no file of this branch.
    """
    with engine.begin() as connection:
        version = _version(connection)
        if version == head:
            return
        known = _revisions(branch)
        if version is None and _tables(connection):
            raise StorageError("the file is a database, but not one that MarketPulse made")
        if version is not None and version not in known:
            raise StorageError(
                f"the file's schema {version} is unknown here: it is not a {branch} file, "
                "or a newer MarketPulse made it"
            )
        _upgrade(connection, branch)


def version_of(engine: Engine) -> str | None:
    """Return the newest revision that the file behind ``engine`` has been through, None before the first."""
    with engine.connect() as connection:
        return _version(connection)


def _tables(connection: Connection) -> set[str]:
    rows = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows}


def _version(connection: Connection) -> str | None:
    if "alembic_version" not in _tables(connection):
        return None
    return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def _config(branch: Branch) -> "Config":
    from alembic.config import Config  # noqa: PLC0415  0.1 s that an up-to-date file need not pay

    config = Config()
    for name, value in (
        ("script_location", _FOLDER),
        ("version_locations", _FOLDER / branch),
        ("path_separator", "newline"),  # the folder's name may hold spaces and colons
    ):
        config.set_main_option(name, str(value).replace("%", "%%"))
    return config


def _revisions(branch: Branch) -> set[str]:
    from alembic.script import ScriptDirectory  # noqa: PLC0415  as _config

    return {script.revision for script in ScriptDirectory.from_config(_config(branch)).walk_revisions()}


def _upgrade(connection: Connection, branch: Branch) -> None:
    from alembic import command  # noqa: PLC0415  as _config

    config = _config(branch)
    config.attributes["connection"] = connection
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
