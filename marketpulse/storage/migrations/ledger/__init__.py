"""The ledger's migrations, oldest first."""

__all__: list[str] = []
