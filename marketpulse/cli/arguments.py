"""The command line: names, arguments and help."""

import argparse

__all__ = ["parser"]

_EXITS = """\
exit codes:
  0  done
  1  refused, or the order ended denied, rejected or expired (reason on stderr)
  2  the command line was wrong
  3  no desk runs on the data folder
  4  the desk failed or did not answer in time

The desk is found through the data folder (MARKETPULSE_DATA_DIR, default data).
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
    verb("orders", "list all orders, newest first")
    cancel = verb("cancel", "ask for the cancel of a working order")
    cancel.add_argument("id", metavar="ID", help="the order's id, as in orders")
    halt = verb("halt", "stop trading now: every new order is refused until resume")
    halt.add_argument("--why", default="halted from the command line", help="the reason, kept in the ledger")
    resume = verb("resume", "trade again after a halt")
    resume.add_argument("--confirm", metavar="RESUME", help="type RESUME; asked for when left out")
    return top


def _order(order: argparse.ArgumentParser) -> None:
    order.add_argument("side", choices=("buy", "sell"))
    order.add_argument("quantity", metavar="QUANTITY", help="units, e.g. 10 or 0.25")
    order.add_argument("symbol", metavar="SYMBOL", help="AAPL, or a pair as BTC-USDT or BTC/USDT")
    price = order.add_mutually_exclusive_group()
    price.add_argument("--limit", metavar="PRICE", help="trade at this price or better")
    price.add_argument("--stop", metavar="PRICE", help="trade at the market once this price is reached")
    order.add_argument(
        "--tif", choices=("day", "gtc"), default="day", help="how long it stays (default: day)"
    )
    order.add_argument(
        "--key", help="names your wish: the same key never makes two orders (default: a new one)"
    )
    order.add_argument("--no-wait", action="store_true", help="do not wait to see it filled or working")
