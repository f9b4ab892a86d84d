-- Orders, executions, positions, balances and cash.
--
-- What grows with time is partitioned by `at`; ledger.ensure_partitions makes the partitions. Fills refer to orders and
-- instruments without foreign keys: docs/adr/0013-fills-refer-to-orders-without-a-foreign-key.md has the figures.

CREATE TABLE execution.orders (
  book_id                 TEXT COLLATE "C" NOT NULL,
  order_id                UUID NOT NULL,
  account                 TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  client_order_id         TEXT COLLATE "C" NOT NULL,
  venue_order_id          TEXT COLLATE "C",
  symbol                  TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue                   TEXT COLLATE "C" NOT NULL,
  strategy                TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  side                    TEXT COLLATE "C" NOT NULL CHECK (side IN ('buy', 'sell')),
  order_type              TEXT COLLATE "C" NOT NULL CHECK (order_type IN ('market', 'limit', 'stop', 'stop_limit',
                                                                     'trailing_stop')),
  tif                     TEXT COLLATE "C" NOT NULL CHECK (tif IN ('day', 'gtc', 'gtd', 'ioc', 'fok', 'opg', 'cls')),
  post_only               BOOLEAN NOT NULL,
  reduce_only             BOOLEAN NOT NULL,
  quantity                NUMERIC CHECK (quantity >= 0 AND quantity < 'Infinity'),
  limit_price             NUMERIC,
  stop_price              NUMERIC,
  status                  TEXT COLLATE "C" NOT NULL CHECK (status IN (
                            'pending_new', 'new', 'partially_filled', 'filled', 'done_for_day', 'canceled', 'replaced',
                            'pending_cancel', 'stopped', 'rejected', 'suspended', 'expired', 'pending_replace')),
  open                    BOOLEAN NOT NULL,
  origin                  TEXT COLLATE "C" NOT NULL CHECK (origin IN ('intent', 'reported', 'external')),
  filled_quantity         NUMERIC NOT NULL CHECK (filled_quantity >= 0 AND filled_quantity < 'Infinity'),
  average_price           NUMERIC,
  claimed_cum_quantity    NUMERIC CHECK (claimed_cum_quantity >= 0 AND claimed_cum_quantity < 'Infinity'),
  claimed_leaves_quantity NUMERIC CHECK (claimed_leaves_quantity >= 0 AND claimed_leaves_quantity < 'Infinity'),
  overfilled              BOOLEAN NOT NULL,
  reason                  TEXT COLLATE "C",
  metadata                JSONB,
  metadata_source         TEXT COLLATE "C" CHECK (metadata IS NULL OR metadata_source IS NOT NULL),
  created_at              TIMESTAMPTZ NOT NULL,
  updated_at              TIMESTAMPTZ NOT NULL,
  closed_at               TIMESTAMPTZ,
  first_seq               BIGINT NOT NULL CHECK (first_seq > 0),
  last_seq                BIGINT NOT NULL CHECK (last_seq >= first_seq),
  nanos                   INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, order_id)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX orders_client_order_id ON execution.orders (book_id, account, client_order_id);
CREATE INDEX orders_venue_order_id ON execution.orders (book_id, account, venue_order_id)
  WHERE venue_order_id IS NOT NULL;
CREATE INDEX orders_symbol ON execution.orders (book_id, symbol, order_id);
CREATE INDEX orders_open ON execution.orders (book_id, account, symbol) WHERE open;
CREATE INDEX orders_metadata ON execution.orders USING gin (metadata jsonb_path_ops) WHERE metadata IS NOT NULL;
COMMENT ON TABLE execution.orders IS
  'One row for each order, kept current.';
