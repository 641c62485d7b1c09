"""The market store's migrations, oldest first."""

__all__: list[str] = []
