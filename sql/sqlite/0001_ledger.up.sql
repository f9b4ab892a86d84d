-- The tables of the ledger. docs/schema.md says what each column means and which query each index serves.
--
-- Decimals are canonical decimal text (no exponent, no trailing zeros, '-0' never), so `quantity > '0'` compares the
-- first byte and means "positive": '-' sorts before every digit. Instants are RFC 3339 text of 30 characters, which
-- sorts as time does. Tables whose key grows with time are clustered by it (WITHOUT ROWID). There are no row-by-row
-- foreign keys: they cost more than half of the landing rate, and `blotter verify` proves the same over whole tables.
-- Closed sets are spelled as OR: for an IN list of three or more, SQLite builds a table of the list anew for every row,
-- which made inserting two and a half times slower; of a long list the most frequent names come first. In the condition
-- of an index, OR serves a query of one of its names, too. Every index ends with the key: one that does not name seq is
-- still in the order of seq.

CREATE TABLE books (
  book_id      TEXT    NOT NULL CHECK (book_id <> ''),
  epoch        INTEGER NOT NULL CHECK (epoch > 0),
  applied_seq  INTEGER NOT NULL CHECK (applied_seq >= 0),
  applied_hash INTEGER NOT NULL,
  PRIMARY KEY (book_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE accounts (
  book_id       TEXT NOT NULL,
  account       TEXT NOT NULL CHECK (account <> ''),
  base_currency TEXT NOT NULL,
  broker        TEXT NOT NULL,
  method        TEXT NOT NULL CHECK (method = 'average' OR method = 'fifo' OR method = 'lifo' OR method = 'hifo'),
  mode          TEXT NOT NULL CHECK (mode IN ('netting', 'hedging')),
  created_at    TEXT NOT NULL,
  PRIMARY KEY (book_id, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE instruments (
  book_id     TEXT    NOT NULL,
  symbol      TEXT    NOT NULL CHECK (symbol <> ''),
  venue       TEXT    NOT NULL,
  asset_class TEXT    NOT NULL CHECK (asset_class = 'equity' OR asset_class = 'etf' OR asset_class = 'crypto' OR
                                      asset_class = 'forex' OR asset_class = 'future' OR asset_class = 'perpetual' OR
                                      asset_class = 'option' OR asset_class = 'bond' OR asset_class = 'other'),
  base        TEXT,
  quote       TEXT    NOT NULL,
  settle      TEXT    NOT NULL,
  multiplier  TEXT    NOT NULL CHECK (multiplier > '0'),
  tick_size   TEXT,
  lot_size    TEXT,
  inverse     INTEGER NOT NULL CHECK (inverse IN (0, 1)),
  mark        TEXT,
  mark_at     TEXT,
  created_at  TEXT    NOT NULL,
  PRIMARY KEY (book_id, symbol, venue)
) STRICT, WITHOUT ROWID;

CREATE TABLE strategies (
  book_id    TEXT NOT NULL,
  strategy   TEXT NOT NULL CHECK (strategy <> ''),
  created_at TEXT NOT NULL,
  PRIMARY KEY (book_id, strategy)
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
  book_id                 TEXT    NOT NULL,
  order_id                TEXT    NOT NULL,
  account                 TEXT    NOT NULL CHECK (account <> ''),
  client_order_id         TEXT    NOT NULL,
  venue_order_id          TEXT,
  symbol                  TEXT    NOT NULL CHECK (symbol <> ''),
  venue                   TEXT    NOT NULL,
  strategy                TEXT    NOT NULL CHECK (strategy <> ''),
  side                    TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
  order_type              TEXT    NOT NULL CHECK (order_type = 'market' OR order_type = 'limit' OR
                                                  order_type = 'stop' OR order_type = 'stop_limit' OR
                                                  order_type = 'trailing_stop'),
  tif                     TEXT    NOT NULL CHECK (tif = 'day' OR tif = 'gtc' OR tif = 'gtd' OR tif = 'ioc' OR
                                                  tif = 'fok' OR tif = 'opg' OR tif = 'cls'),
  post_only               INTEGER NOT NULL CHECK (post_only IN (0, 1)),
  reduce_only             INTEGER NOT NULL CHECK (reduce_only IN (0, 1)),
  quantity                TEXT             CHECK (quantity >= '0'),
  limit_price             TEXT,
  stop_price              TEXT,
  status                  TEXT    NOT NULL CHECK (status = 'pending_new' OR status = 'new' OR
                                                  status = 'partially_filled' OR status = 'filled' OR
                                                  status = 'done_for_day' OR status = 'canceled' OR
                                                  status = 'replaced' OR status = 'pending_cancel' OR
                                                  status = 'stopped' OR status = 'rejected' OR status = 'suspended' OR
                                                  status = 'expired' OR status = 'pending_replace'),
  open                    INTEGER NOT NULL CHECK (open IN (0, 1)),
  origin                  TEXT    NOT NULL CHECK (origin = 'intent' OR origin = 'reported' OR origin = 'external'),
  filled_quantity         TEXT    NOT NULL CHECK (filled_quantity >= '0'),
  average_price           TEXT,
  claimed_cum_quantity    TEXT             CHECK (claimed_cum_quantity >= '0'),
  claimed_leaves_quantity TEXT             CHECK (claimed_leaves_quantity >= '0'),
  overfilled              INTEGER NOT NULL CHECK (overfilled IN (0, 1)),
  reason                  TEXT,
  metadata                TEXT,
  created_at              TEXT    NOT NULL,
  updated_at              TEXT    NOT NULL,
  closed_at               TEXT,
  first_seq               INTEGER NOT NULL CHECK (first_seq > 0),
  last_seq                INTEGER NOT NULL CHECK (last_seq >= first_seq),
  PRIMARY KEY (book_id, order_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX orders_client_order_id ON orders (book_id, account, client_order_id);
CREATE INDEX orders_venue_order_id ON orders (book_id, account, venue_order_id) WHERE venue_order_id IS NOT NULL;
CREATE INDEX orders_symbol ON orders (book_id, symbol);
CREATE INDEX orders_open ON orders (book_id, account) WHERE open = 1;

CREATE TABLE order_events (
  book_id     TEXT    NOT NULL,
  seq         INTEGER NOT NULL CHECK (seq > 0),
  order_id    TEXT    NOT NULL,
  event       TEXT    NOT NULL CHECK (event = 'fill' OR event = 'accepted' OR event = 'submitted' OR
                                      event = 'canceled' OR event = 'sent' OR event = 'pending_new' OR
                                      event = 'rejected' OR event = 'pending_cancel' OR event = 'cancel_rejected' OR
                                      event = 'pending_replace' OR event = 'replace_rejected' OR
                                      event = 'replaced' OR event = 'stopped' OR event = 'suspended' OR
                                      event = 'done_for_day' OR event = 'expired' OR event = 'claim' OR
                                      event = 'in_doubt' OR event = 'bust' OR event = 'correction'),
  effect      TEXT    NOT NULL CHECK (effect IN ('apply', 'ignore')),
  status      TEXT    NOT NULL CHECK (status = 'pending_new' OR status = 'new' OR status = 'partially_filled' OR
                                      status = 'filled' OR status = 'done_for_day' OR status = 'canceled' OR
                                      status = 'replaced' OR status = 'pending_cancel' OR status = 'stopped' OR
                                      status = 'rejected' OR status = 'suspended' OR status = 'expired' OR
                                      status = 'pending_replace'),
  quantity    TEXT             CHECK (quantity >= '0'),
  limit_price TEXT,
  reason      TEXT,
  at          TEXT    NOT NULL,
  received_at TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_events_order ON order_events (book_id, order_id);

CREATE TABLE fills (
  book_id        TEXT    NOT NULL,
  seq            INTEGER NOT NULL CHECK (seq > 0),
  order_id       TEXT    NOT NULL,
  account        TEXT    NOT NULL CHECK (account <> ''),
  symbol         TEXT    NOT NULL CHECK (symbol <> ''),
  venue          TEXT    NOT NULL,
  strategy       TEXT    NOT NULL CHECK (strategy <> ''),
  exec_id        TEXT    NOT NULL CHECK (exec_id <> ''),
  trade_date     TEXT    NOT NULL,
  side           TEXT    NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity       TEXT    NOT NULL CHECK (quantity > '0'),
  price          TEXT    NOT NULL,
  fee            TEXT    NOT NULL,
  fee_asset      TEXT    NOT NULL,
  liquidity      TEXT    NOT NULL CHECK (liquidity = 'unknown' OR liquidity = 'maker' OR liquidity = 'taker'),
  status         TEXT    NOT NULL CHECK (status = 'effective' OR status = 'busted' OR status = 'corrected'),
  position_delta TEXT    NOT NULL,
  cash_delta     TEXT    NOT NULL,
  cost_delta     TEXT    NOT NULL,
  realized_pnl   TEXT    NOT NULL,
  settle         TEXT    NOT NULL,
  at             TEXT    NOT NULL,
  received_at    TEXT    NOT NULL,
  recorded_at    TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX fills_identity ON fills (book_id, account, venue, symbol, exec_id, side, trade_date);
CREATE INDEX fills_order ON fills (book_id, order_id);
CREATE INDEX fills_symbol ON fills (book_id, symbol);

CREATE TABLE position_adjustments (
  book_id        TEXT    NOT NULL,
  seq            INTEGER NOT NULL CHECK (seq > 0),
  kind           TEXT    NOT NULL CHECK (kind = 'bust' OR kind = 'correction' OR kind = 'split' OR kind = 'fee'),
  account        TEXT    NOT NULL CHECK (account <> ''),
  symbol         TEXT    NOT NULL CHECK (symbol <> ''),
  venue          TEXT    NOT NULL,
  strategy       TEXT    NOT NULL CHECK (strategy <> ''),
  fill_seq       INTEGER          CHECK (fill_seq > 0),
  exec_id        TEXT,
  new_exec_id    TEXT,
  quantity       TEXT             CHECK (quantity >= '0'),
  price          TEXT,
  fee_id         TEXT,
  ratio          TEXT,
  position_delta TEXT    NOT NULL,
  cash_delta     TEXT    NOT NULL,
  cost_delta     TEXT    NOT NULL,
  realized_pnl   TEXT    NOT NULL,
  settle         TEXT    NOT NULL,
  fee            TEXT    NOT NULL,
  fee_asset      TEXT    NOT NULL,
  at             TEXT    NOT NULL,
  received_at    TEXT    NOT NULL,
  recorded_at    TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX position_adjustments_fill ON position_adjustments (book_id, fill_seq) WHERE fill_seq IS NOT NULL;

CREATE TABLE positions (
  book_id        TEXT    NOT NULL,
  account        TEXT    NOT NULL CHECK (account <> ''),
  symbol         TEXT    NOT NULL CHECK (symbol <> ''),
  venue          TEXT    NOT NULL,
  strategy       TEXT    NOT NULL CHECK (strategy <> ''),
  quantity       TEXT    NOT NULL,
  average_price  TEXT,
  cost_basis     TEXT    NOT NULL,
  realized_pnl   TEXT    NOT NULL,
  fees           TEXT    NOT NULL,
  settle         TEXT    NOT NULL,
  mark           TEXT,
  market_value   TEXT,
  unrealized_pnl TEXT,
  last_seq       INTEGER NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, account, symbol, venue, strategy)
) STRICT, WITHOUT ROWID;
CREATE INDEX positions_symbol ON positions (book_id, symbol);

CREATE TABLE balances (
  book_id  TEXT    NOT NULL,
  account  TEXT    NOT NULL CHECK (account <> ''),
  asset    TEXT    NOT NULL CHECK (asset <> ''),
  amount   TEXT    NOT NULL,
  last_seq INTEGER NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, account, asset)
) STRICT, WITHOUT ROWID;

CREATE TABLE cash_movements (
  book_id     TEXT    NOT NULL,
  seq         INTEGER NOT NULL CHECK (seq > 0),
  account     TEXT    NOT NULL CHECK (account <> ''),
  kind        TEXT    NOT NULL CHECK (kind = 'deposit' OR kind = 'withdrawal' OR kind = 'fee' OR kind = 'funding' OR
                                      kind = 'dividend' OR kind = 'interest' OR kind = 'transfer' OR
                                      kind = 'adjustment' OR kind = 'realized_pnl'),
  id          TEXT    NOT NULL CHECK (id <> ''),
  asset       TEXT    NOT NULL CHECK (asset <> ''),
  amount      TEXT    NOT NULL,
  symbol      TEXT,
  venue       TEXT,
  note        TEXT,
  at          TEXT    NOT NULL,
  received_at TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX cash_movements_identity ON cash_movements (book_id, account, kind, id);

CREATE TABLE pnl_daily (
  book_id      TEXT    NOT NULL,
  day          TEXT    NOT NULL,
  account      TEXT    NOT NULL CHECK (account <> ''),
  symbol       TEXT    NOT NULL CHECK (symbol <> ''),
  venue        TEXT    NOT NULL,
  strategy     TEXT    NOT NULL CHECK (strategy <> ''),
  settle       TEXT    NOT NULL,
  realized_pnl TEXT    NOT NULL,
  fees         TEXT    NOT NULL,
  bought       TEXT    NOT NULL CHECK (bought >= '0'),
  sold         TEXT    NOT NULL CHECK (sold >= '0'),
  fills        INTEGER NOT NULL CHECK (fills >= 0),
  last_seq     INTEGER NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, day, account, symbol, venue, strategy)
) STRICT, WITHOUT ROWID;
CREATE INDEX pnl_daily_symbol ON pnl_daily (book_id, symbol, day);

CREATE TABLE quarantine (
  book_id     TEXT    NOT NULL,
  seq         INTEGER NOT NULL CHECK (seq > 0),
  reason      TEXT    NOT NULL CHECK (reason = 'conflict' OR reason = 'unknown_order' OR
                                      reason = 'unknown_execution' OR reason = 'ambiguous' OR reason = 'contradiction'),
  state       TEXT    NOT NULL CHECK (state IN ('waiting', 'released')),
  account     TEXT    NOT NULL,
  identity    TEXT    NOT NULL,
  detail      TEXT    NOT NULL,
  content     TEXT    NOT NULL,
  existing    TEXT,
  at          TEXT    NOT NULL,
  received_at TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_waiting ON quarantine (book_id, account) WHERE state = 'waiting';

CREATE TABLE audit_log (
  book_id     TEXT    NOT NULL,
  seq         INTEGER NOT NULL CHECK (seq > 0),
  component   TEXT    NOT NULL CHECK (component <> ''),
  action      TEXT    NOT NULL CHECK (action <> ''),
  details     TEXT    NOT NULL,
  user_id     TEXT,
  session_id  TEXT,
  severity    TEXT    NOT NULL CHECK (severity = 'debug' OR severity = 'info' OR severity = 'warning' OR
                                      severity = 'error' OR severity = 'critical'),
  at          TEXT    NOT NULL,
  received_at TEXT    NOT NULL,
  recorded_at TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_component ON audit_log (book_id, component);
CREATE INDEX audit_log_severity ON audit_log (book_id, seq)
  WHERE severity = 'warning' OR severity = 'error' OR severity = 'critical';

CREATE TABLE refused_rows (
  book_id    TEXT    NOT NULL,
  seq        INTEGER NOT NULL CHECK (seq > 0),
  table_name TEXT    NOT NULL CHECK (table_name <> ''),
  row_key    TEXT    NOT NULL,
  reason     TEXT    NOT NULL,
  content    TEXT    NOT NULL,
  PRIMARY KEY (book_id, seq, table_name, row_key)
) STRICT, WITHOUT ROWID;