COMMENT ON COLUMN execution.orders.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.orders.order_id IS 'Our id, a version 7 UUID: ids sort by the time of the order.';
COMMENT ON COLUMN execution.orders.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.orders.client_order_id IS 'The name that the caller gave it; unique in the account.';
COMMENT ON COLUMN execution.orders.venue_order_id IS 'The latest name that the broker gave it.';
COMMENT ON COLUMN execution.orders.symbol IS 'The instrument, with venue; ledger.instruments.';
COMMENT ON COLUMN execution.orders.venue IS 'Where the instrument trades.';
COMMENT ON COLUMN execution.orders.strategy IS 'Who wanted it; strategy_engine.strategies. ''unattributed'' when nobody is known.';
COMMENT ON COLUMN execution.orders.side IS 'buy or sell; a quantity has no sign.';
COMMENT ON COLUMN execution.orders.order_type IS 'market, limit, stop, stop_limit, trailing_stop.';
COMMENT ON COLUMN execution.orders.tif IS 'Time in force: day, gtc, gtd, ioc, fok, opg, cls.';
COMMENT ON COLUMN execution.orders.post_only IS 'Whether it may only add liquidity.';
COMMENT ON COLUMN execution.orders.reduce_only IS 'Whether it may only make a position smaller.';
COMMENT ON COLUMN execution.orders.quantity IS 'Quantity ordered, 0 or more; NULL: an external order of unknown size.';
COMMENT ON COLUMN execution.orders.limit_price IS 'Limit; NULL when it has none.';
COMMENT ON COLUMN execution.orders.stop_price IS 'Trigger; NULL when it has none.';
COMMENT ON COLUMN execution.orders.status IS 'FIX OrdStatus, derived from what happened: new, partially_filled, filled, canceled, ...';
COMMENT ON COLUMN execution.orders.open IS 'Whether it may still fill.';
COMMENT ON COLUMN execution.orders.origin IS 'intent: submitted through us; reported: a broker or feed reported it working; external: first seen through a fill or a status.';
COMMENT ON COLUMN execution.orders.filled_quantity IS 'Sum of the effective fills.';
COMMENT ON COLUMN execution.orders.average_price IS 'Average price of the effective fills; NULL before the first.';
COMMENT ON COLUMN execution.orders.claimed_cum_quantity IS 'Filled quantity as the broker claims it.';
COMMENT ON COLUMN execution.orders.claimed_leaves_quantity IS 'Open quantity as the broker claims it.';
COMMENT ON COLUMN execution.orders.overfilled IS 'Whether the fills exceed the quantity: booked all the same, and flagged.';
COMMENT ON COLUMN execution.orders.reason IS 'The last reason given, as of a rejection.';
COMMENT ON COLUMN execution.orders.metadata IS 'Fields of the venue and the caller, for searching with @>. NULL: none, or JSON that PostgreSQL cannot hold.';
COMMENT ON COLUMN execution.orders.metadata_source IS 'The exact text of metadata; what every reader of ours returns.';
COMMENT ON COLUMN execution.orders.created_at IS 'When the order was made. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.orders.updated_at IS 'When it last changed. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.orders.closed_at IS 'When it closed; NULL while open. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.orders.first_seq IS 'The event that made it.';
COMMENT ON COLUMN execution.orders.last_seq IS 'The last event that changed the row.';
COMMENT ON COLUMN execution.orders.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: created_at = nanos % 1000, updated_at = nanos / 1000 % 1000, closed_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX execution.orders_client_order_id IS
  'Serves: one order by account and client_order_id. Refuses a second order of that name.';
COMMENT ON INDEX execution.orders_venue_order_id IS
  'Serves: one order by account and the name that the broker gave it.';
COMMENT ON INDEX execution.orders_symbol IS
  'Serves: the latest orders of a symbol (ORDER BY order_id DESC).';
COMMENT ON INDEX execution.orders_open IS
  'Serves: open orders of a book, an account or a symbol in it, however many are closed.';
COMMENT ON INDEX execution.orders_metadata IS
  'Serves: orders by their metadata (metadata @> ...).';

