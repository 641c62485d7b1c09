"""What the background has measured, drawn: the headline with the methods beside it, its backtest, its parts."""

from collections.abc import Sequence
from math import ceil

from marketpulse.types import BacktestView, Loss, Measure, RiskReport, Snapshot
from pages import parts, risk_charts
from pages.formats import EASTERN
from pages.parts import Column, Markup

__all__ = ["components", "exceedances", "headline", "measures", "sentence", "together", "zone_tone"]

NAMES = {
    "headline": "Headline",
    "fhs_gjr": "Filtered history, GJR",
    "gjr_skewt": "GJR skewed t",
    "ewma_t": "EWMA, t",
    "historical": "Historical",
    "monte_carlo": "Monte Carlo, t copula",
    "cornish_fisher": "Cornish-Fisher",
    "normal": "Normal",
}
FAILS = 0.05
"""A p-value below this says that the estimate fails the test."""

_HEAVY = 1.5  # share of the risk over share of the book from which a bar is amber
_METHODS = (
    Column("Method"), Column("95%, 1 d", "right wide"), Column("99%, 1 d", "right"), Column("ES 99%", "right"),
    Column("99%, 5 d", "right wide"), Column("Hits", "right"), Column("Basel"),
)  # fmt: skip
_PARTS = (
    Column("Symbol"), Column("Weight", "right wide"), Column("Of ES", "right"), Column("", "", "20%"),
    Column("ES", "right"), Column("VaR", "right wide"), Column("If sold", "right"),
)  # fmt: skip
_MEASURES = (Column(""), Column("", "right"), Column("", "wrap wide"))
_IN_DAYS = frozenset({"Shortest record", "Longest fall"})


def zone_tone(zone: str | None) -> parts.Tone:
    """Basel's colours in the desk's: grey means fine."""
    return {"green": "up", "yellow": "warn", "red": "down"}.get(zone or "", "muted")  # type: ignore[return-value]


def headline(now: Snapshot) -> None:
    """The headline, every method beside it, and what its backtest says."""
    report = now.risk.report
    if report is None:
        return
    local = report.computed.astimezone(EASTERN)
    parts.title(
        "Value at risk and expected shortfall",
        (f"bars to {report.through} · " if report.through else "")
        + f"measured {local:%b %d %H:%M:%S} ET"
        + (" · being measured anew" if now.risk.computing else ""),
    )
    for sentence in filter(None, (now.risk.report_note, report.note)):
        parts.html(parts.span(f"{sentence[:1].upper()}{sentence[1:]}", "warn", "small"))
    if now.risk.red:
        words = "Red zone: buys above half the usual position are refused until the backtest leaves it."
        parts.html(parts.note(words, "down"))
    if not report.losses:
        parts.html(
            parts.empty(
                "Nothing is held", "The loss of an empty book is 0. Buy something and it is measured."
            )
        )
        return
    parts.html(parts.kv(_numbers(report)))
    parts.html(parts.table(_METHODS, *_rows(report)))
    parts.html(parts.span(_basis(report), "muted", "small"))
    _backtest(report)


def _numbers(report: RiskReport) -> list[tuple[object, object, object]]:
    def one(level: float, days: int, *, es: bool = False) -> tuple[object, object]:
        loss = report.loss("headline", level, days)
        amount = None if loss is None else loss.es if es else loss.var
        share = f"{amount / report.equity:.2%} of equity" if amount is not None and report.equity else ""
        return (parts.money(amount, 0) if amount is not None else "unknown"), share

    return [
        ("VaR 99%, 1 d", *one(0.99, 1)),
        ("ES 99%, 1 d", *one(0.99, 1, es=True)),
        ("VaR 95%, 1 d", *one(0.95, 1)),
        ("VaR 99%, 5 d", *one(0.99, 5)),
    ]


