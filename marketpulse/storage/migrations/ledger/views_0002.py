"""Views for a person with a database browser: orders, fills, positions, executions and alerts.

SQLite has no decimals, and adds text as floats. Here each number's text is cut into whole numbers
of twelve digits (units, and millionths of millionths), which are added as integers and put together
as text again, so that every sum is exact to the last digit. A number with more than twelve digits
before or after the point makes its sum NULL, never a wrong number; an integer that overflows is an
error in SQLite. The event table, its triggers and its hashes are not touched.
"""

from alembic import op

from marketpulse.storage.migrations.digits import B as _B
from marketpulse.storage.migrations.digits import M as _M
from marketpulse.storage.migrations.digits import decimal as _decimal
from marketpulse.storage.migrations.digits import exact_sum as _sum
from marketpulse.storage.migrations.digits import fields_of as _of
from marketpulse.storage.migrations.digits import halves as _halves
from marketpulse.storage.migrations.digits import mantissa as _mantissa
from marketpulse.storage.migrations.digits import money_sums as _money_sums
from marketpulse.storage.migrations.digits import product as _product
from marketpulse.storage.migrations.digits import value_sums as _value_sums
from marketpulse.storage.migrations.digits import whole as _whole

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "ledger_0002"
down_revision: str | None = "ledger_0001"
branch_labels: tuple[str, ...] | None = None
depends_on: str | None = None

_VALUE = _product("d.value_3", "d.value_2", "d.value_1", "d.value_0")
_NUMBERS = ("quantity", "price", "fee")

_DIGITS = f"""
CREATE VIEW v_fill_digits AS
WITH read AS MATERIALIZED (
  SELECT seq, account, ref, json_extract(payload, '$.symbol') AS symbol,
    json_extract(payload, '$.side') AS side,
    {", ".join(f"json_extract(payload, '$.{x}') AS {x}" for x in _NUMBERS)}
  FROM event WHERE kind = 'fill'),
cut AS MATERIALIZED (
  SELECT seq, account, ref, symbol, side, {", ".join(map(_mantissa, _NUMBERS))} FROM read),
put AS MATERIALIZED (
  SELECT seq, account, ref, symbol, side, {", ".join(map(_whole, _NUMBERS))} FROM cut),
halved AS MATERIALIZED (
  SELECT seq, account, ref, symbol, side, {", ".join(map(_halves, _NUMBERS))} FROM put),
six AS MATERIALIZED (
  SELECT *, quantity_units / {_M} AS q3, quantity_units % {_M} AS q2,
    quantity_parts / {_M} AS q1, quantity_parts % {_M} AS q0,
    price_units / {_M} AS p3, price_units % {_M} AS p2, price_parts / {_M} AS p1, price_parts % {_M} AS p0
  FROM halved),
times AS MATERIALIZED (
  SELECT *, q0*p0 AS c0, q1*p0 + q0*p1 AS c1, q2*p0 + q1*p1 + q0*p2 AS c2,
    q3*p0 + q2*p1 + q1*p2 + q0*p3 AS c3, q3*p1 + q2*p2 + q1*p3 AS c4, q3*p2 + q2*p3 AS c5, q3*p3 AS c6
  FROM six),
low AS MATERIALIZED (
  SELECT *, c0 + c1 % {_M} * {_M} AS s0, c2 + c1 / {_M} + c3 % {_M} * {_M} AS s1,
    c4 + c3 / {_M} + c5 % {_M} * {_M} AS s2, c6 + c5 / {_M} AS s3
  FROM times)
SELECT seq, account, ref, symbol, side, quantity_units, quantity_parts, price_units, price_parts,
  fee_units, fee_parts,
  CASE WHEN good THEN s3 + (s2 + (s1 + s0 / {_B}) / {_B}) / {_B} END AS value_3,
  CASE WHEN good THEN (s2 + (s1 + s0 / {_B}) / {_B}) % {_B} END AS value_2,
  CASE WHEN good THEN (s1 + s0 / {_B}) % {_B} END AS value_1,
  CASE WHEN good THEN s0 % {_B} END AS value_0
FROM (SELECT *, min(quantity_units, quantity_parts, price_units, price_parts) >= 0 AS good FROM low)
"""  # noqa: S608  of constants