CREATE TABLE execution.order_events (
  book_id     TEXT COLLATE "C" NOT NULL,
  seq         BIGINT NOT NULL CHECK (seq > 0),
  order_id    UUID NOT NULL,
  event       TEXT COLLATE "C" NOT NULL CHECK (event IN (
                'fill', 'accepted', 'submitted', 'canceled', 'sent', 'pending_new', 'rejected', 'pending_cancel',
                'cancel_rejected', 'pending_replace', 'replace_rejected', 'replaced', 'stopped', 'suspended',
                'done_for_day', 'expired', 'claim', 'in_doubt', 'bust', 'correction')),
  effect      TEXT COLLATE "C" NOT NULL CHECK (effect IN ('apply', 'ignore')),
  status      TEXT COLLATE "C" NOT NULL CHECK (status IN (
                'pending_new', 'new', 'partially_filled', 'filled', 'done_for_day', 'canceled', 'replaced',
                'pending_cancel', 'stopped', 'rejected', 'suspended', 'expired', 'pending_replace')),
  quantity    NUMERIC CHECK (quantity >= 0 AND quantity < 'Infinity'),
  limit_price NUMERIC,
  reason      TEXT COLLATE "C",
  at          TIMESTAMPTZ NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  nanos       INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX order_events_order ON execution.order_events (book_id, order_id);
COMMENT ON TABLE execution.order_events IS
  'Everything that happened to orders, in the order it was recorded. Never changed. Partitioned by at.';
COMMENT ON COLUMN execution.order_events.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.order_events.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN execution.order_events.order_id IS 'Our id of the order, a version 7 UUID: ids sort by the time of the order; execution.orders.';
COMMENT ON COLUMN execution.order_events.event IS 'What happened: submitted, sent, accepted, canceled, replaced, fill, bust, ...; a fixed set of names.';
COMMENT ON COLUMN execution.order_events.effect IS 'apply: it changed the order; ignore: it was kept and changed nothing.';
COMMENT ON COLUMN execution.order_events.status IS 'Status of the order after it.';
COMMENT ON COLUMN execution.order_events.quantity IS 'Quantity it names, 0 or more.';
COMMENT ON COLUMN execution.order_events.limit_price IS 'Limit it names.';
COMMENT ON COLUMN execution.order_events.reason IS 'Reason it gives.';
COMMENT ON COLUMN execution.order_events.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.order_events.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.order_events.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.order_events.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX execution.order_events_order IS
  'Serves: the history of one order.';

CREATE TABLE execution.fills (
  book_id        TEXT COLLATE "C" NOT NULL,
  seq            BIGINT NOT NULL CHECK (seq > 0),
  order_id       UUID NOT NULL,
  account        TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  symbol         TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue          TEXT COLLATE "C" NOT NULL,
  strategy       TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  exec_id        TEXT COLLATE "C" NOT NULL CHECK (exec_id <> ''),
  trade_date     DATE NOT NULL CHECK (trade_date = (at AT TIME ZONE 'UTC')::date),
  side           TEXT COLLATE "C" NOT NULL CHECK (side IN ('buy', 'sell')),
  quantity       NUMERIC NOT NULL CHECK (quantity > 0 AND quantity < 'Infinity'),
  price          NUMERIC NOT NULL,
  fee            NUMERIC NOT NULL,
  fee_asset      TEXT COLLATE "C" NOT NULL,
  liquidity      TEXT COLLATE "C" NOT NULL CHECK (liquidity IN ('unknown', 'maker', 'taker')),
  status         TEXT COLLATE "C" NOT NULL CHECK (status IN ('effective', 'busted', 'corrected')),
  position_delta NUMERIC NOT NULL,
  cash_delta     NUMERIC NOT NULL,
  cost_delta     NUMERIC NOT NULL,
  realized_pnl   NUMERIC NOT NULL,
  settle         TEXT COLLATE "C" NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  received_at    TIMESTAMPTZ NOT NULL,
  recorded_at    TIMESTAMPTZ NOT NULL,
  nanos          INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq, at)
) PARTITION BY RANGE (at);
CREATE INDEX fills_order ON execution.fills (book_id, order_id);
CREATE INDEX fills_symbol ON execution.fills (book_id, symbol, seq);
COMMENT ON TABLE execution.fills IS
  'Executions of our orders. Never changed but for status. Partitioned by at; each partition has a unique index on the identity (book_id, exec_id, account, venue, symbol, side, trade_date), which is exact because trade_date is the UTC day of at.';
