"""Exact sums in SQL: decimals as whole numbers of twelve digits, and back to text; for the ledger's views.

What is made here is part of migrations that have run: a change makes a new file differ from an old one.
"""

__all__ = [
    "B",
    "M",
    "decimal",
    "exact_sum",
    "fields_of",
    "halves",
    "mantissa",
    "money_sums",
    "product",
    "signed_text",
    "value_sums",
    "whole",
]

M, B = "1000000", "1000000000000"
_ZEROS = "0" * 60

# MATERIALIZED, for else SQLite folds each step into the next and reads every text many times


def mantissa(x: str) -> str:
    """Cut the text ``x`` of a decimal ('-12.50', '1E-8') into sign, digits and power of ten."""
    bare = f"ltrim(CASE WHEN instr({x}, 'E') THEN substr({x}, 1, instr({x}, 'E') - 1) ELSE {x} END, '+-')"
    power = f"CASE WHEN instr({x}, 'E') THEN CAST(substr({x}, instr({x}, 'E') + 1) AS INTEGER) ELSE 0 END"
    return (
        f"CASE WHEN {x} LIKE '-%' THEN -1 ELSE 1 END AS {x}_sign, {bare} AS {x}_bare, "
        f"12 + {power} - CASE WHEN instr({bare}, '.') THEN length({bare}) - instr({bare}, '.') ELSE 0 END "
        f"AS {x}_zeros"
    )


def whole(x: str) -> str:
    """Write ``x`` as a whole number of millionths of millionths; NULL when that would lose a digit."""
    digits, zeros = f"replace({x}_bare, '.', '')", f"{x}_zeros"
    return (
        f"{x}_sign, ltrim(CASE WHEN {digits} = '' OR {digits} GLOB '*[^0-9]*' THEN NULL "
        f"WHEN {zeros} >= 0 THEN ltrim({digits}, '0') || substr('{_ZEROS}', 1, {zeros}) "
        f"WHEN trim(substr({digits}, {zeros}), '0') = '' "
        f"THEN substr({digits}, 1, max(length({digits}) + {zeros}, 0)) END, '0') AS {x}_text"
    )


def halves(x: str) -> str:
    """Cut that number into two integers below 10^12."""
    padded = f"substr('{_ZEROS[:24]}' || {x}_text, -24)"
    return ", ".join(
        f"CASE WHEN length({x}_text) <= 24 THEN {x}_sign * CAST(substr({padded}, {at}, 12) AS INTEGER) END "
        f"AS {x}_{name}"
        for at, name in ((1, "units"), (13, "parts"))
    )


def decimal(units: str, parts: str) -> str:
    """Put sums of both halves together as text; they may differ in sign."""
    rest = f"((({parts}) % {B} + {B}) % {B})"
    whole = f"(({units}) + (({parts}) - {rest}) / {B})"
    text = (
        f"CASE WHEN {whole} >= 0 THEN printf('%d.%012d', {whole}, {rest}) "
        f"WHEN {rest} = 0 THEN printf('%d.0', {whole}) "
        f"ELSE printf('-%d.%012d', -1 - {whole}, {B} - {rest}) END"
    )
    known = f"typeof({units}) || typeof({parts}) = 'integerinteger'"
    return f"CASE WHEN {known} THEN rtrim(rtrim({text}, '0'), '.') END"


def product(*parts: str) -> str:
    """Put four positive integers, 10^12 apart, together as text with 24 digits after the point."""
    top, units, upper, lower = parts
    up = f"({upper} + {lower} / {B})"
    whole = f"({units} + {up} / {B})"
    head = (
        f"CASE WHEN {top} + {whole} / {B} > 0 "
        f"THEN printf('%d%012d', {top} + {whole} / {B}, {whole} % {B}) ELSE {whole} END"
    )
    text = f"({head}) || printf('.%012d%012d', {up} % {B}, {lower} % {B})"
    return f"CASE WHEN {top} IS NOT NULL THEN rtrim(rtrim({text}, '0'), '.') END"


def exact_sum(column: str, where: str = "1") -> str:
    """Add integers exactly; NULL as soon as one of them is unknown."""
    return f"CASE WHEN count(CASE WHEN {where} AND {column} IS NULL THEN 1 END) = 0 THEN {_total(column, where)} END"


def _total(column: str, where: str) -> str:
    return f"coalesce(sum(CASE WHEN {where} THEN {column} END), 0)"


def value_sums(prefix: str, where: str = "1") -> str:
    """Add the four integers of products."""
    return ", ".join(f"{exact_sum(f'value_{i}', where)} AS {prefix}_{i}" for i in range(4))


def money_sums(name: str, where: str = "1") -> str:
    """Add both halves of an amount."""
    return ", ".join(
        f"{exact_sum(f'{name}_{half}', where)} AS {name}_sum_{half}" for half in ("units", "parts")
    )


def fields_of(event: str, *fields: str) -> str:
    """Read these fields of an event's payload."""
    return ", ".join(f"json_extract({event}.payload, '$.{field}') AS {field}" for field in fields)


def signed_text(source: str, keys: str) -> str:
    """Write the steps that turn sums ``x_3`` to ``x_0`` of either sign into ``amount``, in ``text_SOURCE``.

    The integers stand 10^12 apart, the last for 10^-24, and may differ in sign.
    """

    def rest(x: str) -> str:
        return f"(({x} % {B} + {B}) % {B})"

    def step(name: str, old: str, kept: str, low: str, up: str) -> str:
        carried = f"{up} + ({low} - {rest(low)}) / {B}"
        select = f"SELECT {keys}, {kept}{carried} AS {up}, {rest(low)} AS y{low[1:]} FROM {old}"  # noqa: S608  of constants
        return f"{name}_{source} AS MATERIALIZED ({select})"

    turned = (
        f"turned_{source} AS MATERIALIZED (SELECT {keys}, x_3 < 0 AS minus, "  # noqa: S608  of constants
        f"CASE WHEN x_3 < 0 THEN -x_3 - (y_2 + (y_1 + (y_0 > 0) > 0) > 0) ELSE x_3 END AS z_3, "
        f"CASE WHEN x_3 < 0 THEN (2 * {B} - y_2 - (y_1 + (y_0 > 0) > 0)) % {B} ELSE y_2 END AS z_2, "
        f"CASE WHEN x_3 < 0 THEN (2 * {B} - y_1 - (y_0 > 0)) % {B} ELSE y_1 END AS z_1, "
        f"CASE WHEN x_3 < 0 THEN ({B} - y_0) % {B} ELSE y_0 END AS z_0 FROM third_{source})"
    )
    text = (
        f"text_{source} AS MATERIALIZED (SELECT {keys}, CASE WHEN minus THEN '-' ELSE '' END || "  # noqa: S608  of constants
        f"{product('z_3', 'z_2', 'z_1', 'z_0')} AS amount FROM turned_{source})"
    )
    return ",\n".join(
        (
            step("first", source, "x_3, x_2, ", "x_0", "x_1"),
            step("second", f"first_{source}", "x_3, y_0, ", "x_1", "x_2"),
            step("third", f"second_{source}", "y_0, y_1, ", "x_2", "x_3"),
            turned,
            text,
        )
    )
