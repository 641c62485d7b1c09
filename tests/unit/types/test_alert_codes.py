"""Every code that is raised anywhere in the tree stands in the table of severities, with the severity it is raised with."""

import ast
from pathlib import Path

import pytest

import marketpulse
from marketpulse.loop.conditions import ENDING
from marketpulse.types.alert import SEVERITIES, Severity, severity_of

ROOT = Path(marketpulse.__file__).parent
MAKERS = {"Alert", "Condition", "alert", "severity_of"}
HANDED_ON = {
    "loop/alarms.py": {"condition.code"},  # a Condition, collected where it is made
    "loop/locks.py": {"lock.code"},  # one of the two that latch, below
    "portfolio/alert_codec.py": None,  # reads what was written before
    "portfolio/alerts.py": None,
    "telegram/words.py": None,
    "types/alert.py": None,
}
LATCHED = {"WEEKLY_LOSS", "MAX_DRAWDOWN"}


def pairs(target, value):
    """Names and what each is given."""
    if isinstance(target, ast.Name):
        yield target, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=True):
            yield from pairs(one, other)


class Codes(ast.NodeVisitor):
    """Collects (code, severity or None) of what one module raises; what it cannot follow, it says."""

    def __init__(self, tree):
        self.found, self.lost = [], []
        self.tree, self.inside = tree, []
        self.visit(tree)

    def bound(self, name):
        """What a name was given, in the function that uses it, or else in the module."""
        for scope in (*self.inside[-1:], self.tree):
            found = [
                value
                for node in ast.walk(scope)
                if isinstance(node, ast.Assign)
                for target in node.targets
                for one, value in pairs(target, node.value)
                if one.id == name
            ]
            if found:
                return found
        return []

    def visit_FunctionDef(self, node):
        self.inside.append(node)
        self.generic_visit(node)
        self.inside.pop()

    def visit_Call(self, node):
        made = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if made in MAKERS and node.args:
            severity = next(
                (
                    a.attr
                    for a in node.args
                    if isinstance(a, ast.Attribute) and getattr(a.value, "id", "") == "Severity"
                ),
                None,
            )
            self.found += [(code, severity) for code in self.codes(node.args[0])]
        self.generic_visit(node)

    def codes(self, value, depth=0):
        match value:
            case ast.Constant(value=str(code)):
                return [code]
            case ast.IfExp(body=yes, orelse=no):
                return [*self.codes(yes), *self.codes(no)]
            case ast.Starred(value=inner) | ast.Tuple(elts=[inner, *_]):
                return self.codes(inner, depth)
            case ast.Name(id=name) if depth < 5:
                handed = [a.arg for a in self.inside[-1].args.args] if self.inside else []
                if name in handed:
                    return self.callers(self.inside[-1].name, handed.index(name))
                found = [code for given in self.bound(name) for code in self.codes(given, depth + 1)]
                return found or self.lose(value)
        return self.lose(value)

    def callers(self, name, place):
        """What is handed over at this place by the module's own calls; ``self`` is not."""
        found = []
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Call)
                and getattr(node.func, "attr", getattr(node.func, "id", "")) == name
            ):
                at = place - 1 if isinstance(node.func, ast.Attribute) else place
                found += self.codes(node.args[at]) if at < len(node.args) else []
        return found or self.lose(ast.Name(name))

    def lose(self, value):
        self.lost.append(ast.unparse(value))
        return []


def raised():
    found, lost = set(), []
    for path in sorted(ROOT.rglob("*.py")):
        name = str(path.relative_to(ROOT))
        passed_on = HANDED_ON.get(name, set())
        if passed_on is None:
            continue
        seen = Codes(ast.parse(path.read_text(encoding="utf-8")))
        found |= {(code, severity) for code, severity in seen.found if code.isupper()}
        lost += [f"{name}: {what}" for what in seen.lost if what not in passed_on]
    return found, lost


def test_every_code_that_is_raised_stands_in_the_table():
    found, _ = raised()
    codes = {code for code, _ in found}
    assert codes >= {
        "OVERFILL",
        "UNPROTECTED",
        "RED_ZONE",
        "RED_ZONE_OVER",
        "DAY_LOSING",
        "UNACKNOWLEDGED",
        "OVER",
    }
    assert codes | LATCHED | ENDING == set(SEVERITIES)


def test_none_is_raised_in_a_way_that_this_cannot_follow():
    """The journal hands on what its callers name; nothing else does."""
    assert set(raised()[1]) <= {"execution/journal.py: alert", "execution/journal.py: code"}


def test_what_is_raised_with_a_severity_is_raised_with_that_of_the_table():
    for code, severity in raised()[0]:
        assert severity is None or SEVERITIES[code] is Severity[severity], code


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('Alert("A", "x")', ["A"]),
        ('draft.alert("A" if x else "B", "x")', ["A", "B"]),
        ('key = "A", "x"\nCondition(*key)', ["A"]),
        ('CODE = "A"\nAlert(CODE)', ["A"]),
        ('class C:\n def f(self, code):\n  Alert(code)\n def g(self):\n  self.f("A")', ["A"]),
    ],
)
def test_a_planted_code_is_found(text, codes):
    assert [code for code, _ in Codes(ast.parse(text)).found] == codes


def test_a_code_of_an_older_ledger_is_medium():
    assert severity_of("GONE_SINCE") is Severity.MEDIUM
