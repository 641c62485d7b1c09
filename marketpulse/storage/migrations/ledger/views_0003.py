"""Views that know orders with exits, fees in any currency, units from outside, and cash by currency.

``v_move_digits`` has a row for each thing that moved units: executions and external trades, and beside
them fees that were taken in coins. The views of ``ledger_0002`` are made anew on top of it; those columns
that were there keep their names and meaning. The event table is not touched.
"""

from alembic import op

from marketpulse.storage.migrations.digits import (
    B,
    M,
    decimal,
    exact_sum,
    fields_of,
    halves,
    mantissa,
    money_sums,
    product,
    signed_text,
    value_sums,
    whole,
)

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "ledger_0003"
down_revision: str | None = "ledger_0002"
branch_labels: tuple[str, ...] | None = None
depends_on: str | None = None

_OLD = ("trade_executions", "v_fills", "v_orders", "v_positions", "v_fill_digits")


def _kept_as(account: str, currency: str) -> str:
    """Name the currency that is kept: on paper one USDT is one US dollar."""
    return f"CASE WHEN {account} LIKE 'paper:%' AND {currency} = 'USDT' THEN 'USD' ELSE {currency} END"


def _text(field: str) -> str:
    return f"coalesce(json_extract(payload, '$.{field}'), '')"


_COIN = "CASE WHEN instr(symbol, '/') THEN substr(symbol, 1, instr(symbol, '/') - 1) ELSE symbol END"
_PRICED = "CASE WHEN instr(symbol, '/') THEN substr(symbol, instr(symbol, '/') + 1) ELSE 'USD' END"
_NUMBERS = ("quantity", "price", "fee")
_KEYS = "seq, account, ref, kind, role, symbol, side, currency"

_MOVES = f"""
CREATE VIEW v_move_digits AS
WITH read AS MATERIALIZED (
  SELECT seq, account, ref, 'fill' AS kind, {_text("symbol")} AS symbol, {_text("side")} AS side,
    {_text("quantity")} AS quantity, {_text("price")} AS price, {_text("fee")} AS fee,
    {_text("currency")} AS said, {_text("fee_currency")} AS paid
  FROM event WHERE kind = 'fill'
  UNION ALL
  SELECT seq, account, ref, {_text("kind")}, {_text("symbol")},
    CASE WHEN {_text("quantity")} LIKE '-%' THEN 'sell' ELSE 'buy' END, ltrim({_text("quantity")}, '-'),
    {_text("price")}, CASE {_text("kind")} WHEN 'opening' THEN '0' ELSE {_text("fee")} END,
    {_text("currency")}, {_text("fee_currency")}
  FROM event WHERE kind = 'external' AND {_text("symbol")} <> ''),
priced AS MATERIALIZED (
  SELECT *, CASE WHEN said <> '' THEN said ELSE {_PRICED} END AS quoted, {_COIN} AS coin FROM read),
kept AS MATERIALIZED (
  SELECT *, {_kept_as("account", "quoted")} AS currency, {_kept_as("account", "paid")} AS named FROM priced),
place AS MATERIALIZED ( -- the first instrument of each coin: SQLite takes bare columns from the row of min()
  SELECT account, coin, min(seq) AS since, symbol, currency FROM kept WHERE instr(symbol, '/')
  GROUP BY account, coin),
sorted AS MATERIALIZED (
  SELECT k.*, CASE WHEN k.named IN ('', k.currency) THEN 'own' WHEN k.named = k.coin THEN 'coin'
    WHEN p.symbol IS NULL THEN 'cash' ELSE 'other' END AS way, p.symbol AS place, p.currency AS place_currency
  FROM kept k LEFT JOIN place p ON p.account = k.account AND p.coin = k.named AND p.since < k.seq),
line AS MATERIALIZED (
  SELECT seq, account, ref, kind, 'trade' AS role, symbol, side, currency, quantity, price,
    CASE way WHEN 'own' THEN fee ELSE '0' END AS fee
  FROM sorted
  UNION ALL
  SELECT seq, account, ref, kind, way, CASE way WHEN 'coin' THEN symbol WHEN 'other' THEN place ELSE '' END,
    CASE WHEN fee LIKE '-%' THEN 'buy' ELSE 'sell' END,
    CASE way WHEN 'coin' THEN currency WHEN 'other' THEN place_currency ELSE named END,
    ltrim(fee, '-'), CASE way WHEN 'coin' THEN price ELSE '0' END, '0'
  FROM sorted WHERE way <> 'own'),
cut AS MATERIALIZED (SELECT {_KEYS}, {", ".join(map(mantissa, _NUMBERS))} FROM line),
put AS MATERIALIZED (SELECT {_KEYS}, {", ".join(map(whole, _NUMBERS))} FROM cut),
halved AS MATERIALIZED (SELECT {_KEYS}, {", ".join(map(halves, _NUMBERS))} FROM put),
six AS MATERIALIZED (
  SELECT *, quantity_units / {M} AS q3, quantity_units % {M} AS q2,
    quantity_parts / {M} AS q1, quantity_parts % {M} AS q0,
    price_units / {M} AS p3, price_units % {M} AS p2, price_parts / {M} AS p1, price_parts % {M} AS p0
  FROM halved),
times AS MATERIALIZED (
  SELECT *, q0*p0 AS c0, q1*p0 + q0*p1 AS c1, q2*p0 + q1*p1 + q0*p2 AS c2,
    q3*p0 + q2*p1 + q1*p2 + q0*p3 AS c3, q3*p1 + q2*p2 + q1*p3 AS c4, q3*p2 + q2*p3 AS c5, q3*p3 AS c6
  FROM six),
low AS MATERIALIZED (
  SELECT *, c0 + c1 % {M} * {M} AS s0, c2 + c1 / {M} + c3 % {M} * {M} AS s1,
    c4 + c3 / {M} + c5 % {M} * {M} AS s2, c6 + c5 / {M} AS s3
  FROM times)
SELECT {_KEYS}, quantity_units, quantity_parts, price_units, price_parts, fee_units, fee_parts,
  CASE WHEN good THEN s3 + (s2 + (s1 + s0 / {B}) / {B}) / {B} END AS value_3,
  CASE WHEN good THEN (s2 + (s1 + s0 / {B}) / {B}) % {B} END AS value_2,
  CASE WHEN good THEN (s1 + s0 / {B}) % {B} END AS value_1,
  CASE WHEN good THEN s0 % {B} END AS value_0
FROM (SELECT *, min(quantity_units, quantity_parts, price_units, price_parts) >= 0 AS good FROM low)
"""  # noqa: S608  of constants