_FILLS = f"""
CREATE VIEW v_fills AS
SELECT e.seq, {_of("e", "time")}, e.time AS booked, e.account, e.ref AS order_id,
  {_of("e", "client_order_id", "venue", "trade_id", "symbol", "side", "quantity", "price")},
  {_VALUE} AS value, {_of("e", "fee")}, json_extract(e.payload, '$."to"') AS state_after, {_of("e", "note")}
FROM v_fill_digits d JOIN event e ON e.seq = d.seq ORDER BY e.seq
"""  # noqa: S608  of constants

_ORDER_FIELDS = (
    "client_order_id", "symbol", "side", "type", "quantity", "limit_price", "stop_price", "time_in_force",
)  # fmt: skip

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
filled AS MATERIALIZED (
  SELECT ref, count(*) AS fills, {_money_sums("quantity")}, {_money_sums("fee")}, {_value_sums("value")}
  FROM v_fill_digits GROUP BY ref)
SELECT o.seq, o.time AS created, coalesce(m.time, o.time) AS updated, o.account, o.ref AS order_id,
  {_of("o", *_ORDER_FIELDS)},
  CASE o.kind WHEN 'denied' THEN 'denied' ELSE coalesce(m.state, 'new') END AS state,
  coalesce(f.fills, 0) AS fills,
  CASE WHEN f.ref IS NULL THEN '0' ELSE {_decimal("quantity_sum_units", "quantity_sum_parts")} END AS filled,
  CASE WHEN f.ref IS NULL THEN '0' ELSE {_product("f.value_3", "f.value_2", "f.value_1", "f.value_0")} END
    AS value,
  CASE WHEN f.ref IS NULL THEN '0' ELSE {_decimal("fee_sum_units", "fee_sum_parts")} END AS fees,
  CASE WHEN o.kind = 'denied' THEN (SELECT group_concat(json_extract(value, '$.code'), '; ')
      FROM json_each(o.payload, '$.reasons')) WHEN s.state = m.state THEN s.code END AS code,
  CASE WHEN o.kind = 'denied' THEN (SELECT group_concat(json_extract(value, '$.sentence'), ' ')
      FROM json_each(o.payload, '$.reasons')) WHEN s.state = m.state THEN s.sentence END AS sentence,
  p.venue_id
FROM event o LEFT JOIN moved m ON m.ref = o.ref LEFT JOIN said s ON s.ref = o.ref
  LEFT JOIN placed p ON p.ref = o.ref LEFT JOIN filled f ON f.ref = o.ref
WHERE o.kind IN ('order', 'denied') ORDER BY o.seq
"""  # noqa: S608  of constants

_EXECUTIONS = """
CREATE VIEW trade_executions AS
SELECT trade_id, time AS executed_at, symbol, upper(side) AS side, quantity, price, value, fee AS commission,
  venue, account, order_id
FROM v_fills
"""


def _signed(half: str) -> str:
    return f"CASE side WHEN 'buy' THEN quantity_{half} ELSE -quantity_{half} END AS net_{half}"


def _whole_number(expression: str) -> str:
    """Keep an integer; what outgrew sixty-three bits has become a float and is unknown."""
    return f"CASE WHEN typeof({expression}) = 'integer' THEN {expression} END"


# a holding (units u, parts p) times a ratio in millionths r, each cut into six digits: exact, or NULL
_PARTS = (
    f"CASE WHEN h.parts % {_M} * (s.ratio % {_M}) % {_M} = 0 THEN h.parts % {_M} * (s.ratio % {_M}) / {_M} "
    f"+ h.parts % {_M} * (s.ratio / {_M}) + h.parts / {_M} * (s.ratio % {_M}) "
    f"+ (h.parts / {_M} * (s.ratio / {_M}) + h.units % {_M} * (s.ratio % {_M})) % {_M} * {_M} END + CASE WHEN l.account IS NULL THEN 0 ELSE l.parts END"
)
_UNITS = (
    f"(h.parts / {_M} * (s.ratio / {_M}) + h.units % {_M} * (s.ratio % {_M})) / {_M} "
    f"+ h.units % {_M} * (s.ratio / {_M}) + h.units / {_M} * (s.ratio % {_M}) "
    f"+ h.units / {_M} * (s.ratio / {_M}) * {_M} "
    "+ CASE WHEN l.account IS NULL THEN 0 ELSE l.units END"
)

_POSITIONS = f"""
CREATE VIEW v_positions AS
WITH RECURSIVE fills AS MATERIALIZED (
  SELECT *, {_signed("units")}, {_signed("parts")} FROM v_fill_digits),
