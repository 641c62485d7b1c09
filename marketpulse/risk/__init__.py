"""What an order costs, what the book can lose, and the gates an order passes before it is sent."""

__all__: list[str] = []