def _rows(report: RiskReport) -> tuple[list[tuple[object, ...]],]:
    rows = []
    for method, name in NAMES.items():
        tested = report.backtest(method)
        top = report.loss(method)
        hits = f"{tested.recent} / 250" if tested and tested.recent is not None else parts.DASH
        zone = tested.zone if tested else None
        colour = parts.join(parts.dot(zone_tone(zone)), zone) if zone else parts.span("unknown", "muted")
        rows.append(
            (
                parts.bold(name) if method == "headline" else name,
                _amount(report.loss(method, 0.95)),
                _amount(top),
                parts.number(top.es, 0) if top else parts.DASH,
                _amount(report.loss(method, 0.99, 5)),
                hits,
                colour,
            )
        )
    return (rows,)


def _amount(loss: Loss | None) -> str:
    return parts.DASH if loss is None or loss.var is None else parts.number(loss.var, 0)


def _basis(report: RiskReport) -> str:
    top, simulated = report.loss(), report.loss("monte_carlo")
    words = [] if top is None else top.note.split(", ")
    note = words[1] if len(words) > 1 else "unknown"
    error = simulated.error if simulated else None
    said = f" Standard error of Monte Carlo's ES {parts.money(error, 0)}." if error is not None else ""
    return f"Losses of this book held still. Headline: the larger of the two GJR methods, here {note}.{said}"


def _backtest(report: RiskReport) -> None:
    """The sentence, the colour, and the tests."""
    tested, top = report.backtest(), report.loss()
    if tested is None or top is None or top.var is None:
        why = "The backtest needs 200 days that all of the book shares."
        parts.html(parts.span(why, "muted", "small"))
        return
    parts.html(
        parts.join(
            parts.bold("Backtest "),
            parts.tag((tested.zone or "no zone").upper(), zone_tone(tested.zone)),
            parts.span(f" {sentence(tested, top.var)}", "small"),
        )
    )
    parts.html(_tests(tested))
    if tested.note:
        parts.html(parts.span(f"{tested.note[:1].upper()}{tested.note[1:]}.", "muted", "small"))


def sentence(tested: BacktestView, loss: float) -> str:
    """What the estimate promises and what came of it."""
    promise = f"On 99 of 100 days the loss should stay under {parts.money(loss, 0)}; "
    if tested.recent is None:
        return (
            f"{promise}in the {tested.n} days under test it was exceeded {_times(tested.exceedances)} "
            f"(expected {tested.n * 0.01:.1f}); a colour needs 250 days."
        )
    return f"{promise}in the last 250 days it was exceeded {_times(tested.recent)} (expected 2.5): {tested.zone}."


def _times(count: int) -> str:
    return "never" if not count else "once" if count == 1 else f"{count} times"


def _tests(tested: BacktestView) -> Markup:
    named = (
        ("Kupiec", tested.p_kupiec),
        ("Christoffersen", tested.p_christoffersen),
        ("Joint", tested.p_joint),
        ("Quantile", tested.p_dynamic),
    )
    shown = [_test(name, p) for name, p in named]
    ratio = "unknown" if tested.es_ratio is None else f"{tested.es_ratio:.2f}"
    z2 = "unknown" if tested.z2 is None else f"{tested.z2:+.2f}"
    worst = "" if tested.worst is None else f", at worst {tested.worst} in a block of 250"
    days = f"{tested.exceedances} of {tested.n} days{worst}"
    shown += [parts.join("ES ratio ", parts.bold(ratio)), parts.join("Acerbi-Szekely ", parts.bold(z2)), days]
    return parts.span(parts.join(*shown, by=" · "), "small")


def _test(name: str, p: float | None) -> Markup:
    kind: parts.Tone = "down" if p is not None and p < FAILS else ""
    return parts.join(f"{name} p ", parts.bold("unknown" if p is None else f"{p:.2f}", kind))