_DIGITS = """
CREATE VIEW v_fill_digits AS
SELECT seq, account, ref, symbol, side, quantity_units, quantity_parts, price_units, price_parts,
  fee_units, fee_parts, value_3, value_2, value_1, value_0, currency
FROM v_move_digits WHERE kind = 'fill' AND role = 'trade'
"""

_FILLS = f"""
CREATE VIEW v_fills AS
SELECT e.seq, {fields_of("e", "time")}, e.time AS booked, e.account, e.ref AS order_id,
  {fields_of("e", "client_order_id", "venue", "trade_id", "symbol", "side", "quantity", "price")},
  {product("d.value_3", "d.value_2", "d.value_1", "d.value_0")} AS value, {fields_of("e", "fee")},
  json_extract(e.payload, '$."to"') AS state_after, {fields_of("e", "note")}, d.currency,
  coalesce(json_extract(e.payload, '$.fee_currency'), d.currency) AS fee_currency,
  {fields_of("e", "optimistic", "pessimistic", "maker")}
FROM v_fill_digits d JOIN event e ON e.seq = d.seq ORDER BY e.seq
"""  # noqa: S608  of constants

_EXECUTIONS = """
CREATE VIEW trade_executions AS
SELECT trade_id, time AS executed_at, symbol, upper(side) AS side, quantity, price, value, fee AS commission,
  venue, account, order_id, currency, fee_currency AS commission_currency
FROM v_fills
"""

_ORDER_FIELDS = (
    "client_order_id", "symbol", "side", "type", "quantity", "limit_price", "stop_price", "time_in_force",
)  # fmt: skip
_MORE_FIELDS = (
    "good_till", "trail_amount", "trail_percent", "activation_price", "take_profit_price", "stop_loss_price",
    "parent", "role", "arrival",
)  # fmt: skip


def _fee_limbs() -> str:
    """What each row adds to the fees, in the instrument's currency: its own, or the coin's value."""
    coin = (
        "CASE WHEN role = 'coin' THEN CASE side WHEN 'sell' THEN value_{0} ELSE -value_{0} END ELSE {1} END"
    )
    return ", ".join(
        f"{coin.format(i, own)} AS owed_{i}"
        for i, own in ((3, "0"), (2, "fee_units"), (1, "fee_parts"), (0, "0"))
    )


