"""The command line: names, arguments and help."""

import argparse
from collections.abc import Callable
from pathlib import Path

from marketpulse.cli.deciding import add_deciding
from marketpulse.types import OrderType, TimeInForce

__all__ = ["parser"]

_EXITS = """\
exit codes:
  0  done
  1  refused, the order ended denied, rejected or expired, or a ledger is damaged (reason on stderr)
  2  the command line was wrong
  3  no desk runs on the data folder
  4  the desk failed or did not answer in time
  141  whoever read the answer went away before its end

The desk is found through the data folder (MARKETPULSE_DATA_DIR, default data).
To prove the order path, which needs no desk: python -m marketpulse prove --help
"""


def parser() -> argparse.ArgumentParser:
    """Build the parser of ``python -m marketpulse``."""
    top = argparse.ArgumentParser(
        prog="python -m marketpulse",
        description="Talk to the running desk from a terminal.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, says: str) -> argparse.ArgumentParser:
        made = verbs.add_parser(name, help=says, description=says[0].upper() + says[1:] + ".")
        made.add_argument("--json", action="store_true", help="answer as JSON, for programs")
        return made

    start = verb("start", "start the desk; what follows goes to streamlit run, e.g. --server.port 8600")
    start.add_argument(
        "--again", action="store_true", help="put the present replay aside and begin a fresh one"
    )
    verb("health", "say whether the desk is well, and its providers")
    quote = verb("quote", "show the last price of one instrument with its source and age")
    quote.add_argument("symbol", metavar="SYMBOL", help="AAPL, or a pair as BTC-USDT or BTC/USDT")
    _order(verb("order", "place one order and show what became of it"))
    _replace(verb("replace", "change the quantity or a price of an order that rests"))
    verb("orders", "list all orders, newest first")
    cancel = verb("cancel", "ask for the cancel of a working order")
    cancel.add_argument("id", metavar="ID", help="the order's id, as in orders")
    _stopping(verb)
    add_deciding(verb)
    _importing(verb("import", "show what a broker's statement would do, then book it with --commit"))
    _keeping(verb)
    _risk(verb)
    _signals(verb)
    train = verb("train", "train the models without a desk, and show what they are worth")
    train.add_argument(
        "--feed", choices=("replay", "live"),
        help="the tape, or the bars that a live desk has kept (default: as set; live where there are any)",
    )  # fmt: skip
    verb("train-deep", "fit the LSTM on the tape, and on recorded days where there are enough")
    return top


def _stopping(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the verbs that stop trading, and the one that ends a stop."""
    halt = verb("halt", "stop trading now: every new order is refused until resume")
    halt.add_argument("--why", default="halted from the command line", help="the reason, kept in the ledger")
    reduce = verb("reduce", "let only sales pass until resume")
    reduce.add_argument(
        "--why", default="reduced from the command line", help="the reason, kept in the ledger"
    )
    flatten = verb("flatten", "halt, cancel every order, and sell all that is held")
    flatten.add_argument("--confirm", metavar="FLATTEN", help="type FLATTEN; asked for when left out")
    resume = verb("resume", "trade again after a halt")
    resume.add_argument("--confirm", metavar="RESUME", help="type RESUME; asked for when left out")


def _importing(take: argparse.ArgumentParser) -> None:
    take.add_argument(
        "file", type=Path, metavar="FILE.csv", help="ours, Alpaca's, Binance's, Kite's or a plain one"
    )
    take.add_argument("--account", required=True, metavar="ACCOUNT", help="as in accounts, e.g. paper:desk")
    take.add_argument("--commit", default="", metavar="HASH", help="book exactly what the preview showed")


def _keeping(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the verbs that need no running desk."""
    backup = verb("backup", "copy the ledger and prove the copy; a desk may run meanwhile")
    backup.add_argument(
        "target", nargs="?", type=Path, metavar="FILE|FOLDER",
        help="a folder for the backup's own folder (default: backups in the data folder), or a file such as "
        "ledger-copy.db for the ledger alone",
    )  # fmt: skip
    restore = verb("restore", "make a feed's folder from a backup; no desk may run")
    restore.add_argument("source", type=Path, metavar="FILE|FOLDER", help="the backup")
    restore.add_argument(
        "--aside", action="store_true", help="rename what is there first; nothing is deleted"
    )
    verify = verb("verify", "check a ledger's structure, chain and books; changes nothing")
    verify.add_argument(
        "source", nargs="?", type=Path, metavar="FILE|FOLDER", help="default: the data folder's ledgers"
    )
    export = verb("export", "write orders, fills or tax lots as CSV")
    export.add_argument("what", choices=("orders", "fills", "lots"))
    export.add_argument(
        "--method", choices=("fifo", "average"), default="fifo",
        help="of lots: the oldest units are sold first, or a part of all of them, as the books count",
    )  # fmt: skip
    export.add_argument(
        "--csv", required=True, type=Path, metavar="FILE", help="a new file; - is the terminal"
    )
    for one in (backup, restore, verify, export):
        one.add_argument("--feed", choices=("live", "replay", "recorded", "sandbox"), help="of which feed")


def _risk(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the verb that answers from a file of returns alone."""
    risk = verb("risk", "estimate tomorrow's loss from a file of returns, and test the estimates on it")
    risk.add_argument(
        "--returns", required=True, type=Path, metavar="FILE.csv", help="daily returns, oldest first"
    )
    risk.add_argument(
        "--level", type=_level, default=0.99, metavar="LEVEL", help="confidence (default: 0.99)"
    )


def _signals(verb: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Add the verb that answers from a file of bars alone."""
    signals = verb(
        "signals", "say what our models would have said of a file of bars, and whether it was skill"
    )
    signals.add_argument(
        "--bars", required=True, type=Path, metavar="FILE.csv",
        help="time,open,high,low,close,volume, oldest first, splits worked in",
    )  # fmt: skip
    signals.add_argument(
        "--horizon", type=_horizon, default=5, metavar="BARS", help="bars ahead, 1 to 63 (default: 5)"
    )


def _horizon(text: str) -> int:
    if text.isdecimal() and 1 <= int(text) <= 63:  # noqa: PLR2004  a quarter: beyond, too few outcomes end
        return int(text)
    raise argparse.ArgumentTypeError(f"a horizon is 1 to 63 bars, not {text}")


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0.5 < level < 1.0:  # noqa: PLR2004  half: below, it is no loss
        raise argparse.ArgumentTypeError(f"a level lies between 0.5 and 1, as 0.99 does, not at {text}")
    return level


def _order(order: argparse.ArgumentParser) -> None:
    order.add_argument("side", choices=("buy", "sell"))
    order.add_argument("quantity", metavar="QUANTITY", help="units, e.g. 10 or 0.25")
    order.add_argument("symbol", metavar="SYMBOL", help="AAPL, or a pair as BTC-USDT or BTC/USDT")
    order.add_argument(
        "--type", choices=[kind.value for kind in OrderType], help="default: what the prices given belong to"
    )
    for name, says in _ORDER_PRICES.items():
        order.add_argument(f"--{name}", metavar="PRICE", help=says)
    order.add_argument("--trail", metavar="2%|1.50", help="distance of a trailing stop, percent or price")
    order.add_argument(
        "--tif", choices=[force.value for force in TimeInForce], default="day",
        help="how long it stays (default: day)",
    )  # fmt: skip
    order.add_argument("--until", metavar="TIME", help="with --tif gtd, e.g. 2026-01-30T21:00:00Z")
    order.add_argument("--post-only", action="store_true", help="a limit order that must not take")
    order.add_argument("--reduce-only", action="store_true", help="refused where it would not reduce")
    _sending(order)


_ORDER_PRICES = {
    "limit": "trade at this price or better; with --stop, from then on",
    "stop": "the price that triggers a stop, stop_limit or take_profit order",
    "activate": "where a trailing stop begins to follow",
    "take-profit": "exit of a buy; or the other side of a sell stop",
    "stop-loss": "exit of a buy",
}


def _replace(replace: argparse.ArgumentParser) -> None:
    replace.add_argument("id", metavar="ID", help="the order's id, as in orders")
    for name, says in (("quantity", "of the whole order"), ("limit", "new limit"), ("stop", "new trigger")):
        replace.add_argument(f"--{name}", metavar="NUMBER", help=says)
    _sending(replace)


def _sending(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--key", help="names your wish: the same key never makes two orders (default: a new one)"
    )
    verb.add_argument("--no-wait", action="store_true", help="do not wait to see it filled or working")
