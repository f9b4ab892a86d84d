-- Daily P&L, which the writer keeps exact as fills land, and the audit trail.

CREATE TABLE analytics.pnl_daily (
  book_id      TEXT COLLATE "C" NOT NULL,
  day          DATE NOT NULL,
  account      TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  symbol       TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue        TEXT COLLATE "C" NOT NULL,
  strategy     TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  settle       TEXT COLLATE "C" NOT NULL,
  realized_pnl NUMERIC NOT NULL,
  fees         NUMERIC NOT NULL,
  bought       NUMERIC NOT NULL CHECK (bought >= 0 AND bought < 'Infinity'),
  sold         NUMERIC NOT NULL CHECK (sold >= 0 AND sold < 'Infinity'),
  fills        BIGINT NOT NULL CHECK (fills >= 0),
  last_seq     BIGINT NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, day, account, symbol, venue, strategy)
) WITH (fillfactor = 70);
CREATE INDEX pnl_daily_symbol ON analytics.pnl_daily (book_id, symbol, day);
COMMENT ON TABLE analytics.pnl_daily IS
  'P&L of one position on one UTC day of the fills. A bust or correction counts on its own day.';
COMMENT ON COLUMN analytics.pnl_daily.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN analytics.pnl_daily.day IS 'UTC day.';
COMMENT ON COLUMN analytics.pnl_daily.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN analytics.pnl_daily.symbol IS 'The instrument, with venue; ledger.instruments.';
COMMENT ON COLUMN analytics.pnl_daily.venue IS 'Where the instrument trades.';
COMMENT ON COLUMN analytics.pnl_daily.strategy IS 'Who wanted it; strategy_engine.strategies. ''unattributed'' when nobody is known.';
COMMENT ON COLUMN analytics.pnl_daily.settle IS 'Currency in which it settles, and in which the amounts of the row are.';
COMMENT ON COLUMN analytics.pnl_daily.realized_pnl IS 'P&L realised that day, before fees, in settle.';
COMMENT ON COLUMN analytics.pnl_daily.fees IS 'Fees paid that day in settle.';
COMMENT ON COLUMN analytics.pnl_daily.bought IS 'Quantity bought.';
COMMENT ON COLUMN analytics.pnl_daily.sold IS 'Quantity sold.';
COMMENT ON COLUMN analytics.pnl_daily.fills IS 'Number of fills.';
COMMENT ON COLUMN analytics.pnl_daily.last_seq IS 'The last event that changed the row.';
COMMENT ON INDEX analytics.pnl_daily_symbol IS
  'Serves: the P&L of a symbol by day. The key serves: a span of days of the whole book.';

CREATE TABLE logging.audit_log (
  book_id        TEXT COLLATE "C" NOT NULL,
  seq            BIGINT NOT NULL CHECK (seq > 0),
  component      TEXT COLLATE "C" NOT NULL CHECK (component <> ''),
  action         TEXT COLLATE "C" NOT NULL CHECK (action <> ''),
  details        JSONB,
  details_source TEXT COLLATE "C" NOT NULL,
  user_id        TEXT COLLATE "C",
  session_id     TEXT COLLATE "C",
  severity       TEXT COLLATE "C" NOT NULL CHECK (severity IN ('debug', 'info', 'warning', 'error', 'critical')),
  at             TIMESTAMPTZ NOT NULL,
  received_at    TIMESTAMPTZ NOT NULL,
  recorded_at    TIMESTAMPTZ NOT NULL,
  nanos          INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX audit_log_component ON logging.audit_log (book_id, component, seq);
CREATE INDEX audit_log_action ON logging.audit_log (book_id, action, seq);
CREATE INDEX audit_log_severity ON logging.audit_log (book_id, severity, seq)
  WHERE severity IN ('warning', 'error', 'critical');
CREATE INDEX audit_log_details ON logging.audit_log USING gin (details jsonb_path_ops);
COMMENT ON TABLE logging.audit_log IS
  'The audit trail: who did what, besides trading. Journalled like everything else, never changed. Partitioned by at.';
COMMENT ON COLUMN logging.audit_log.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN logging.audit_log.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN logging.audit_log.component IS 'Part of the system that acted, as risk or execution.';
COMMENT ON COLUMN logging.audit_log.action IS 'What it did.';
COMMENT ON COLUMN logging.audit_log.details IS 'The particulars, for searching with @>. NULL: JSON that PostgreSQL cannot hold.';
COMMENT ON COLUMN logging.audit_log.details_source IS 'The exact text of details, a JSON object; what every reader of ours returns.';
COMMENT ON COLUMN logging.audit_log.user_id IS 'Who asked for it; NULL when nobody did.';
COMMENT ON COLUMN logging.audit_log.session_id IS 'In which session.';
COMMENT ON COLUMN logging.audit_log.severity IS 'debug, info, warning, error or critical.';
COMMENT ON COLUMN logging.audit_log.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN logging.audit_log.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN logging.audit_log.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN logging.audit_log.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX logging.audit_log_component IS
  'Serves: the latest actions of a component (ORDER BY seq DESC).';
COMMENT ON INDEX logging.audit_log_action IS
  'Serves: the latest actions of one kind (ORDER BY seq DESC).';
COMMENT ON INDEX logging.audit_log_severity IS
  'Serves: the latest warnings or errors (ORDER BY seq DESC), however many entries are harmless.';
COMMENT ON INDEX logging.audit_log_details IS
  'Serves: entries by their particulars (details @> ...).';
