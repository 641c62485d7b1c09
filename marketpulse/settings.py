"""What the person may set, read once at start from the environment and ``.env``.

A missing or broken ``.env`` never stops the start: each problem becomes one plain sentence, and
the setting it concerns keeps its default.
"""

import difflib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from marketpulse.types import Conduct

__all__ = ["FeedChoice", "Loaded", "Settings", "TapeChoice", "environment_name", "load", "read_routes"]

_PREFIX = "MARKETPULSE_"
_DATA_KEYS = ("FINNHUB_API_KEY", "ALPHA_VANTAGE_API_KEY")
_VENUES: Mapping[str, tuple[str, ...]] = {
    "equity": ("alpaca",),
    "crypto": ("binance", "bybit"),
    "nse": ("kite",),
}
_PAPER = "paper"


_WANTED: Mapping[str, str] = {
    "feed": "auto, live or replay",
    "data_dir": "a folder",
    "replay_start": "a day as YYYY-MM-DD",
    "replay_speed": "trading days per minute, above 0 and at most 600",
    "starting_cash": "US dollars, above 0",
    "quote_seconds": "seconds, 1 to 60",
    "book_seconds": "seconds, 1 to 600",
    "watchlist": "a CSV file",
    "keep_days": "days, 1 to 3650",
    "tape": "packaged or recorded",
    "routes": "such as equity=alpaca,crypto=binance,nse=kite",
    "live": "1 or 0",
    "sandbox": "1 or 0",
    "mode": "suggest, confirm or auto",
    "auto_without_edge": "1 or 0",
    "orders_per_minute": "orders within 60 seconds, 1 to 600",
    "daily_loss": "a fraction of equity, above 0 and at most 1",
    "cooldown": "minutes, 0 to 100000",
    "stop_outs": "stops, 0 to 100",
    "losing_trades": "sales in a row, 0 to 100",
    "lock_days": "days, above 0 and at most 365",
    "weekly_loss": "a fraction of equity, 0 to 1",
    "max_drawdown": "a fraction of equity, 0 to 1",
    "max_gross": "a fraction of equity, above 0 and at most 10",
    "max_net": "a fraction of equity, above 0 and at most 10",
    "max_leverage": "a multiple of equity, 1 to 10",
    "max_class": "a fraction of equity, above 0 and at most 10",
    "max_sector": "a fraction of equity, above 0 and at most 10",
    "max_currency": "a fraction of equity, above 0 and at most 10",
    "liquidity_days": "days, above 0 and at most 365",
    "volume_share": "a fraction of a day's volume, above 0 and at most 1",
    "event_days": "sessions, 0 to 60",
    "demand_stops": "1 or 0",
    "scenarios": "such as Chips fall: NVDA -30, market -5; Coins halve: coins -50",
    "alert_hours": "hours, 0 to 720",
    "alert_drawdown": "a fraction of equity, above 0 and at most 1",
    "alert_day_loss": "a part of the day's loss limit, above 0 and at most 1",
    "alert_stale": "seconds, 10 to 86400",
    "telegram_chat_id": "the number of a chat",
    "base_currency": "a currency of three letters, such as USD",
}
"""What may stand in a setting, where pydantic's own words would not help."""


class FeedChoice(StrEnum):
    """Where prices shall come from."""

    AUTO = "auto"
    LIVE = "live"
    REPLAY = "replay"


class TapeChoice(StrEnum):
    """What a replay plays."""

    PACKAGED = "packaged"
    RECORDED = "recorded"


