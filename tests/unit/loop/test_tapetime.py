"""The replay resumes where it stood."""

from datetime import UTC, datetime

import pytest

from marketpulse.loop import tapetime

AT = tapetime.TapeTime(datetime(2012, 6, 1, tzinfo=UTC), datetime(2012, 7, 3, 15, 2, 1, tzinfo=UTC))


def test_what_was_saved_is_loaded(tmp_path):
    assert tapetime.load(tmp_path) is None
    tapetime.save(tmp_path, AT)
    assert tapetime.load(tmp_path) == AT
    assert [p.name for p in tmp_path.iterdir()] == ["clock.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"start": "x", "time": 1}', '{"time": "2012-06-01"}'])
def test_a_broken_file_counts_as_none(tmp_path, text):
    (tmp_path / "clock.json").write_text(text)
    assert tapetime.load(tmp_path) is None
