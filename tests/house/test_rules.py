"""The rules of the house that one file can keep or break, on the real tree and on planted breaches."""

import os
import subprocess

import pytest
from house.catalogue import ROOT, RULES, Rule, tree
from house.source_rules import imported_names, names
from house.text_rules import no_token


@pytest.fixture(scope="module")
def paths():
    return tree()


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_the_tree_keeps_the_rule(rule, paths):
    assert rule.check(ROOT, paths) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_the_rule_reads_at_least_one_file(rule, paths):
    assert any(rule.holds_for(path) for path in paths)


@pytest.mark.parametrize(
    ("rule", "text"), [(r, t) for r in RULES for t in r.breaches], ids=lambda v: getattr(v, "name", "")
)
def test_a_planted_breach_is_caught(rule, text, tmp_path):
    place = next(p for p in tree() if rule.holds_for(p))
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text(text, encoding="utf-8")
    found = rule.check(tmp_path, [place])
    assert found
    assert all(finding.startswith(f"{place}:") for finding in found)


@pytest.mark.parametrize(
    ("rule", "text"), [(r, t) for r in RULES for t in r.passes], ids=lambda v: getattr(v, "name", "")
)
def test_an_honest_text_passes(rule, text):
    assert list(rule.find(text)) == []


def test_a_finding_about_a_token_does_not_repeat_it():
    token = f"{'7' * 9}:{'b' * 35}"
    assert token not in "".join(no_token(f"x = '{token}'"))


def test_patterns_cross_folders_only_where_they_say_so():
    rule = Rule(no_token, ("pages/**.py", "app.py"), (), without=("pages/old/**",))
    assert [rule.holds_for(p) for p in ("pages/a.py", "pages/x/a.py", "app.py")] == [True] * 3
    assert [rule.holds_for(p) for p in ("pages/a.js", "pages/old/a.py", "marketpulse/app.py")] == [False] * 3


def unlisted(root, paths):
    """Imports of a name that its module does not offer in ``__all__``."""
    ours = [p for p in paths if p.endswith(".py") and p.startswith(("marketpulse/", "pages/", "app.py"))]
    modules = {p.removesuffix(".py").removesuffix("/__init__").replace("/", "."): p for p in ours}
    offers = {module: names((root / path).read_text())[2] or set() for module, path in modules.items()}
    for path in ours:
        for line, module, name in imported_names((root / path).read_text()):
            if f"{module}.{name}" not in modules and name not in offers.get(module, {name}):
                yield f"{path}:{line}: {module} does not offer {name}"


def test_only_what_a_module_offers_is_imported_from_it(paths):
    assert list(unlisted(ROOT, paths)) == []


def test_a_planted_import_of_a_hidden_name_is_caught(tmp_path):
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "__init__.py").write_text("")
    (tmp_path / "pages" / "a.py").write_text('__all__ = ["f"]\ndef f(): ...\nLIMIT = 3\n')
    (tmp_path / "pages" / "b.py").write_text("from pages import a\nfrom pages.a import LIMIT, f\n")
    assert list(unlisted(tmp_path, tree(tmp_path))) == ["pages/b.py:2: pages.a does not offer LIMIT"]


def history(folder):
    """All text that was ever committed, messages included."""
    shown = subprocess.run(
        ["git", "log", "--all", "-p", "--no-color", "--no-ext-diff", "--no-textconv", "-m", "--unified=0"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    if shown.returncode != 0:
        pytest.skip("this folder has no git history")
    return shown.stdout.decode("utf-8", errors="replace")


def test_no_token_was_ever_committed():
    assert list(no_token(history(ROOT))) == []


def test_a_token_committed_and_removed_is_caught(tmp_path):
    who = {
        f"GIT_{role}_{what}": "test@localhost"
        for role in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }

    def git(*words):
        subprocess.run(
            ["git", *words], cwd=tmp_path, check=True, capture_output=True, env={**os.environ, **who}
        )

    git("init", "-q")
    (tmp_path / "keys.txt").write_text(f"{'5' * 10}:{'c' * 35}\n")
    git("add", "keys.txt")
    git("commit", "-q", "-m", "Add")
    (tmp_path / "keys.txt").unlink()
    git("commit", "-q", "-a", "-m", "Remove")
    assert len(list(no_token(history(tmp_path)))) == 2  # once coming, once going