def exceedances(now: Snapshot) -> None:
    """What the present book would have gained each day, against the headline of the day before."""
    report = now.risk.report
    if report is None or not report.days:
        parts.title("Daily P&L against the headline VaR")
        why = "is being measured" if now.risk.computing else "needs 200 days that all of the book shares"
        parts.html(parts.empty("No backtest yet", f"The past of this book {why}."))
        return
    beyond = [(day, pnl) for day, pnl, var in report.days if pnl < -var]
    parts.title(
        "Daily P&L against the headline VaR", f"{len(report.days)} days of this book held still · red: beyond"
    )
    risk_charts.show_exceedances(report.days, parts.palette())
    listed = ", ".join(f"{day} {parts.money(pnl, 0)}" for day, pnl in beyond[-6:])
    more = f" and {len(beyond) - 6} before" if len(beyond) > 6 else ""  # noqa: PLR2004 - as many as fit
    parts.html(parts.span(f"Exceeded: {listed}{more}." if beyond else "Never exceeded.", "muted", "small"))


def components(now: Snapshot) -> None:
    """Which position the expected shortfall comes from."""
    report = now.risk.report
    lines = sorted(report.components, key=lambda c: -c.es) if report else []
    total = sum(one.es for one in lines)
    parts.title("Where the risk is", f"parts of ES 99% · sum {parts.money(total, 0)}" if lines else "")
    if not lines or report is None:
        why = (
            "It is being measured."
            if now.risk.computing
            else "With two positions it is shown what each adds."
        )
        parts.html(parts.empty("No parts yet", why))
        return
    rows = []
    for one in lines:
        weight = one.value / report.equity if report.equity else None
        share = one.es / total if total else None
        held = sum(c.value for c in lines)
        fair = one.value / held if held else None
        tone: parts.Tone = (
            "warn" if share is not None and fair is not None and share > _HEAVY * fair else "accent"
        )
        rows.append(
            (
                parts.bold(one.symbol),
                parts.percent(weight),
                parts.percent(share),
                parts.bar(share, tone, fair),
                parts.number(one.es, 0),
                parts.number(one.var, 0),
                parts.number(-one.incremental_es, 0),
            )
        )
    parts.html(parts.table(_PARTS, rows))
    told = "Tick: share of what is held. If sold: what the ES would change by."
    parts.html(parts.span(told, "muted", "small"))


def together(now: Snapshot) -> None:
    """How what is held moves together, and the groups of all names."""
    report = now.risk.report
    groups = [group for group in report.clusters if len(group) > 1] if report else []
    parts.title("Moves together", "correlation over 250 days")
    if report is None or not report.names:
        parts.html(parts.empty("Nothing to compare", "Two positions show how they move together."))
    else:
        parts.html(_heat(report.names, report.correlation))
    for group in groups[:4]:
        parts.html(parts.span(f"One bet: {', '.join(group)}.", "muted", "small"))


def _heat(names: Sequence[str], rows: Sequence[Sequence[float]]) -> Markup:
    short = [name.partition("/")[0] for name in names]
    columns = [Column(""), *(Column(name, "center") for name in short)]
    body = [
        (short[i], *(parts.span(parts.number(round(value, 2) + 0.0), "accent" if value > 0.5 else "" if value > 0.2 else "muted") for value in row))  # noqa: PLR2004 - where a bet becomes one
        for i, row in enumerate(rows)
    ]  # fmt: skip
    return parts.scroll(parts.table(columns, body))


def measures(now: Snapshot) -> None:
    """Ratios of the account and of the book, each with what it rests on."""
    report = now.risk.report
    parts.title("Measures", "252 days a year, coins alone 365")
    if report is None or not report.measures:
        parts.html(parts.empty("No measures yet", "They come with the first measurement."))
        return
    parts.html(parts.table(_MEASURES, [_measure(one) for one in report.measures]))


def _measure(one: Measure) -> tuple[object, object, object]:
    value = (
        "unknown"
        if one.value is None
        else f"{ceil(one.value - 1e-9):,} d"
        if one.name in _IN_DAYS
        else parts.percent(one.value)
        if one.percent
        else parts.number(one.value)
    )
    shown = parts.span(value, "muted") if one.value is None else parts.bold(value)
    note = one.note.removeprefix("unknown: ")
    return one.name, shown, parts.span(note, "muted", "small")
