"""Alembic's side of storage: one ``env.py``, and one branch folder per database file."""

__all__: list[str] = []
