-- The schemas of the ledger, the cursor of each book and what trades refer to.
--
-- Columns are those of include/blotter/rows.h, in their order. How the values of the rows become columns here:
--   decimals        NUMERIC without a scale: exact, no trailing zeros. NUMERIC knows NaN, which is above every number,
--                   and Infinity; the CHECK of a quantity keeps both out. Signed amounts have no CHECK: those of a fill
--                   would cost a microsecond, a tenth of its landing, and only another writer can have such a value.
--   keys, names     TEXT COLLATE "C": order and equality are those of the bytes, whatever the database's locale.
--   closed sets     TEXT with a CHECK: readable in every client, and a new name is one ALTER.
--   instants        TIMESTAMPTZ holds microseconds, an instant has nanoseconds. TIMESTAMPTZ is the instant rounded down;
--                   the last column of the table, nanos, has three decimal digits for each instant of the row in the
--                   order of the columns, the first one lowest. An instant that is NULL has the digits 000.
--   JSON            two columns: NAME is JSONB, for searching (NULL when PostgreSQL cannot hold it, as with \u0000), and
--                   NAME_source the exact text.
-- Tables whose rows are updated in place leave room in their pages (fillfactor), so that an update that changes no
-- indexed column stays in its page and touches no index.
--
-- Every comment below is in the schema reference, docs/schema-postgres.md, which is made from these files.

CREATE SCHEMA ledger;
CREATE SCHEMA execution;
CREATE SCHEMA strategy_engine;
CREATE SCHEMA analytics;
CREATE SCHEMA logging;
COMMENT ON SCHEMA ledger IS 'Books and their cursors, reference data, what could not be applied, and upkeep of the database itself.';
COMMENT ON SCHEMA execution IS 'Orders, executions, positions, balances and cash: the trading itself.';
COMMENT ON SCHEMA strategy_engine IS 'Strategies, which orders and P&L are attributed to.';
COMMENT ON SCHEMA analytics IS 'Sums that are kept exact as rows land, so that reports need not scan.';
COMMENT ON SCHEMA logging IS 'The audit trail.';

CREATE TABLE ledger.schema_migrations (
  version    INTEGER     NOT NULL PRIMARY KEY CHECK (version > 0),
  name       TEXT        NOT NULL,
  checksum   TEXT        NOT NULL,
  applied_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE ledger.schema_migrations IS
  'Which migrations this database has. A recorded migration whose text is not the one built into the program is refused.';
COMMENT ON COLUMN ledger.schema_migrations.version IS 'Number of the migration, from 1 without gaps.';
COMMENT ON COLUMN ledger.schema_migrations.name IS 'Name of its file.';
COMMENT ON COLUMN ledger.schema_migrations.checksum IS 'XXH3-128 of the text of its up file, in hexadecimal.';
COMMENT ON COLUMN ledger.schema_migrations.applied_at IS 'When it was applied, by the clock of the server.';

CREATE TABLE ledger.books (
  book_id      TEXT COLLATE "C" NOT NULL CHECK (book_id <> ''),
  epoch        BIGINT NOT NULL CHECK (epoch > 0),
  applied_seq  BIGINT NOT NULL CHECK (applied_seq >= 0),
  applied_hash BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (book_id)
) WITH (fillfactor = 50);
COMMENT ON TABLE ledger.books IS
  'The cursor of each book. It moves in the same transaction as the rows of the events it passes, guarded by the epoch: a crash is repaired by going on from here.';
COMMENT ON COLUMN ledger.books.book_id IS 'Name of the book: one journal, one writer.';
COMMENT ON COLUMN ledger.books.epoch IS 'Fencing number of the writer that owns the book. A writer of another epoch changes nothing.';
COMMENT ON COLUMN ledger.books.applied_seq IS 'The last event whose rows are here; 0 before the first.';
COMMENT ON COLUMN ledger.books.applied_hash IS 'XXH3-64 of the bytes of event applied_seq in the journal, its 64 bits read as a signed number; 0 before the first. Tells another journal of the same name from this one.';

CREATE TABLE ledger.accounts (
  book_id       TEXT COLLATE "C" NOT NULL,
  account       TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  base_currency TEXT COLLATE "C" NOT NULL,
  broker        TEXT COLLATE "C" NOT NULL,
  method        TEXT COLLATE "C" NOT NULL CHECK (method IN ('average', 'fifo', 'lifo', 'hifo')),
  mode          TEXT COLLATE "C" NOT NULL CHECK (mode IN ('netting', 'hedging')),
  created_at    TIMESTAMPTZ NOT NULL,
  nanos         INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999),
  PRIMARY KEY (book_id, account)
) WITH (fillfactor = 80);
COMMENT ON TABLE ledger.accounts IS
  'Trading accounts. Registered by a report or on first sight.';
