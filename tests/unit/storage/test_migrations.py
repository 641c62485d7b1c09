import sqlite3
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from marketpulse.errors import StorageError
from marketpulse.storage import ledger_schema, market_schema, migrate
from marketpulse.storage.engines import writer_engine

BRANCHES = {"ledger": ledger_schema, "market": market_schema}


@pytest.fixture(params=BRANCHES)
def branch(request):
    return request.param


def script(branch):
    return ScriptDirectory.from_config(migrate._config(branch))


def schema_of(path):
    with closing(sqlite3.connect(path)) as raw:
        return raw.execute("SELECT type, name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_the_head_named_in_the_code_is_the_newest_migration(branch):
    assert script(branch).get_heads() == [BRANCHES[branch].HEAD]


def test_the_migrations_make_the_tables_that_the_code_declares(tmp_path, branch):
    engine = writer_engine(tmp_path / "x.db", "NORMAL")
    migrate.migrate(engine, branch, BRANCHES[branch].HEAD)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, BRANCHES[branch].METADATA)
    engine.dispose()
    assert differences == []
    # checks, STRICT and AUTOINCREMENT, which Alembic does not compare
    declared = writer_engine(tmp_path / "y.db", "NORMAL")
    BRANCHES[branch].METADATA.create_all(declared)
    declared.dispose()
    migrated = {name: words(sql) for kind, name, sql in schema_of(tmp_path / "x.db") if kind == "table"}
    for kind, name, sql in schema_of(tmp_path / "y.db"):
        if kind == "table":
            assert migrated[name] == words(sql), name


def words(sql):
    return sorted(part.strip().rstrip(",") for part in sql.replace("\t", "").splitlines())


def test_migrating_twice_changes_nothing(tmp_path, branch):
    engine = writer_engine(tmp_path / "x.db", "NORMAL")
    migrate.migrate(engine, branch, BRANCHES[branch].HEAD)
    before = schema_of(tmp_path / "x.db")
    migrate.migrate(engine, branch, BRANCHES[branch].HEAD)
    migrate.migrate(engine, branch, "")  # even when Alembic itself is asked to look
    engine.dispose()
    assert schema_of(tmp_path / "x.db") == before


def test_an_interrupted_migration_leaves_nothing(tmp_path, branch, monkeypatch):
    engine = writer_engine(tmp_path / "x.db", "NORMAL")
    upgrade = migrate._upgrade

    def interrupted(connection, name):
        upgrade(connection, name)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "_upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        migrate.migrate(engine, branch, BRANCHES[branch].HEAD)
    monkeypatch.undo()
    assert schema_of(tmp_path / "x.db") == []
    migrate.migrate(engine, branch, BRANCHES[branch].HEAD)
    engine.dispose()


def test_one_branchs_file_is_not_opened_as_the_others(tmp_path):
    engine = writer_engine(tmp_path / "x.db", "NORMAL")
    migrate.migrate(engine, "ledger", ledger_schema.HEAD)
    with pytest.raises(StorageError, match="not a market file"):
        migrate.migrate(engine, "market", "market_0001")
    engine.dispose()