COMMENT ON COLUMN execution.fills.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.fills.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN execution.fills.order_id IS 'Our id of the order, a version 7 UUID: ids sort by the time of the order; execution.orders.';
COMMENT ON COLUMN execution.fills.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.fills.symbol IS 'The instrument, with venue; ledger.instruments.';
COMMENT ON COLUMN execution.fills.venue IS 'Where the instrument trades.';
COMMENT ON COLUMN execution.fills.strategy IS 'Who wanted it; strategy_engine.strategies. ''unattributed'' when nobody is known.';
COMMENT ON COLUMN execution.fills.exec_id IS 'The execution as the venue names it.';
COMMENT ON COLUMN execution.fills.trade_date IS 'UTC day of at.';
COMMENT ON COLUMN execution.fills.side IS 'buy or sell; a quantity has no sign.';
COMMENT ON COLUMN execution.fills.quantity IS 'Quantity traded, above 0.';
COMMENT ON COLUMN execution.fills.price IS 'Price of one unit, in the quote currency.';
COMMENT ON COLUMN execution.fills.fee IS 'Fee paid, in fee_asset; negative: a rebate.';
COMMENT ON COLUMN execution.fills.fee_asset IS 'Currency or asset of the fee.';
COMMENT ON COLUMN execution.fills.liquidity IS 'maker, taker or unknown.';
COMMENT ON COLUMN execution.fills.status IS 'effective, busted (cancelled by the venue) or corrected (replaced).';
COMMENT ON COLUMN execution.fills.position_delta IS 'Signed change of the quantity of the position, fees in the base included.';
COMMENT ON COLUMN execution.fills.cash_delta IS 'Signed change of the balance in settle, before the fee.';
COMMENT ON COLUMN execution.fills.cost_delta IS 'Signed change of the cost basis of the position.';
COMMENT ON COLUMN execution.fills.realized_pnl IS 'P&L that it realised, before fees, in settle.';
COMMENT ON COLUMN execution.fills.settle IS 'Currency in which it settles, and in which the amounts of the row are.';
COMMENT ON COLUMN execution.fills.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.fills.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.fills.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.fills.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX execution.fills_order IS
  'Serves: the fills of one order.';
COMMENT ON INDEX execution.fills_symbol IS
  'Serves: the last fills of a symbol (ORDER BY seq DESC); with a span of at, those of the partitions in it.';

CREATE TABLE execution.position_adjustments (
  book_id        TEXT COLLATE "C" NOT NULL,
  seq            BIGINT NOT NULL CHECK (seq > 0),
  kind           TEXT COLLATE "C" NOT NULL CHECK (kind IN ('bust', 'correction', 'split', 'fee')),
  account        TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  symbol         TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue          TEXT COLLATE "C" NOT NULL,
  strategy       TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  fill_seq       BIGINT CHECK (fill_seq > 0),
  exec_id        TEXT COLLATE "C",
  new_exec_id    TEXT COLLATE "C",
  quantity       NUMERIC CHECK (quantity >= 0 AND quantity < 'Infinity'),
  price          NUMERIC,
  fee_id         TEXT COLLATE "C",
  ratio          TEXT COLLATE "C",
  position_delta NUMERIC NOT NULL,
  cash_delta     NUMERIC NOT NULL,
  cost_delta     NUMERIC NOT NULL,
  realized_pnl   NUMERIC NOT NULL,
  settle         TEXT COLLATE "C" NOT NULL,
  fee            NUMERIC NOT NULL,
  fee_asset      TEXT COLLATE "C" NOT NULL,
  at             TIMESTAMPTZ NOT NULL,
  received_at    TIMESTAMPTZ NOT NULL,
  recorded_at    TIMESTAMPTZ NOT NULL,
  nanos          INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq)
);
CREATE INDEX position_adjustments_fill ON execution.position_adjustments (book_id, fill_seq)
  WHERE fill_seq IS NOT NULL;
COMMENT ON TABLE execution.position_adjustments IS
  'Every change of a position that is not a fill: busts, corrections, splits, late fees. Never changed.';
