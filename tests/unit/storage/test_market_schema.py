from marketpulse.storage import market_schema
from marketpulse.storage.columns import DateText, UtcText

TIMELESS = {"instrument", "provider_state", "model_registry", "feature_numbers"}


def test_every_time_series_key_holds_its_time():
    tables = market_schema.METADATA.tables
    for name, table in tables.items():
        keyed = {c.name for c in table.primary_key if isinstance(c.type, (UtcText, DateText))}
        assert bool(keyed) == (name not in TIMELESS), name
        timed = [c.name for c in table.columns if isinstance(c.type, (UtcText, DateText))]
        assert not timed or keyed, name
    assert {"live_market_data", "order_book_data", "bar_block"} <= set(tables) - TIMELESS


def test_every_table_is_strict():
    for table in market_schema.METADATA.tables.values():
        assert table.dialect_options["sqlite"]["strict"], table.name
