import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from marketpulse.api import api_token
from marketpulse.errors import ConfigError


def test_the_token_is_made_once_and_only_its_owner_reads_it(tmp_path):
    first = api_token(tmp_path / "data")
    file = tmp_path / "data" / "api-token"
    assert len(first) >= 43  # 32 random bytes in base64
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert api_token(tmp_path / "data") == first
    assert [f.name for f in file.parent.iterdir()] == ["api-token"]


def test_a_file_that_others_could_read_is_closed(tmp_path):
    first = api_token(tmp_path)
    (tmp_path / "api-token").chmod(0o644)
    assert api_token(tmp_path) == first
    assert stat.S_IMODE((tmp_path / "api-token").stat().st_mode) == 0o600


@pytest.mark.parametrize("held", ["", "short", "ü" * 40])
def test_a_broken_file_is_replaced(tmp_path, held):
    (tmp_path / "api-token").write_text(held, encoding="utf-8")
    assert len(api_token(tmp_path)) >= 43


def test_two_that_start_at_once_agree(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: api_token(tmp_path), range(16)))) == 1


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        api_token(tmp_path / "file")
