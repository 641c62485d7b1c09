"""The frame of every page: configuration, style, navigation, and the strip that says what to trust."""

import zlib
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from marketpulse import desk
from marketpulse.errors import MarketPulseError
from marketpulse.types import Feed, Mode, ModelStage, SessionState, Snapshot
from pages import bell, parts, proposals

HERE = Path(__file__).parent
PAGES = (
    ("desk", "Desk", "space_dashboard"),
    ("orders", "Orders", "receipt_long"),
    ("risk", "Risk", "shield"),
    ("signals", "Signals", "insights"),
    ("models", "Models", "model_training"),
    ("market", "Market data", "database"),
    ("accounts", "Accounts", "account_balance"),
)
CALENDARS = {"XNYS": "NYSE", "XNAS": "Nasdaq", "XBOM": "NSE"}
WORST_FIRST = {"isolated": 0, "open": 1, "half_open": 2, "closed": 3}
STATES = {"isolated": "off", "open": "resting", "half_open": "trying again", "closed": "failing"}


def mode_badge(now: Snapshot) -> parts.Markup:
    """Whose money."""
    if now.mode is Mode.LIVE:
        return parts.badge("LIVE MONEY", "payments", "down", "Orders go to a broker and spend real money.")
    return parts.badge("PAPER", "science", "accent", "Orders are filled by the desk itself; no money moves.")


def feed_badge(now: Snapshot) -> parts.Markup:
    """Where prices come from: the tape, or who answered and how long ago."""
    if now.replay:
        return parts.badge(now.replay.banner, "history", "warn" if now.replay.ended else "violet")
    ages: dict[str, float] = {}
    for datum in now.market.values():
        source = datum.quote.source
        ages[source] = min(datum.age, ages.get(source, datum.age))
    if not ages:
        return parts.badge("Waiting for the first price", "bolt", "warn")
    said = " · ".join(f"{source} {parts.age(seconds)}" for source, seconds in sorted(ages.items()))
    stale = all(datum.stale for datum in now.market.values())
    return parts.badge(
        f"Live {said}", "bolt", "warn" if stale else "", "Provider and age of its newest price"
    )


def session_badges(now: Snapshot) -> Iterator[parts.Markup]:
    """Each exchange that opens and closes, by the desk's clock."""
    for session in now.sessions.values():
        if session.changes is None:
            continue
        name = CALENDARS.get(session.calendar, session.calendar)
        left = parts.duration(session.changes - now.time)
        is_open = session.state is SessionState.OPEN
        words = f"{name} open · closes {left}" if is_open else f"{name} closed · opens {left}"
        yield parts.badge(words, "schedule", hint=parts.eastern(session.changes, "%a %Y-%m-%d %H:%M ET"))


def provider_badges(now: Snapshot) -> Iterator[parts.Markup]:
    """One for each provider that is not well, with the reason."""
    for health in sorted(now.providers, key=lambda one: WORST_FIRST.get(one.state, 0)):
        if health.state == "not_set" or (health.ok and health.state == "closed" and not health.note):
            continue
        word = STATES.get(health.state, health.state) if not health.ok else "degraded"
        ill = [cell.capability for cell in health.cells if cell.state != "closed" or not cell.ok]
        which = f" {', '.join(ill)}" if ill and len(ill) < len(health.cells) else ""
        since = f" Last good {parts.eastern(health.last_good)} ET." if health.last_good else " No answer yet."
        why = f": {health.note.removeprefix(f'{health.name}: ')}" if health.note else ""
        kind: parts.Tone = "down" if health.state == "isolated" else "warn"
        hint = f"{', '.join(health.provides)}.{since} Market data shows all of it."
        yield parts.badge(f"{health.name}{which} {word}{why}", "warning", kind, hint)


def model_badges(now: Snapshot) -> Iterator[parts.Markup]:
    """How far training is, or that it failed; nothing once the model is ready."""
    model = now.model
    if model.stage is ModelStage.TRAINING:
        yield parts.badge(f"Training {parts.percent(model.progress, 0)}", "model_training", hint=model.note)
    elif model.stage is ModelStage.FAILED:
        yield parts.badge(f"Model failed: {model.note}", "model_training", "warn")


def badges(now: Snapshot) -> list[parts.Markup]:
    """The whole row, worst news right after the mode."""
    row = [mode_badge(now), proposals.badge(now)]
    if now.halt:
        word = "ONLY SALES" if now.halt.reducing else "HALTED"
        since = parts.eastern(now.halt.since, "%H:%M")
        row.append(parts.badge(f"{word} {since} · {now.halt.why}", "front_hand", "down"))
    row += [
        parts.badge(f"{view.broker}: {view.note}", "account_balance", "warn")
        for view in now.accounts
        if view.note and view.broker != "paper"
    ]
    return [*row, feed_badge(now), *session_badges(now), *provider_badges(now), *model_badges(now)]


def clock(now: Snapshot) -> str:
    """The desk's time in New York; on replay a second is minutes, so seconds are left out."""
    return parts.eastern(
        now.time, "%a %Y-%m-%d %H:%M ET" if now.feed is Feed.REPLAY else "%a %Y-%m-%d %H:%M:%S ET"
    )


def dismiss(sentence: str) -> None:
    """Do not show this note again in this session."""
    st.session_state.setdefault("dismissed", set()).add(sentence)


def notes(now: Snapshot) -> None:
    """Sentences a person should read once, each with a way to put it aside."""
    for sentence in dict.fromkeys(now.notes):
        number = zlib.crc32(sentence.encode())
        if sentence in st.session_state.get("dismissed", ()):
            continue
        with st.container(
            horizontal=True,
            vertical_alignment="center",
            gap="small",
            wrap=False,
            key=f"note_{number}",
        ):
            parts.html(parts.note(sentence, "warn"))
            st.button(
                "Dismiss",
                key=f"dismiss_{number}",
                type="tertiary",
                on_click=dismiss,
                args=(sentence,),
            )


@st.fragment(run_every=parts.REFRESH)
def status(here: str) -> None:
    """Draw the strip, again every two seconds; ``here`` is the address of the page below it."""
    now = desk.current().snapshot()
    with st.container(key="strip", gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            parts.html(parts.strip(badges(now), clock(now)))
            bell.bell(now)
            if here != "market" and any(provider_badges(now)):
                st.page_link("market.py", label="Why", icon=":material/database:")
        notes(now)
        bell.panel(now)


def main() -> None:
    """Frame and run the page that was asked for."""
    st.set_page_config(
        page_title="MarketPulse",
        page_icon=str(HERE / "icon.svg"),
        layout="wide",
        initial_sidebar_state="collapsed",
    )
    parts.style()
    st.logo(str(HERE / "logo.svg"), size="medium")
    pages = [
        st.Page(
            f"{name}.py",
            title=title,
            icon=f":material/{symbol}:",
            url_path="" if name == "desk" else name,
            default=name == "desk",
        )
        for name, title, symbol in PAGES
    ]
    page = st.navigation(pages, position="top")
    try:
        desk.current()
    except MarketPulseError as fault:
        parts.html(parts.note(fault, "down"))
        st.stop()
    with parts.alone():
        status(page.url_path)
    parts.show_said()
    page.run()


main()