COMMENT ON COLUMN ledger.accounts.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN ledger.accounts.account IS 'Name of the account.';
COMMENT ON COLUMN ledger.accounts.base_currency IS 'Currency in which the account reports.';
COMMENT ON COLUMN ledger.accounts.broker IS 'Broker or venue that keeps the account; may be empty.';
COMMENT ON COLUMN ledger.accounts.method IS 'Accounting method of the cost of positions: average, fifo, lifo, hifo.';
COMMENT ON COLUMN ledger.accounts.mode IS 'netting: long and short offset each other; hedging: they are told apart by strategy.';
COMMENT ON COLUMN ledger.accounts.created_at IS 'When the account was first seen. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.accounts.nanos IS
  'Nanoseconds of created_at within its microsecond, 0 to 999.';

CREATE TABLE ledger.instruments (
  book_id     TEXT COLLATE "C" NOT NULL,
  symbol      TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue       TEXT COLLATE "C" NOT NULL,
  asset_class TEXT COLLATE "C" NOT NULL CHECK (asset_class IN ('equity', 'etf', 'crypto', 'forex', 'future', 'perpetual', 'option',
                                                          'bond', 'other')),
  base        TEXT COLLATE "C",
  quote       TEXT COLLATE "C" NOT NULL,
  settle      TEXT COLLATE "C" NOT NULL,
  multiplier  NUMERIC NOT NULL CHECK (multiplier > 0 AND multiplier < 'Infinity'),
  tick_size   NUMERIC,
  lot_size    NUMERIC,
  inverse     BOOLEAN NOT NULL,
  mark        NUMERIC,
  mark_at     TIMESTAMPTZ,
  created_at  TIMESTAMPTZ NOT NULL,
  nanos       INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999),
  PRIMARY KEY (book_id, symbol, venue)
) WITH (fillfactor = 70);
COMMENT ON TABLE ledger.instruments IS
  'What is traded, with its latest mark. Registered by a report or on first sight.';
COMMENT ON COLUMN ledger.instruments.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN ledger.instruments.symbol IS 'Name of the instrument at its venue.';
COMMENT ON COLUMN ledger.instruments.venue IS 'Where it trades; may be empty.';
COMMENT ON COLUMN ledger.instruments.asset_class IS 'Decides what a fill does to balances: equity, etf, crypto, forex, future, perpetual, option, bond, other.';
COMMENT ON COLUMN ledger.instruments.base IS 'The asset that a pair exchanges; NULL when a trade moves no other asset than cash.';
COMMENT ON COLUMN ledger.instruments.quote IS 'Currency of the price.';
COMMENT ON COLUMN ledger.instruments.settle IS 'Currency in which trades settle.';
COMMENT ON COLUMN ledger.instruments.multiplier IS 'Units of the underlying in one contract; 1 for spot. Above 0.';
COMMENT ON COLUMN ledger.instruments.tick_size IS 'Smallest step of the price; NULL when unknown.';
COMMENT ON COLUMN ledger.instruments.lot_size IS 'Smallest step of the quantity; NULL when unknown.';
COMMENT ON COLUMN ledger.instruments.inverse IS 'Whether the contract settles in what it is a price of: value = quantity * multiplier / price.';
COMMENT ON COLUMN ledger.instruments.mark IS 'Price at which open positions are valued; NULL before the first.';
COMMENT ON COLUMN ledger.instruments.mark_at IS 'When the mark was made. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.instruments.created_at IS 'When the instrument was first seen. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.instruments.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: mark_at = nanos % 1000, created_at = nanos / 1000 % 1000.';

