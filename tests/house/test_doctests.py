"""The worked examples in docstrings are true."""

import doctest
import importlib

import pytest
from house.catalogue import ROOT, tree

WITH_EXAMPLES = [
    path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    for path in tree()
    if path.startswith("marketpulse/") and path.endswith(".py") and ">>> " in (ROOT / path).read_text()
]


def test_there_are_examples():
    assert len(WITH_EXAMPLES) > 5


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_hold(name):
    outcome = doctest.testmod(importlib.import_module(name))
    assert outcome.attempted > 0
    assert outcome.failed == 0


def test_a_wrong_example_is_caught():
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
    assert doctest.DocTestRunner().run(wrong, out=lambda _: None).failed == 1
