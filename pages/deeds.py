"""Call one verb of the desk and say how that went; and the field for what a person must type first."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from marketpulse.errors import MarketPulseError, Refused
from pages import parts

__all__ = ["attempt", "typed"]

_T = TypeVar("_T")


def attempt(act: Callable[[], _T], said: str | Callable[[_T], str], symbol: str, failed: str) -> bool:
    """Do it, and keep the sentence for the next ``show_said``; tells whether it was done.

    Parameters
    ----------
    said : what is told when it was done, or makes that of what the verb gave back; empty: nothing
    failed : begins the sentence where the desk could not do it; a refusal speaks for itself
    """
    try:
        done = act()
    except Refused as no:
        parts.say(no.sentence, "block")
    except MarketPulseError as fault:
        parts.say(f"{failed}: {fault}", "error")
    else:
        sentence = said if isinstance(said, str) else said(done)
        if sentence:
            parts.say(sentence, symbol)
        return True
    return False


def typed(key: str, label: str, button: str, act: Callable[[str], object], word: str = "") -> None:
    """Draw a field and its button; ``act`` gets what was typed, without the space around it.

    Parameters
    ----------
    word : shown in the empty field
    """

    def press() -> None:
        act(str(st.session_state.get(f"{key}_text") or "").strip())

    with (
        st.form(key, border=False, enter_to_submit=True, clear_on_submit=True),
        st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"),
    ):
        st.text_input(label, key=f"{key}_text", placeholder=word or None, autocomplete="off")
        st.form_submit_button(button, key=f"{key}_go", on_click=press)
