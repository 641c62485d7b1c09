"""What the desk computed or must remember: models, features, providers' states, numbers over time."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, text

from marketpulse.errors import StorageError
from marketpulse.storage import market_schema as schema
from marketpulse.storage.market_file import MarketFile

__all__ = ["ResultStore"]

_TABLES = schema.METADATA.tables
_PROVIDER = _TABLES["provider_state"]
_METRIC = _TABLES["performance_metrics"]
_MODEL = _TABLES["model_registry"]
_FEATURE = _TABLES["feature_numbers"]

_NEWEST_SAVED = text("rowid DESC")  # SQLite numbers rows as they are saved, and a replaced row anew


class ResultStore(MarketFile):
    """The part of the market store that holds no prices."""

    def save_model(self, name: str, version: str, model: str) -> None:
        """Keep a trained model; the one saved last is the one that ``latest_model`` returns."""
        self._put(_MODEL, {"name": name, "version": version, "sha256": _sha256(model), "model": model})

    def latest_model(self, name: str) -> str | None:
        """Return the text of the model saved last under ``name``, None when there is none.

        Raises
        ------
        StorageError
            It is not what was saved.
        """
        found = select(_MODEL).where(_MODEL.c.name == name).order_by(_NEWEST_SAVED).limit(1)
        row = self._one(found)
        if row is None:
            return None
        model: str = row["model"]
        if _sha256(model) != row["sha256"]:
            raise StorageError(f"the model {name} {row['version']} was changed after it was saved")
        return model

    def save_features(self, digest: str, numbers: str) -> None:
        """Keep the numbers that a signal in the ledger names by ``digest``."""
        self._put(_FEATURE, {"hash": digest, "numbers": numbers})

    def features(self, digest: str) -> str | None:
        """Return the numbers with this hash."""
        row = self._one(select(_FEATURE.c.numbers).where(_FEATURE.c.hash == digest))
        return None if row is None else str(row["numbers"])

    def save_provider_state(self, name: str, state: str) -> None:
        """Keep what a provider's budget or breaker must remember over a restart."""
        self.save_provider_states({name: state})

    def save_provider_states(self, states: Mapping[str, str]) -> None:
        """Keep several of them, all or none."""
        self._put(_PROVIDER, *({"name": name, "state": state} for name, state in states.items()))

    def provider_state(self, name: str) -> str | None:
        """Return what was kept for this provider."""
        row = self._one(select(_PROVIDER.c.state).where(_PROVIDER.c.name == name))
        return None if row is None else str(row["state"])

    def provider_states(self) -> dict[str, str]:
        """Return all that was kept, by name."""
        return {row["name"]: row["state"] for row in self._all(select(_PROVIDER).order_by(_PROVIDER.c.name))}

    def save_metric(self, time: datetime, name: str, value: float) -> None:
        """Keep one number of a series; the same time again replaces it."""
        self._put(_METRIC, {"name": name, "time": time, "value": value})

    def metrics(self, name: str) -> tuple[tuple[datetime, float], ...]:
        """Return a series, oldest first."""
        rows = self._all(select(_METRIC).where(_METRIC.c.name == name).order_by(_METRIC.c.time))
        return tuple((row["time"], row["value"]) for row in rows)


def _sha256(model: str) -> str:
    return sha256(model.encode()).hexdigest()