class Settings(BaseSettings):
    """All settings; the environment's names stand in ``.env.example``.

    Attributes
    ----------
    feed : ``auto`` tries live prices at start and otherwise replays the tape
    data_dir : where all that the desk writes lives
    replay_start : the day on the tape where a fresh replay begins
    replay_speed : trading days per minute
    starting_cash : USD put into a fresh paper account
    quote_seconds, book_seconds : how often each pair's price and order book are taken, by the wall clock
    watchlist : a CSV file of further instruments, followed on a live feed
    keep_days : how long recorded quotes and order books are kept
    tape : what a replay plays: the packaged recording, or the days this desk recorded itself
    routes : which venue trades what, ``equity=alpaca,crypto=binance,nse=kite``; empty is all paper
    live : allows real orders; that alone lets none through
    sandbox : the venues' test networks instead of the real ones, where they have one
    mode : what the desk does with its signals: ``suggest``, ``confirm`` or, on paper, ``auto``
    auto_without_edge : practice on paper: a call without a shown edge is played as if it had one
    orders_per_minute : most orders placed within 60 seconds
    daily_loss : fraction of the day's first equity whose loss stops new exposure for the day
    cooldown : minutes in which a symbol is not bought after a sale of it at a loss; 0 is off
    stop_outs : stops that sold at a loss on one day, after which nothing is bought on it; 0 is off
    losing_trades : losing sales of a symbol in a row, after which it is not bought for ``lock_days``; 0 is off
    lock_days : how long such a symbol is not bought
    weekly_loss : fraction of what the week began with whose loss ends its buying; 0 is off
    max_drawdown : fraction below the highest equity at which nothing is bought until it is lifted; 0 is off
    max_gross, max_net : most of all that is held, by size and by sign, a fraction of equity
    max_leverage : most of what is owned, a multiple of equity
    max_class, max_sector, max_currency : most of one class, sector or foreign currency, a fraction of equity
    liquidity_days : days in which a position could be sold at ``volume_share`` of a usual day's volume
    event_days : sessions before earnings in which nothing more of the share is bought; 0 is off
    demand_stops : a position without a confirmed stop is an alarm
    scenarios : bad times of one's own, ``Chips fall: NVDA -30, market -5; Coins halve: coins -50`` in percent
    base_currency : what equity and risk are told in
    alert_hours : an urgent alert that nobody acknowledges for so long lets only sales pass; 0 never does
    alert_drawdown : fraction below the highest equity that is worth an alert
    alert_day_loss : part of the day's loss limit that is worth an alert
    alert_stale : seconds without a fresh price of something held that are worth an alert
    retrain_days : days of the desk's clock after which models are trained anew
    telegram_bot_token, telegram_chat_id : with both, fills, refusals and urgent alerts go to that chat
    finnhub_api_key, alpha_vantage_api_key : data keys; without one its provider is left out
    alpaca_api_key ... kite_api_secret : broker keys under their usual names; they make ``auto`` mean live
        prices, Alpaca's also bring its data, and no order leaves by them unless ``routes`` says so
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    feed: FeedChoice = FeedChoice.AUTO
    data_dir: Path = Path("data")
    replay_start: date = date(2012, 6, 1)
    replay_speed: float = Field(default=1.0, gt=0, le=600, allow_inf_nan=False)
    starting_cash: Decimal = Field(default=Decimal(100_000), gt=0, le=Decimal(10**12), allow_inf_nan=False)
    quote_seconds: float = Field(default=5.0, ge=1, le=60, allow_inf_nan=False)
    book_seconds: float = Field(default=10.0, ge=1, le=600, allow_inf_nan=False)
    watchlist: Path | None = None
    keep_days: int = Field(default=7, ge=1, le=3650)
    tape: TapeChoice = TapeChoice.PACKAGED
    routes: str = ""
    live: bool = False
    sandbox: bool = False
    mode: Conduct = Conduct.SUGGEST
    auto_without_edge: bool = False
    orders_per_minute: int = Field(default=30, ge=1, le=600)
    daily_loss: float = Field(default=0.03, gt=0, le=1, allow_inf_nan=False)
    cooldown: float = Field(default=0.0, ge=0, le=100_000, allow_inf_nan=False)
    stop_outs: int = Field(default=4, ge=0, le=100)
    losing_trades: int = Field(default=5, ge=0, le=100)
    lock_days: float = Field(default=5.0, gt=0, le=365, allow_inf_nan=False)
    weekly_loss: float = Field(default=0.10, ge=0, le=1, allow_inf_nan=False)
    max_drawdown: float = Field(default=0.25, ge=0, le=1, allow_inf_nan=False)
    max_gross: float = Field(default=1.0, gt=0, le=10, allow_inf_nan=False)
    max_net: float = Field(default=1.0, gt=0, le=10, allow_inf_nan=False)
    max_leverage: float = Field(default=1.5, ge=1, le=10, allow_inf_nan=False)
    max_class: float = Field(default=1.0, gt=0, le=10, allow_inf_nan=False)
    max_sector: float = Field(default=1.0, gt=0, le=10, allow_inf_nan=False)
    max_currency: float = Field(default=1.0, gt=0, le=10, allow_inf_nan=False)
    liquidity_days: float = Field(default=5.0, gt=0, le=365, allow_inf_nan=False)
    volume_share: float = Field(default=0.10, gt=0, le=1, allow_inf_nan=False)
    event_days: int = Field(default=0, ge=0, le=60)
    demand_stops: bool = False
    scenarios: str = Field(default="", max_length=2_000)
    base_currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    alert_hours: float = Field(default=0.0, ge=0, le=720, allow_inf_nan=False)
    alert_drawdown: float = Field(default=0.10, gt=0, le=1, allow_inf_nan=False)
    alert_day_loss: float = Field(default=0.5, gt=0, le=1, allow_inf_nan=False)
    alert_stale: float = Field(default=300.0, ge=10, le=86_400, allow_inf_nan=False)
    retrain_days: float = Field(default=7.0, ge=1, le=365, allow_inf_nan=False)
    telegram_bot_token: SecretStr | None = None
    telegram_chat_id: str = Field(default="", pattern=r"^(-?[0-9]{1,20})?$")
    finnhub_api_key: SecretStr | None = None
    alpha_vantage_api_key: SecretStr | None = None
    alpaca_api_key: SecretStr | None = None
    alpaca_api_secret: SecretStr | None = None
    binance_api_key: SecretStr | None = None
    binance_api_secret: SecretStr | None = None
    bybit_api_key: SecretStr | None = None
    bybit_api_secret: SecretStr | None = None
    kite_api_key: SecretStr | None = None
    kite_api_secret: SecretStr | None = None

    @field_validator("starting_cash")
    @classmethod
    def _whole_cents(cls, value: Decimal) -> Decimal:
        return value.quantize(Decimal("0.01"))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from ``load`` only: it reads the environment field by field."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)

    @field_validator("base_currency", mode="before")
    @classmethod
    def _capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @property
    def venues(self) -> dict[str, str]:
        """The live venue of each asset class (equity, crypto, nse) that has one; empty on paper."""
        return read_routes(self.routes)[0]

    @property
    def has_broker_key(self) -> bool:
        """Somebody who holds a broker's key wants real prices, never a tape by surprise."""
        return any(name not in _DATA_KEYS for name in self.keys())

    def keys(self) -> dict[str, str]:
        """Every key that is set, by its name in the environment: for the adapters' factories only."""
        values = {environment_name(name): getattr(self, name) for name in type(self).model_fields}
        secret = {n: v.get_secret_value() for n, v in values.items() if isinstance(v, SecretStr)}
        return {name: value for name, value in secret.items() if not name.startswith("TELEGRAM_")}

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that is set, for the filter that keeps them out of the logs."""
        token = self.telegram_bot_token
        return (*self.keys().values(), *([token.get_secret_value()] if token else []))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The settings, and one sentence for each thing that was wrong with them."""

    settings: Settings
    problems: tuple[str, ...]


