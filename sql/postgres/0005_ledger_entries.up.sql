-- The double-entry view of everything that moved a position or a balance: for every event and asset the amounts sum
-- to zero. docs/schema.md explains the entries; src/store/ledger_entries.cpp is the same definition in C++.

CREATE VIEW execution.ledger_movements AS
WITH legs (leg) AS (VALUES ('position'), ('cash'), ('base'), ('fee')),
trades AS (
  SELECT book_id, seq, account, symbol, venue, position_delta, cash_delta, settle, fee, fee_asset FROM execution.fills
  UNION ALL
  SELECT book_id, seq, account, symbol, venue, position_delta, cash_delta, settle, fee, fee_asset
  FROM execution.position_adjustments
),
-- base is set here only when a fill exchanges the asset itself; then a fee in it is already inside position_delta.
moves AS (
  SELECT t.*, CASE WHEN i.asset_class IN ('crypto', 'forex') THEN i.base END AS base
  FROM trades AS t LEFT JOIN ledger.instruments AS i
    ON i.book_id = t.book_id AND i.symbol = t.symbol AND i.venue = t.venue
)
SELECT book_id, seq, account,
       CASE leg WHEN 'position' THEN symbol || '@' || venue WHEN 'cash' THEN settle WHEN 'base' THEN base
                ELSE fee_asset END AS asset,
       CASE leg WHEN 'position' THEN position_delta WHEN 'cash' THEN cash_delta
                WHEN 'base' THEN CASE WHEN base IS NULL THEN 0 ELSE position_delta END
                ELSE CASE WHEN fee_asset IS NOT DISTINCT FROM base THEN 0 ELSE -fee END END AS amount,
       leg COLLATE "C" AS entry,
       (CASE leg WHEN 'fee' THEN 'fees' ELSE 'market' END) COLLATE "C" AS contra
FROM moves CROSS JOIN legs
UNION ALL
SELECT book_id, seq, account, asset, amount, kind, 'external' FROM execution.cash_movements;
COMMENT ON VIEW execution.ledger_movements IS 'What each event moved: one row for each leg of the side of the account, legs of zero included.';
COMMENT ON COLUMN execution.ledger_movements.book_id IS 'The book.';
COMMENT ON COLUMN execution.ledger_movements.seq IS 'The event in the journal.';
COMMENT ON COLUMN execution.ledger_movements.account IS 'The trading account.';
COMMENT ON COLUMN execution.ledger_movements.asset IS 'A currency, or symbol@venue for a position.';
COMMENT ON COLUMN execution.ledger_movements.amount IS 'Signed amount.';
COMMENT ON COLUMN execution.ledger_movements.entry IS 'position, cash, base, fee, or the kind of the cash movement.';
COMMENT ON COLUMN execution.ledger_movements.contra IS 'The other side: market, fees or external.';

CREATE VIEW execution.ledger_entries AS
SELECT book_id, seq, account, asset, amount, entry FROM execution.ledger_movements WHERE amount <> 0
UNION ALL
SELECT book_id, seq, contra, asset, -amount, entry FROM execution.ledger_movements WHERE amount <> 0;
COMMENT ON VIEW execution.ledger_entries IS
  'The double-entry account of everything that moved a position or a balance: every movement and its opposite, so that for every seq and asset the amounts sum to zero.';
COMMENT ON COLUMN execution.ledger_entries.book_id IS 'The book.';
COMMENT ON COLUMN execution.ledger_entries.seq IS 'The event in the journal.';
COMMENT ON COLUMN execution.ledger_entries.account IS 'The trading account, or market, fees or external for the other side.';
COMMENT ON COLUMN execution.ledger_entries.asset IS 'A currency, or symbol@venue for a position.';
COMMENT ON COLUMN execution.ledger_entries.amount IS 'Signed amount, never 0.';
COMMENT ON COLUMN execution.ledger_entries.entry IS 'position, cash, base, fee, or the kind of the cash movement.';
