"""Rules that read one Python module: each yields ``line: what is wrong``."""

import ast
import re
from collections.abc import Iterator

MODULE_LINES = 400
FUNCTION_LINES = 40
PICKLERS = {"pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
SQL = {"sqlite3", "sqlalchemy", "sqlmodel", "alembic"}
DESK_ONLY = {"desk", "types", "errors"}
ENTRY = {"api", "telegram", "cli", "desk", "settings", "meter", "types", "errors"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_length(text: str) -> Iterator[str]:
    lines = len(text.splitlines())
    if lines > MODULE_LINES:
        yield f"1: {lines} lines, more than {MODULE_LINES}"


def function_length(text: str) -> Iterator[str]:
    """A docstring does not count: maths owes its reader units, sources and an example."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            lines = node.end_lineno - node.lineno + 1
            if ast.get_docstring(node) is not None:
                lines -= node.body[0].end_lineno - node.body[0].lineno + 1
            if lines > FUNCTION_LINES:
                yield f"{node.lineno}: {node.name} has {lines} lines, more than {FUNCTION_LINES}"


def clocks_and_prints(text: str) -> Iterator[str]:
    """Time comes from clock.py, output from the logs and the doors, and faults are named."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "print":
                yield f"{node.lineno}: print"
            if re.search(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today)$", called):
                yield f"{node.lineno}: {called} instead of the clock"
        if isinstance(node, (ast.Attribute, ast.Name)) and ast.unparse(node) == "time.sleep":
            yield f"{node.lineno}: time.sleep"
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (f"{node.lineno}: time.sleep" for name in node.names if name.name == "sleep")
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            yield f"{node.lineno}: bare except"


def started_last(text: str) -> Iterator[str]:
    """What runs when a module is started comes last: what stands below it is not there yet."""
    body = ast.parse(text).body
    for node in body[:-1]:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            yield f"{node.lineno}: something stands below what is run"


def bare_noqa(text: str) -> Iterator[str]:
    """A suppressed lint finding names its code and, after it, a reason."""
    for number, line in enumerate(text.splitlines(), 1):
        found = re.search(r"#\s*(?:ruff:\s*)?noqa\b(.*)", line, re.IGNORECASE)
        if found and not re.match(r":\s*[A-Z]+[0-9]+(?:,\s*[A-Z]+[0-9]+)*\s+\S", found[1]):
            yield f"{number}: noqa without a code or without a reason"


def honest_all(text: str) -> Iterator[str]:
    """``__all__`` names every public function and class, and nothing that is not there."""
    here, public, listed = names(text)
    if listed is None and public:
        yield "1: no __all__"
        return
    listed = listed or set()
    yield from (f"1: __all__ names {name}, which is not here" for name in sorted(listed - here))
    yield from (f"1: {name} is public but not in __all__" for name in sorted(public - listed))


def names(text: str) -> tuple[set[str], set[str], set[str] | None]:
    """What a module holds, its public functions and classes, and its ``__all__``."""
    here: set[str] = set()
    public: set[str] = set()
    listed = None
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            here.add(node.name)
            public |= {node.name} if not node.name.startswith("_") else set()
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            here |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            assigned = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            if "__all__" in assigned:
                listed = set(ast.literal_eval(node.value))
            here |= assigned
    return here, public, listed


def imported_names(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, module and name of every ``from ... import`` of our own."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"marketpulse", "pages"}:
            yield from ((node.lineno, node.module, alias.name) for alias in node.names)


def no_pickle(text: str) -> Iterator[str]:
    """Opening a pickle runs what is in it."""
    yield from (f"{line}: imports {name}" for line, name in _imports(text) if name in PICKLERS)


def no_sql(text: str) -> Iterator[str]:
    """Only storage speaks SQL."""
    yield from (f"{line}: imports {name}" for line, name in _imports(text) if name in SQL)


def desk_and_types_only(text: str) -> Iterator[str]:
    """A page knows the facade and the nouns, no room behind them."""
    yield from (f"{line}: imports {room}" for line, room in _rooms(text) if room not in DESK_ONLY)


def doors_only(text: str) -> Iterator[str]:
    """The entry joins doors and desk; it knows no room behind them."""
    yield from (f"{line}: imports {room}" for line, room in _rooms(text) if room not in ENTRY)


def _imports(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.split(".")[0]


def _rooms(text: str) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names = [a.name for a in node.names if a.name.split(".")[0] == "marketpulse"]
            yield from ((node.lineno, f"{name}.".split(".")[1]) for name in names)
        elif isinstance(node, ast.ImportFrom) and node.module == "marketpulse":
            yield from ((node.lineno, a.name) for a in node.names if not a.name.startswith("__"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("marketpulse."):
            yield node.lineno, node.module.split(".")[1]


def documented_maths(text: str) -> Iterator[str]:
    """A public function of estimates says its units, its source, and a number worked by hand."""
    listed = names(text)[2] or set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name in listed and _is_maths(node):
            doc = ast.get_docstring(node) or ""
            for section in ("Units", "References", "Examples"):
                if not re.search(rf"^{section}\n-+$", doc, re.MULTILINE):
                    yield f"{node.lineno}: {node.name} has no section {section}"
            if ">>>" not in doc:
                yield f"{node.lineno}: {node.name} has no worked example"


def _is_maths(node: ast.FunctionDef) -> bool:
    """Estimates are float64: the function returns one, or takes or returns arrays of them."""
    result = ast.unparse(node.returns) if node.returns else ""
    return result == "float" or "FloatArray" in result or "FloatArray" in ast.unparse(node.args)