def environment_name(field: str) -> str:
    """Return the name of a setting in the environment: keys keep the name their vendor uses."""
    usual = "_api_" in field or field.startswith("telegram_")
    return field.upper() if usual else _PREFIX + field.upper()


def load(environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Loaded:
    """Read the settings; the environment wins over ``.env``.

    Never raises for what a person wrote: see the module's first lines.
    """
    problems: list[str] = []
    given = {**_read_dotenv(dotenv, problems), **(os.environ if environ is None else environ)}
    values: dict[str, object] = {}
    known = {environment_name(name): name for name in Settings.model_fields}
    for name, text in given.items():
        if name in known:
            if text.strip():
                values[known[name]] = text.strip()
        elif name.startswith(_PREFIX):
            problems.append(_unknown(name, known))
    while True:
        try:
            settings = Settings.model_validate(values)
            return Loaded(settings, (*problems, *read_routes(settings.routes)[1]))
        except ValidationError as error:
            for field in {str(e["loc"][0]) for e in error.errors(include_input=False)}:
                default = Settings.model_fields[field].default
                problems.append(
                    f"{environment_name(field)} is not usable ({_WANTED[field]}); "
                    f"the desk goes on with {default}."
                )
                values.pop(field, None)


def read_routes(text: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """Read ``equity=alpaca,crypto=binance,nse=kite``.

    Returns
    -------
    dict
        The live venue of each asset class.
    tuple of str
        One sentence for each part that is not usable; the others hold.

    Examples
    --------
    >>> read_routes("equity=alpaca, crypto=paper")[0]
    {'equity': 'alpaca'}
    """
    venues: dict[str, str] = {}
    problems, named, paper = [], set(), []
    for part in filter(None, (p.strip() for p in text.split(","))):
        what, _, venue = (word.strip().lower() for word in part.partition("="))
        wrong = _wrong_route(what, venue) or (f"{what} is routed twice" if what in named else "")
        if wrong:
            problems.append(f"MARKETPULSE_ROUTES: {wrong}; that part was left out.")
            continue
        named.add(what)
        if venue == _PAPER:
            paper.append(what)
        else:
            venues[what] = venue
    if venues and paper:
        problems.append(
            f"MARKETPULSE_ROUTES: paper and live accounts are never mixed, so {' and '.join(paper)} "
            "cannot be traded while a live venue is routed."
        )
    return venues, tuple(problems)


def _wrong_route(what: str, venue: str) -> str:
    """Say what is wrong with one route, without repeating more than a word of it; empty when nothing is."""
    if what not in _VENUES:
        return f"{_word(what)} is not one of {', '.join(_VENUES)}{_near(what, _VENUES)}"
    offered = (*_VENUES[what], _PAPER)
    if venue not in offered:
        return (
            f"{_word(venue)} does not trade {what}, only {' or '.join(offered)} does{_near(venue, offered)}"
        )
    return ""


def _word(text: str) -> str:
    return text if text.isalnum() and len(text) <= len("binance") * 2 else "what stands there"


def _near(word: str, words: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _read_dotenv(path: Path, problems: list[str]) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        values = dotenv_values(path, encoding="utf-8-sig", interpolate=False)
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError, ValueError):
        problems.append(f"{path} could not be read, so the desk starts without it.")
        return {}
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        problems.append(f"{path} can be read by others on this machine; run: chmod 600 {path}")
    empty = sorted(name for name, value in values.items() if value is None)
    if empty:
        problems.append(f"{path} has lines without a value, which were left out: {len(empty)}.")
    return {name: value for name, value in values.items() if value is not None}


def _unknown(name: str, known: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is not a setting of MarketPulse and was left out.{hint}"