COMMENT ON COLUMN execution.position_adjustments.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.position_adjustments.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN execution.position_adjustments.kind IS 'bust, correction, split or fee.';
COMMENT ON COLUMN execution.position_adjustments.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.position_adjustments.symbol IS 'The instrument, with venue; ledger.instruments.';
COMMENT ON COLUMN execution.position_adjustments.venue IS 'Where the instrument trades.';
COMMENT ON COLUMN execution.position_adjustments.strategy IS 'Who wanted it; strategy_engine.strategies. ''unattributed'' when nobody is known.';
COMMENT ON COLUMN execution.position_adjustments.fill_seq IS 'seq of the fill it is about; NULL for a split.';
COMMENT ON COLUMN execution.position_adjustments.exec_id IS 'exec_id of that fill.';
COMMENT ON COLUMN execution.position_adjustments.new_exec_id IS 'Correction: name of the execution from now on.';
COMMENT ON COLUMN execution.position_adjustments.quantity IS 'Correction: quantity from now on.';
COMMENT ON COLUMN execution.position_adjustments.price IS 'Correction: price from now on.';
COMMENT ON COLUMN execution.position_adjustments.fee_id IS 'Late fee: its name at the venue.';
COMMENT ON COLUMN execution.position_adjustments.ratio IS 'Split: new units per old, as 4/1.';
COMMENT ON COLUMN execution.position_adjustments.position_delta IS 'Signed change of the quantity of the position.';
COMMENT ON COLUMN execution.position_adjustments.cash_delta IS 'Signed change of the balance in settle, before fees.';
COMMENT ON COLUMN execution.position_adjustments.cost_delta IS 'Signed change of the cost basis of the position.';
COMMENT ON COLUMN execution.position_adjustments.realized_pnl IS 'Change of the realised P&L, before fees, in settle.';
COMMENT ON COLUMN execution.position_adjustments.settle IS 'Currency in which it settles, and in which the amounts of the row are.';
COMMENT ON COLUMN execution.position_adjustments.fee IS 'Change of the fees paid; negative gives back.';
COMMENT ON COLUMN execution.position_adjustments.fee_asset IS 'Currency or asset of the fee.';
COMMENT ON COLUMN execution.position_adjustments.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.position_adjustments.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.position_adjustments.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.position_adjustments.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
COMMENT ON INDEX execution.position_adjustments_fill IS
  'Serves: what happened to a fill afterwards.';

CREATE TABLE execution.positions (
  book_id        TEXT COLLATE "C" NOT NULL,
  account        TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  symbol         TEXT COLLATE "C" NOT NULL CHECK (symbol <> ''),
  venue          TEXT COLLATE "C" NOT NULL,
  strategy       TEXT COLLATE "C" NOT NULL CHECK (strategy <> ''),
  quantity       NUMERIC NOT NULL,
  average_price  NUMERIC,
  cost_basis     NUMERIC NOT NULL,
  realized_pnl   NUMERIC NOT NULL,
  fees           NUMERIC NOT NULL,
  settle         TEXT COLLATE "C" NOT NULL,
  mark           NUMERIC,
  market_value   NUMERIC,
  unrealized_pnl NUMERIC,
  last_seq       BIGINT NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, account, symbol, venue, strategy)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX positions_symbol ON execution.positions (book_id, symbol);
COMMENT ON TABLE execution.positions IS
  'What is held: the fold of the effective fills and adjustments of (account, instrument, strategy). The net position of an account is the sum over strategies.';
COMMENT ON COLUMN execution.positions.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.positions.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.positions.symbol IS 'The instrument, with venue; ledger.instruments.';
COMMENT ON COLUMN execution.positions.venue IS 'Where the instrument trades.';
COMMENT ON COLUMN execution.positions.strategy IS 'Who wanted it; strategy_engine.strategies. ''unattributed'' when nobody is known.';
COMMENT ON COLUMN execution.positions.quantity IS 'Held; negative: short.';
COMMENT ON COLUMN execution.positions.average_price IS 'cost_basis per unit; NULL when flat.';
COMMENT ON COLUMN execution.positions.cost_basis IS 'Cost of what is held, in settle; negative for a short.';
COMMENT ON COLUMN execution.positions.realized_pnl IS 'P&L realised so far, before fees, in settle.';
COMMENT ON COLUMN execution.positions.fees IS 'Fees paid so far in settle.';
COMMENT ON COLUMN execution.positions.settle IS 'Currency in which it settles, and in which the amounts of the row are.';
COMMENT ON COLUMN execution.positions.mark IS 'Price it is valued at; NULL before the first mark.';
COMMENT ON COLUMN execution.positions.market_value IS 'Value at the mark, in settle.';
COMMENT ON COLUMN execution.positions.unrealized_pnl IS 'market_value less cost_basis.';
COMMENT ON COLUMN execution.positions.last_seq IS 'The last event that changed the row.';
COMMENT ON INDEX execution.positions_symbol IS
  'Serves: who holds a symbol. Carries no figures: they change with every fill, and an index over them would be written each time.';

