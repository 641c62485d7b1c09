"""The line to Telegram: one bot on an asyncio thread of its own. Its token is in nothing that can be shown."""

import asyncio
import os
import threading
from concurrent.futures import TimeoutError as Late
from contextlib import suppress
from datetime import timedelta
from typing import Any

from marketpulse.errors import Undelivered

__all__ = ["Line"]

_CONNECT, _READ = 5.0, 10.0
_WHOLE = 20.0  # seconds for one message, whatever the client does
_BUSY = 30.0  # while another program holds the bot
_LONG = 300.0  # seconds until something is tried again that a person must mend


class Line:
    """Sends plain text to one chat. ``say`` blocks its caller; every error is Undelivered.

    The library is read when the first message is sent, so a desk without a phone never loads it.
    """

    def __init__(self, token: str, chat: str) -> None:
        os.environ.setdefault("PTB_TIMEDELTA", "1")  # waits as timedelta, without a warning for each
        self._token = token
        self._chat = chat
        self._bot: Any = None
        self._request: Any = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return "Line(***)"

    def say(self, text: str) -> None:
        """Send one message.

        Raises
        ------
        Undelivered
            It may not have arrived; the sentence is ours, without token or Telegram's own words.
        """
        if self._loop.is_closed() or not self._thread.is_alive():
            raise Undelivered("telegram: the line is closed")
        future = asyncio.run_coroutine_threadsafe(self._send(text), self._loop)
        try:
            why, wait = future.result(_WHOLE + 5.0)
        except Late:
            future.cancel()
            why, wait = "telegram: no answer in time", 0.0
        if why:
            raise Undelivered(why, wait)

    def close(self) -> None:
        """End the thread and its sockets; again is harmless."""
        if self._loop.is_closed():
            return
        with suppress(Exception):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5.0)
        if not self._thread.is_alive():
            self._loop.close()

    async def _send(self, text: str) -> tuple[str, float]:
        """Return what went wrong as a sentence and the seconds to wait; an empty sentence is success.

        The error itself is dropped here: the library's texts can hold the token.
        """
        try:
            bot = self._ready()
            await asyncio.wait_for(bot.send_message(chat_id=int(self._chat), text=text), _WHOLE)
        except Exception as error:  # noqa: BLE001 - whatever it is, the message may not have arrived
            return _told(error)
        return "", 0.0

    def _ready(self) -> Any:
        if self._bot is None:
            from telegram import Bot  # noqa: PLC0415 - see the class
            from telegram.request import HTTPXRequest  # noqa: PLC0415 - as above

            self._request = HTTPXRequest(connect_timeout=_CONNECT, read_timeout=_READ, write_timeout=_READ)
            self._bot = Bot(self._token, request=self._request, get_updates_request=self._request)
        return self._bot

    async def _end(self) -> None:
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        if self._request is not None:
            await self._request.shutdown()


def _told(error: Exception) -> tuple[str, float]:
    """Say in our own words what an error means, and how long to wait."""
    from telegram import error as known  # noqa: PLC0415 - loaded by now

    if isinstance(error, known.RetryAfter):
        after = error.retry_after
        seconds = after.total_seconds() if isinstance(after, timedelta) else float(after)
        return "telegram: too many messages, it asked us to wait", seconds
    meanings: tuple[tuple[type[Exception], str, float], ...] = (  # the first that fits
        (known.InvalidToken, "the bot's token was refused; correct TELEGRAM_BOT_TOKEN", _LONG),
        (known.Forbidden, "the bot may not write to that chat; open it and press Start", _LONG),
        (known.ChatMigrated, "the chat has another number now; correct TELEGRAM_CHAT_ID", _LONG),
        (known.BadRequest, "the message was refused; look at TELEGRAM_CHAT_ID", _LONG),
        (known.Conflict, "another program uses the same bot", _BUSY),
        (known.TimedOut, "no answer in time", 0.0),
        (TimeoutError, "no answer in time", 0.0),
        (known.NetworkError, "it could not be reached", 0.0),
        (Exception, f"the message did not arrive ({type(error).__name__})", 0.0),
    )
    said, wait = next((said, wait) for kind, said, wait in meanings if isinstance(error, kind))
    return f"telegram: {said}", wait