def _limb_sums(name: str) -> str:
    return ", ".join(f"{exact_sum(f'{name}_{i}')} AS x_{i}" for i in range(4))


_ORDERS = f"""
CREATE VIEW v_orders AS
WITH moved AS MATERIALIZED ( -- the newest row of each: SQLite takes bare columns from the row of max()
  SELECT ref, max(seq) AS seq, time, json_extract(payload, '$."to"') AS state
  FROM event WHERE kind IN ('state', 'fill') GROUP BY ref),
said AS MATERIALIZED (
  SELECT ref, max(seq) AS seq, json_extract(payload, '$."to"') AS state,
    nullif(json_extract(payload, '$.code'), '') AS code,
    nullif(json_extract(payload, '$.sentence'), '') AS sentence
  FROM event WHERE kind = 'state' GROUP BY ref),
placed AS MATERIALIZED (
  SELECT ref, max(seq) AS seq, json_extract(payload, '$.venue_id') AS venue_id
  FROM event WHERE kind = 'state' AND json_extract(payload, '$.venue_id') <> '' GROUP BY ref),
move AS MATERIALIZED (SELECT *, {_fee_limbs()} FROM v_move_digits WHERE kind = 'fill'),
filled AS MATERIALIZED (
  SELECT ref, count(*) AS fills, {money_sums("quantity")}, {value_sums("value")}
  FROM move WHERE role = 'trade' GROUP BY ref),
owed AS MATERIALIZED (SELECT ref, {_limb_sums("owed")} FROM move WHERE role IN ('trade', 'coin') GROUP BY ref),
{signed_text("owed", "ref")}
SELECT o.seq, o.time AS created, coalesce(m.time, o.time) AS updated, o.account, o.ref AS order_id,
  {fields_of("o", *_ORDER_FIELDS)},
  CASE o.kind WHEN 'denied' THEN 'denied' ELSE coalesce(m.state, 'new') END AS state,
  coalesce(f.fills, 0) AS fills,
  CASE WHEN f.ref IS NULL THEN '0' ELSE {decimal("quantity_sum_units", "quantity_sum_parts")} END AS filled,
  CASE WHEN f.ref IS NULL THEN '0' ELSE {product("f.value_3", "f.value_2", "f.value_1", "f.value_0")} END
    AS value,
  CASE WHEN t.ref IS NULL THEN '0' ELSE t.amount END AS fees,
  CASE WHEN o.kind = 'denied' THEN (SELECT group_concat(json_extract(value, '$.code'), '; ')
      FROM json_each(o.payload, '$.reasons')) WHEN s.state = m.state THEN s.code END AS code,
  CASE WHEN o.kind = 'denied' THEN (SELECT group_concat(json_extract(value, '$.sentence'), ' ')
      FROM json_each(o.payload, '$.reasons')) WHEN s.state = m.state THEN s.sentence END AS sentence,
  p.venue_id, {fields_of("o", *_MORE_FIELDS)},
  coalesce(json_extract(o.payload, '$.reduce_only'), 0) AS reduce_only,
  coalesce(json_extract(o.payload, '$.post_only'), 0) AS post_only
FROM event o LEFT JOIN moved m ON m.ref = o.ref LEFT JOIN said s ON s.ref = o.ref
  LEFT JOIN placed p ON p.ref = o.ref LEFT JOIN filled f ON f.ref = o.ref LEFT JOIN text_owed t ON t.ref = o.ref
WHERE o.kind IN ('order', 'denied') ORDER BY o.seq
"""  # noqa: S608  of constants


def _signed(half: str) -> str:
    return f"CASE side WHEN 'buy' THEN quantity_{half} ELSE -quantity_{half} END AS net_{half}"


def _whole_number(expression: str) -> str:
    """Keep an integer; what outgrew sixty-three bits has become a float and is unknown."""
    return f"CASE WHEN typeof({expression}) = 'integer' THEN {expression} END"


