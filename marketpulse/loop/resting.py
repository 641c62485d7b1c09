"""Members that rest behind their breakers go on resting over a restart: one JSON text for each model."""

import json
from datetime import UTC, datetime, timedelta

from marketpulse.errors import StorageError
from marketpulse.loop.rooms import Rooms
from marketpulse.models.voice import Speaker

__all__ = ["recall", "remember"]

_NAME = "model"
_MOST = 10_000  # characters of a text that is looked at


def remember(rooms: Rooms, speaker: Speaker, before: str) -> str:
    """Keep who rests and until when by the wall clock; return what was kept, to be handed in the next time.

    Parameters
    ----------
    before : what was kept last; nothing is written where it is the same
    """
    wall = rooms.clock.wall()
    rests = {
        name: [(wall + timedelta(seconds=memo.rest)).replace(microsecond=0).isoformat(), memo.opened]
        for name, memo in speaker.memos().items()
        if memo.rest > 0.0
    }
    text = json.dumps(rests, sort_keys=True)
    if text == before or (not rests and not before):
        return before
    try:
        rooms.store.save_provider_state(_key(speaker), text)
    except StorageError as error:
        rooms.meter.fault("model", f"Which members rest could not be kept: {error}")
        return before
    return text


def recall(rooms: Rooms, speaker: Speaker) -> None:
    """Let those rest on that an earlier run sent to rest; what cannot be read is as if nothing was kept."""
    try:
        text = rooms.store.provider_state(_key(speaker)) or "{}"
        kept = json.loads(text) if len(text) <= _MOST else {}
        wall = rooms.clock.wall()
        for name, (until, opened) in kept.items():
            left = (datetime.fromisoformat(until).astimezone(UTC) - wall).total_seconds()
            if left > 0.0:
                speaker.recall(str(name), left, int(opened))
    except (StorageError, ValueError, TypeError, AttributeError) as error:
        rooms.meter.fault("model", f"Which members rested could not be read ({type(error).__name__}).")


def _key(speaker: Speaker) -> str:
    return f"{_NAME}:{speaker.card.version}"