split_read AS MATERIALIZED (
  SELECT seq, account, json_extract(payload, '$.symbol') AS symbol, json_extract(payload, '$.value') AS ratio
  FROM event WHERE kind = 'action' AND json_extract(payload, '$.kind') = 'split'),
split_cut AS MATERIALIZED (SELECT seq, account, symbol, {_mantissa("ratio")} FROM split_read),
split_put AS MATERIALIZED (SELECT seq, account, symbol, {_whole("ratio")} FROM split_cut),
split AS MATERIALIZED (
  SELECT seq, account, symbol, row_number() OVER (PARTITION BY account, symbol ORDER BY seq) AS number,
    CASE WHEN ratio_units < {_M} AND ratio_parts % {_M} = 0
      THEN ratio_units * {_M} + ratio_parts / {_M} END AS ratio
  FROM (SELECT seq, account, symbol, {_halves("ratio")} FROM split_put)),
legs AS MATERIALIZED ( -- what was traded between two splits
  SELECT account, symbol, number, {_sum("net_units")} AS units, {_sum("net_parts")} AS parts
  FROM (SELECT account, symbol, net_units, net_parts, (SELECT count(*) FROM split s
      WHERE s.account = f.account AND s.symbol = f.symbol AND s.seq < f.seq) AS number FROM fills f)
  GROUP BY account, symbol, number),
traded AS MATERIALIZED (
  SELECT account, symbol, count(*) AS fills, max(seq) AS seq, {_money_sums("fee")},
    {_value_sums("paid", "side = 'buy'")}, {_value_sums("got", "side = 'sell'")}
  FROM fills GROUP BY account, symbol),
held(account, symbol, number, units, parts) AS (
  SELECT t.account, t.symbol, 0, CASE WHEN l.account IS NULL THEN 0 ELSE l.units END,
    CASE WHEN l.account IS NULL THEN 0 ELSE l.parts END
  FROM traded t LEFT JOIN legs l ON l.account = t.account AND l.symbol = t.symbol AND l.number = 0
  UNION ALL
  SELECT h.account, h.symbol, h.number + 1, {_whole_number(_UNITS)}, {_whole_number(_PARTS)}
  FROM held h JOIN split s ON s.account = h.account AND s.symbol = h.symbol AND s.number = h.number + 1
    LEFT JOIN legs l ON l.account = h.account AND l.symbol = h.symbol AND l.number = h.number + 1),
newest AS MATERIALIZED (
  SELECT account, symbol, max(number), {_decimal("units", "parts")} AS quantity
  FROM held GROUP BY account, symbol)
SELECT n.account, n.symbol, n.quantity, t.fills,
  {_product("paid_3", "paid_2", "paid_1", "paid_0")} AS paid,
  {_product("got_3", "got_2", "got_1", "got_0")} AS received,
  {_decimal("fee_sum_units", "fee_sum_parts")} AS fees, e.time AS updated
FROM newest n JOIN traded t ON t.account = n.account AND t.symbol = n.symbol JOIN event e ON e.seq = t.seq
ORDER BY n.account, n.symbol
"""  # noqa: S608  of constants

_ALERTS = """
CREATE VIEW system_alerts AS
SELECT seq, time, account, kind, coalesce(json_extract(payload, '$.code'), upper(kind)) AS code,
  coalesce(json_extract(payload, '$.sentence'), json_extract(payload, '$.why'), 'Trading goes on.') AS sentence,
  ref
FROM event WHERE kind IN ('alert', 'halt', 'resume') ORDER BY seq
"""


def upgrade() -> None:
    """Make the views."""
    for view in (_DIGITS, _FILLS, _ORDERS, _EXECUTIONS, _POSITIONS, _ALERTS):
        op.get_bind().exec_driver_sql(view.strip())
