"""The bell in the strip: how many alerts nobody has seen, and a panel where each can be acknowledged."""

import streamlit as st

from marketpulse import desk
from marketpulse.types import AlertView, Severity, Snapshot
from pages import deeds, parts
from pages.words import when

__all__ = ["bell", "panel"]

MOST = 8
"""Alerts shown at once; the others move up as these are acknowledged."""

TONES: dict[Severity, parts.Tone] = {
    Severity.LOW: "",
    Severity.MEDIUM: "warn",
    Severity.HIGH: "down",
    Severity.CRITICAL: "down",
}


def bell(now: Snapshot) -> None:
    """The button; red words say that one of them is urgent."""
    count = len(now.alerts)
    locked = f" · {len(now.locks)} locked" if now.locks else ""
    urgent = any(view.severity.urgent for view in now.alerts)
    label = f":red[{count} unseen]" if urgent else f"{count} unseen" if count else "No alerts"
    st.button(
        f"{label}{locked}",
        key="bell",
        icon=":material/notifications_active:" if count else ":material/notifications:",
        type="tertiary",
        help="Alerts that nobody has acknowledged",
        on_click=_toggle,
    )


def panel(now: Snapshot) -> None:
    """The open alerts, newest first, while the bell is pressed."""
    if not st.session_state.get("bell_open"):
        return
    with parts.panel("alerts", stretch=False):
        _locks(now)
        about = "urgent ones go to the phone, where one is set" if now.alerts else ""
        parts.title("Alerts", about)
        if not now.alerts:
            parts.html(
                parts.empty("Nothing unseen", "What a person must see is listed here until it was seen.")
            )
        for view in now.alerts[:MOST]:
            _row(view, now)
        if len(now.alerts) > 1:
            shown = tuple(view.id for view in now.alerts[:MOST])
            more = len(now.alerts) - len(shown)
            words = f"Seen, all {len(shown)}" + (f"; {more} more follow" if more else "")
            st.button(words, key="ack_all", type="tertiary", on_click=_seen, args=shown)


def _locks(now: Snapshot) -> None:
    """The protections that hold, until when, and a field to lift one."""
    if not now.locks:
        return
    parts.title("Protections", "they refuse buys; sales pass")
    for lock in now.locks:
        ends = f"until {when(lock.until, now.time)} ET" if lock.until else "until it is lifted"
        parts.html(
            parts.join(
                parts.tag(lock.name, "down"),
                " ",
                parts.bold(lock.sentence),
                " ",
                parts.span(ends, "muted", "small"),
            )
        )
    with (
        st.form("unlock", border=False, clear_on_submit=True),
        st.container(horizontal=True, gap="xsmall", vertical_alignment="bottom"),
    ):
        st.selectbox("Lift", [lock.name for lock in now.locks], key="unlock_name")
        st.text_input(
            "Type UNLOCK: it may cost money", key="unlock_text", placeholder="UNLOCK", autocomplete="off"
        )
        st.form_submit_button("Lift it", key="unlock_go", on_click=_unlock)


def _row(view: AlertView, now: Snapshot) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", wrap=False, key=f"alert_{view.id}"
    ):
        over = "; it is over" if view.ended else ""
        parts.html(
            parts.join(
                parts.tag(view.severity.value.upper(), TONES[view.severity]),
                " ",
                parts.bold(view.sentence),
                " ",
                parts.span(f"{when(view.time, now.time)} · {view.code} · #{view.id}{over}", "muted", "small"),
            )
        )
        st.button("Seen", key=f"ack_{view.id}", type="tertiary", on_click=_seen, args=(view.id,))


def _toggle() -> None:
    st.session_state.bell_open = not st.session_state.get("bell_open")


def _unlock() -> None:
    name = str(st.session_state.get("unlock_name") or "")
    typed = str(st.session_state.get("unlock_text") or "").strip()
    deeds.attempt(
        lambda: desk.current().unlock(name, typed),
        lambda lock: f"{lock.name} is lifted.",
        "lock_open",
        "Not lifted",
    )


def _seen(*ids: str) -> None:
    def act() -> None:
        for alert in ids:
            desk.current().acknowledge(alert)

    deeds.attempt(act, "", "", "Not acknowledged")
