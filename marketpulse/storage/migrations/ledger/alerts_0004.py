"""How bad each alert is, what it is about, and when somebody has seen it, in ``system_alerts``.

The columns that were there keep their names and meaning. The event table is not touched. The severities
of alerts from before they were written down are those of this migration's table, for ever.
"""

from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "ledger_0004"
down_revision: str | None = "ledger_0003"
branch_labels: tuple[str, ...] | None = None
depends_on: str | None = None

_ALERTS = """
CREATE VIEW system_alerts AS
WITH seen AS MATERIALIZED (SELECT ref, min(seq) AS seq, time FROM event WHERE kind = 'ack' GROUP BY ref),
said AS MATERIALIZED (
  SELECT seq, time, account, kind, coalesce(json_extract(payload, '$.code'), upper(kind)) AS code,
    coalesce(json_extract(payload, '$.sentence'), json_extract(payload, '$.why'), 'Trading goes on.') AS sentence,
    ref, json_extract(payload, '$.severity') AS severity, json_extract(payload, '$.ends') AS ends
  FROM event WHERE kind IN ('alert', 'halt', 'resume'))
SELECT s.seq, s.time, s.account, s.kind, s.code, s.sentence, s.ref,
  coalesce(s.severity, CASE
    WHEN s.code IN ('FLATTEN_STUCK', 'OVERFILL', 'STRANGE_FILL', 'ORPHAN') THEN 'critical'
    WHEN s.code IN ('LATE_FILL', 'DAILY_LOSS', 'UNPROTECTED', 'EXIT_FAILED', 'NOT_REPLACED', 'HALT') THEN 'high'
    WHEN s.code IN ('PROTECTED', 'OVER', 'RESUME') THEN 'low'
    ELSE 'medium' END) AS severity,
  a.time AS acknowledged, s.ends
FROM said s LEFT JOIN seen a ON s.kind = 'alert' AND a.ref = CAST(s.seq AS TEXT) ORDER BY s.seq
"""


def upgrade() -> None:
    """Make the view anew."""
    run = op.get_bind().exec_driver_sql
    run("DROP VIEW system_alerts")
    run(_ALERTS.strip())