# a holding (units u, parts p) times a ratio in millionths r, each cut into six digits: exact, or NULL
_PARTS = (
    f"CASE WHEN h.parts % {M} * (s.ratio % {M}) % {M} = 0 THEN h.parts % {M} * (s.ratio % {M}) / {M} "
    f"+ h.parts % {M} * (s.ratio / {M}) + h.parts / {M} * (s.ratio % {M}) "
    f"+ (h.parts / {M} * (s.ratio / {M}) + h.units % {M} * (s.ratio % {M})) % {M} * {M} END "
    "+ CASE WHEN l.account IS NULL THEN 0 ELSE l.parts END"
)
_UNITS = (
    f"(h.parts / {M} * (s.ratio / {M}) + h.units % {M} * (s.ratio % {M})) / {M} "
    f"+ h.units % {M} * (s.ratio / {M}) + h.units / {M} * (s.ratio % {M}) "
    f"+ h.units / {M} * (s.ratio / {M}) * {M} + CASE WHEN l.account IS NULL THEN 0 ELSE l.units END"
)
_BOUGHT, _SOLD = (f"role = 'trade' AND kind <> 'opening' AND side = '{side}'" for side in ("buy", "sell"))
_PUT_IN = ", ".join(
    f"CASE WHEN role = 'trade' AND kind = 'opening' THEN CASE side WHEN 'buy' THEN value_{i} ELSE -value_{i} END "
    f"ELSE 0 END AS put_{i}"
    for i in range(4)
)

_POSITIONS = f"""
CREATE VIEW v_positions AS
WITH RECURSIVE move AS MATERIALIZED (
  SELECT *, {_signed("units")}, {_signed("parts")}, {_fee_limbs()}, {_PUT_IN}
  FROM v_move_digits WHERE role <> 'cash'),
split_read AS MATERIALIZED (
  SELECT seq, account, json_extract(payload, '$.symbol') AS symbol, json_extract(payload, '$.value') AS ratio
  FROM event WHERE kind = 'action' AND json_extract(payload, '$.kind') = 'split'),
split_cut AS MATERIALIZED (SELECT seq, account, symbol, {mantissa("ratio")} FROM split_read),
split_put AS MATERIALIZED (SELECT seq, account, symbol, {whole("ratio")} FROM split_cut),
split AS MATERIALIZED (
  SELECT seq, account, symbol, row_number() OVER (PARTITION BY account, symbol ORDER BY seq) AS number,
    CASE WHEN ratio_units < {M} AND ratio_parts % {M} = 0
      THEN ratio_units * {M} + ratio_parts / {M} END AS ratio
  FROM (SELECT seq, account, symbol, {halves("ratio")} FROM split_put)),
legs AS MATERIALIZED ( -- what moved between two splits
  SELECT account, symbol, number, {exact_sum("net_units")} AS units, {exact_sum("net_parts")} AS parts
  FROM (SELECT account, symbol, net_units, net_parts, (SELECT count(*) FROM split s
      WHERE s.account = f.account AND s.symbol = f.symbol AND s.seq < f.seq) AS number FROM move f)
  GROUP BY account, symbol, number),
traded AS MATERIALIZED (
  SELECT account, symbol, count(CASE WHEN kind = 'fill' AND role = 'trade' THEN 1 END) AS fills,
    count(CASE WHEN kind <> 'fill' AND role = 'trade' THEN 1 END) AS externals, max(seq) AS seq, currency,
    {value_sums("paid", _BOUGHT)}, {value_sums("got", _SOLD)}
  FROM move GROUP BY account, symbol),
owed AS MATERIALIZED (SELECT account, symbol, {_limb_sums("owed")} FROM move GROUP BY account, symbol),
{signed_text("owed", "account, symbol")},
put AS MATERIALIZED (SELECT account, symbol, {_limb_sums("put")} FROM move GROUP BY account, symbol),
{signed_text("put", "account, symbol")},
held(account, symbol, number, units, parts) AS (
  SELECT t.account, t.symbol, 0, CASE WHEN l.account IS NULL THEN 0 ELSE l.units END,
    CASE WHEN l.account IS NULL THEN 0 ELSE l.parts END
  FROM traded t LEFT JOIN legs l ON l.account = t.account AND l.symbol = t.symbol AND l.number = 0
  UNION ALL
  SELECT h.account, h.symbol, h.number + 1, {_whole_number(_UNITS)}, {_whole_number(_PARTS)}
  FROM held h JOIN split s ON s.account = h.account AND s.symbol = h.symbol AND s.number = h.number + 1
    LEFT JOIN legs l ON l.account = h.account AND l.symbol = h.symbol AND l.number = h.number + 1),
newest AS MATERIALIZED (
  SELECT account, symbol, max(number), {decimal("units", "parts")} AS quantity
  FROM held GROUP BY account, symbol)
SELECT n.account, n.symbol, n.quantity, t.fills,
  {product("paid_3", "paid_2", "paid_1", "paid_0")} AS paid,
  {product("got_3", "got_2", "got_1", "got_0")} AS received,
  o.amount AS fees, e.time AS updated, t.currency, t.externals, p.amount AS put_in
FROM newest n JOIN traded t ON t.account = n.account AND t.symbol = n.symbol JOIN event e ON e.seq = t.seq
  JOIN text_owed o ON o.account = n.account AND o.symbol = n.symbol
  JOIN text_put p ON p.account = n.account AND p.symbol = n.symbol
ORDER BY n.account, n.symbol
"""  # noqa: S608  of constants

