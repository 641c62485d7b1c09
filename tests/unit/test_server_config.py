"""What is shipped to Streamlit: safe from the first day, and every name known to it."""

import tomllib
from pathlib import Path

import pytest
from streamlit import config

SHIPPED = tomllib.loads(
    (Path(__file__).parents[2] / ".streamlit" / "config.toml").read_text(encoding="utf-8")
)


def flat(table, prefix=""):
    for name, value in table.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("server.address", "127.0.0.1"),
        ("server.fileWatcherType", "none"),
        ("server.enableXsrfProtection", True),
        ("server.enableAgentApi", False),
        ("server.maxUploadSize", 5),
        ("browser.gatherUsageStats", False),
        ("client.showErrorDetails", "none"),
        ("client.toolbarMode", "minimal"),
    ],
)
def test_the_shipped_value(name, value):
    assert dict(flat(SHIPPED))[name] == value


def test_the_port_is_left_open_so_that_a_busy_one_is_said_by_us():
    assert "server.port" not in dict(flat(SHIPPED))


def test_streamlit_knows_every_name():
    assert set(dict(flat(SHIPPED))) <= set(config._config_options_template)
