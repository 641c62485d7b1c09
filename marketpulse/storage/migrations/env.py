"""Run the asked-for migrations in the connection and transaction that the caller holds.

Alembic executes this file; nothing imports it. It configures no logging: that is the desk's.
"""

from alembic import context

__all__: list[str] = []

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
