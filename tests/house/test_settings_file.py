"""``.env.example`` names every setting, once, with an empty value."""

from collections.abc import Iterator

import pytest
from house.catalogue import ROOT

from marketpulse.settings import Settings, environment_name

EXPECTED = {environment_name(field) for field in Settings.model_fields}


def differences(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    names = [line.partition("=")[0] for line in lines]
    yield from (f"{name} is no setting" for name in names if name not in EXPECTED)
    yield from (f"{name} stands there twice" for name in set(names) if names.count(name) > 1)
    yield from (f"{name} is missing" for name in EXPECTED - set(names))
    yield from (f"{line.partition('=')[0]} has a value" for line in lines if line.partition("=")[2])


def example() -> str:
    return (ROOT / ".env.example").read_text(encoding="utf-8")


def test_the_example_names_every_setting_and_gives_no_value():
    assert list(differences(example())) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda text: text + "MARKETPULSE_COLOUR=\n", "MARKETPULSE_COLOUR is no setting"),
        (lambda text: text + "MARKETPULSE_FEED=\n", "MARKETPULSE_FEED stands there twice"),
        (lambda text: text.replace("MARKETPULSE_FEED=", "# gone"), "MARKETPULSE_FEED is missing"),
        (
            lambda text: text.replace("MARKETPULSE_FEED=", "MARKETPULSE_FEED=live"),
            "MARKETPULSE_FEED has a value",
        ),
    ],
)
def test_a_planted_difference_is_caught(change, finding):
    assert list(differences(change(example()))) == [finding]
