"""The phone: fills, refusals and urgent alerts through a Telegram bot; it takes no commands yet."""

from marketpulse.telegram.phone import Phone, attach

__all__ = ["Phone", "attach"]