CREATE TABLE ledger.quarantine (
  book_id     TEXT COLLATE "C" NOT NULL,
  seq         BIGINT NOT NULL CHECK (seq > 0),
  reason      TEXT COLLATE "C" NOT NULL CHECK (reason IN ('conflict', 'unknown_order', 'unknown_execution', 'ambiguous',
                                                     'contradiction')),
  state       TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'released')),
  account     TEXT COLLATE "C" NOT NULL,
  identity    TEXT COLLATE "C" NOT NULL,
  detail      TEXT COLLATE "C" NOT NULL,
  content     TEXT COLLATE "C" NOT NULL,
  existing    TEXT COLLATE "C",
  at          TIMESTAMPTZ NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  nanos       INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq)
);
CREATE INDEX quarantine_waiting ON ledger.quarantine (book_id, account) WHERE state = 'waiting';
COMMENT ON TABLE ledger.quarantine IS
  'Records that could not be applied as they stood. Nothing is ever dropped: they wait here, with their evidence.';
COMMENT ON COLUMN ledger.quarantine.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN ledger.quarantine.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN ledger.quarantine.reason IS 'conflict (known identity, other content), unknown_order, unknown_execution (applied when it arrives), ambiguous, contradiction (the state of the order excludes it).';
COMMENT ON COLUMN ledger.quarantine.state IS 'waiting or released.';
COMMENT ON COLUMN ledger.quarantine.account IS 'Account of the record; empty when it does not say.';
COMMENT ON COLUMN ledger.quarantine.identity IS 'What the record claims to be, for people.';
COMMENT ON COLUMN ledger.quarantine.detail IS 'Why it waits, in one line.';
COMMENT ON COLUMN ledger.quarantine.content IS 'The record as it was offered.';
COMMENT ON COLUMN ledger.quarantine.existing IS 'For a conflict: the record that we hold.';
COMMENT ON COLUMN ledger.quarantine.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.quarantine.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.quarantine.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN ledger.quarantine.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX ledger.quarantine_waiting IS
  'Serves: what still waits, by account, however much was released.';

CREATE TABLE ledger.refused_rows (
  book_id    TEXT COLLATE "C" NOT NULL,
  seq        BIGINT NOT NULL CHECK (seq > 0),
  table_name TEXT COLLATE "C" NOT NULL CHECK (table_name <> ''),
  row_key    TEXT COLLATE "C" NOT NULL,
  reason     TEXT COLLATE "C" NOT NULL,
  content    TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (book_id, seq, table_name, row_key)
);
COMMENT ON TABLE ledger.refused_rows IS
  'Rows that the schema refused. The batch they came in landed without them, in the same transaction; verify reports every one.';
COMMENT ON COLUMN ledger.refused_rows.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN ledger.refused_rows.seq IS 'The event that made the row.';
COMMENT ON COLUMN ledger.refused_rows.table_name IS 'The table that refused it.';
COMMENT ON COLUMN ledger.refused_rows.row_key IS 'Its key there, as text.';
COMMENT ON COLUMN ledger.refused_rows.reason IS 'Why, in the words of the database.';
COMMENT ON COLUMN ledger.refused_rows.content IS 'The row as a JSON object of texts.';

CREATE TABLE strategy_engine.strategies (
  book_id    TEXT COLLATE "C" NOT NULL,
  strategy   TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  created_at TIMESTAMPTZ NOT NULL,
  nanos      INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999),
  PRIMARY KEY (book_id, strategy)
);
COMMENT ON TABLE strategy_engine.strategies IS
  'Who wants orders; P&L is attributed to them. Registered on first sight.';
COMMENT ON COLUMN strategy_engine.strategies.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN strategy_engine.strategies.strategy IS 'Name of the strategy. Facts with no known strategy belong to ''unattributed''.';
COMMENT ON COLUMN strategy_engine.strategies.created_at IS 'When it was first seen. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN strategy_engine.strategies.nanos IS
  'Nanoseconds of created_at within its microsecond, 0 to 999.';