_ALONE = f"({_text('kind')} = 'opening' OR {_text('symbol')} = '')"
_CASH_OF = f"""
  SELECT seq, account, {_text("currency")} AS named, {_text("amount")} AS amount, 1 AS sign
  FROM event WHERE kind = 'cash'
  UNION ALL
  SELECT seq, account, CASE WHEN {_text("currency")} <> '' THEN {_text("currency")}
      WHEN instr({_text("symbol")}, '/') THEN substr({_text("symbol")}, instr({_text("symbol")}, '/') + 1)
      ELSE 'USD' END, {_text("cash")}, 1
  FROM event WHERE kind = 'external'
  UNION ALL
  SELECT seq, account, CASE WHEN {_text("fee_currency")} <> '' THEN {_text("fee_currency")}
      WHEN {_text("currency")} <> '' THEN {_text("currency")}
      WHEN instr({_text("symbol")}, '/') THEN substr({_text("symbol")}, instr({_text("symbol")}, '/') + 1)
      ELSE 'USD' END, {_text("fee")}, -1
  FROM event WHERE kind = 'external' AND {_ALONE}
  UNION ALL
  SELECT seq, account, {_text("currency")}, {_text("cash")}, 1
  FROM event WHERE kind = 'action' AND {_text("kind")} = 'dividend' AND {_text("cash")} <> ''"""  # noqa: S608  of constants


def _cash_limbs() -> str:
    """What each row of moves adds to the cash."""
    value = "CASE side WHEN 'sell' THEN value_{0} ELSE -value_{0} END"
    return ", ".join(
        f"CASE WHEN role = 'cash' THEN {coins} WHEN kind = 'opening' THEN 0 - {fee} "
        f"ELSE {value.format(i)} - {fee} END AS part_{i}"
        for i, coins, fee in (
            (3, "0", "0"),
            (2, "CASE side WHEN 'buy' THEN quantity_units ELSE -quantity_units END", "fee_units"),
            (1, "CASE side WHEN 'buy' THEN quantity_parts ELSE -quantity_parts END", "fee_parts"),
            (0, "0", "0"),
        )
    )


_BALANCES = f"""
CREATE VIEW v_balances AS
WITH read AS MATERIALIZED ({_CASH_OF}),
cut AS MATERIALIZED (SELECT account, named, sign, {mantissa("amount")} FROM read),
put AS MATERIALIZED (SELECT account, named, sign, {whole("amount")} FROM cut),
halved AS MATERIALIZED (SELECT account, named, sign, {halves("amount")} FROM put),
part AS MATERIALIZED (
  SELECT account, {_kept_as("account", "named")} AS currency, 0 AS part_3, sign * amount_units AS part_2,
    sign * amount_parts AS part_1, 0 AS part_0
  FROM halved
  UNION ALL
  SELECT account, currency, {", ".join(f"part_{i}" for i in (3, 2, 1, 0))}
  FROM (SELECT account, currency, {_cash_limbs()} FROM v_move_digits WHERE role IN ('trade', 'cash'))),
total AS MATERIALIZED (SELECT account, currency, {_limb_sums("part")} FROM part GROUP BY account, currency),
{signed_text("total", "account, currency")}
SELECT account, currency, amount FROM text_total ORDER BY account, currency
"""  # noqa: S608  of constants


def upgrade() -> None:
    """Make the views anew."""
    run = op.get_bind().exec_driver_sql
    for name in _OLD:
        run(f"DROP VIEW {name}")
    for view in (_MOVES, _DIGITS, _FILLS, _ORDERS, _EXECUTIONS, _POSITIONS, _BALANCES):
        run(view.strip())