CREATE TABLE execution.balances (
  book_id  TEXT COLLATE "C" NOT NULL,
  account  TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  asset    TEXT COLLATE "C" NOT NULL CHECK (asset <> ''),
  amount   NUMERIC NOT NULL,
  last_seq BIGINT NOT NULL CHECK (last_seq > 0),
  PRIMARY KEY (book_id, account, asset)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE execution.balances IS
  'What an account has of each currency or asset. Changed by fills, adjustments and cash movements only.';
COMMENT ON COLUMN execution.balances.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.balances.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.balances.asset IS 'Currency or asset.';
COMMENT ON COLUMN execution.balances.amount IS 'Signed amount, exact.';
COMMENT ON COLUMN execution.balances.last_seq IS 'The last event that changed the row.';

CREATE TABLE execution.cash_movements (
  book_id     TEXT COLLATE "C" NOT NULL,
  seq         BIGINT NOT NULL CHECK (seq > 0),
  account     TEXT COLLATE "C" NOT NULL CHECK (account <> ''),
  kind        TEXT COLLATE "C" NOT NULL CHECK (kind IN ('deposit', 'withdrawal', 'fee', 'funding', 'dividend', 'interest',
                                                   'transfer', 'adjustment', 'realized_pnl')),
  id          TEXT COLLATE "C" NOT NULL CHECK (id <> ''),
  asset       TEXT COLLATE "C" NOT NULL CHECK (asset <> ''),
  amount      NUMERIC NOT NULL,
  symbol      TEXT COLLATE "C",
  venue       TEXT COLLATE "C",
  note        TEXT COLLATE "C",
  at          TIMESTAMPTZ NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  recorded_at TIMESTAMPTZ NOT NULL,
  nanos       INTEGER NOT NULL CHECK (nanos BETWEEN 0 AND 999999999),
  PRIMARY KEY (book_id, seq, at)
) PARTITION BY RANGE (at);
COMMENT ON TABLE execution.cash_movements IS
  'Every change of a balance that is not a fill. Never changed. Partitioned by at; each partition has a unique index on the identity (book_id, account, kind, id). A second payment of that name in another period is refused by the ledger, not by this index.';
COMMENT ON COLUMN execution.cash_movements.book_id IS 'The book the row belongs to; the first column of every key.';
COMMENT ON COLUMN execution.cash_movements.seq IS 'The event in the journal that made the row, from 1: the thread back to the evidence.';
COMMENT ON COLUMN execution.cash_movements.account IS 'Trading account at one broker or venue; ledger.accounts.';
COMMENT ON COLUMN execution.cash_movements.kind IS 'deposit, withdrawal, fee, funding, dividend, interest, transfer, adjustment or realized_pnl.';
COMMENT ON COLUMN execution.cash_movements.id IS 'Name of the payment; unique for account and kind.';
COMMENT ON COLUMN execution.cash_movements.asset IS 'Currency or asset.';
COMMENT ON COLUMN execution.cash_movements.amount IS 'Signed change of the balance.';
COMMENT ON COLUMN execution.cash_movements.symbol IS 'The instrument it is about, as of funding or a dividend.';
COMMENT ON COLUMN execution.cash_movements.venue IS 'Where that instrument trades.';
COMMENT ON COLUMN execution.cash_movements.note IS 'What the source says about it.';
COMMENT ON COLUMN execution.cash_movements.at IS 'When the world says it happened. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.cash_movements.received_at IS 'When it reached us. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.cash_movements.recorded_at IS 'When it was journalled. Rounded down to microseconds; nanos has the rest.';
COMMENT ON COLUMN execution.cash_movements.nanos IS
  'Nanoseconds within the microsecond, three decimal digits for each instant: at = nanos % 1000, received_at = nanos / 1000 % 1000, recorded_at = nanos / 1000000 % 1000.';
