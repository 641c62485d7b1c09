"""What all tests share: the browser, and what happens where there is none."""

import chromium
import pytest
from hypothesis import HealthCheck, settings

# A machine that does other things is slow to draw examples; that is no fault of what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

WITHOUT = pytest.StashKey[int]()


def pytest_collection_modifyitems(config, items):
    # Last of all: they are slow, and the browser's loop then stays in this thread, where no other may run.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    needy = [item for item in items if item.get_closest_marker("browser")]
    config.stash[WITHOUT] = len(needy) if needy and chromium.find() is None else 0
    if config.stash[WITHOUT] and not chromium.required():
        for item in needy:
            item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_runtest_setup(item):
    if item.get_closest_marker("browser") and chromium.required() and chromium.find() is None:
        pytest.fail("MP_TEST_REQUIRE_BROWSER=1, and there is no Chromium on this machine", pytrace=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    """Say it after all else that the session prints: the last line is the one that is read."""
    outcome = yield
    missed = session.config.stash.get(WITHOUT, 0)
    if missed:
        done = "failed" if chromium.required() else "WERE NOT RUN"
        session.config.get_terminal_writer().line(
            f"!!! NO CHROMIUM FOUND: {missed} browser tests {done}. Install chromium to run them.",
            red=True,
            bold=True,
        )
    return outcome


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  only browser tests pay for it

    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium.find(), args=list(chromium.FLAGS))
        yield program
        program.close()
