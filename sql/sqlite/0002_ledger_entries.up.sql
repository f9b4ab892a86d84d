-- The double-entry view of everything that moved a position or a balance: for every event and asset the amounts sum
-- to zero. docs/schema.md explains the entries; src/store/ledger_entries.cpp is the same definition in C++.

-- What each event moved: one row for each leg of the account's own side, zero legs included.
CREATE VIEW ledger_movements AS
WITH legs (leg) AS (VALUES ('position'), ('cash'), ('base'), ('fee')),
trades AS (
  SELECT book_id, seq, account, symbol, venue, position_delta, cash_delta, settle, fee, fee_asset FROM fills
  UNION ALL
  SELECT book_id, seq, account, symbol, venue, position_delta, cash_delta, settle, fee, fee_asset
  FROM position_adjustments
),
-- base is set here only when a fill exchanges the asset itself; then a fee in it is already inside position_delta.
moves AS (
  SELECT t.*, CASE WHEN i.asset_class IN ('crypto', 'forex') THEN i.base END AS base
  FROM trades AS t LEFT JOIN instruments AS i
    ON i.book_id = t.book_id AND i.symbol = t.symbol AND i.venue = t.venue
)
SELECT book_id, seq, account,
       CASE leg WHEN 'position' THEN symbol || '@' || venue WHEN 'cash' THEN settle WHEN 'base' THEN base
                ELSE fee_asset END AS asset,
       CASE leg WHEN 'position' THEN position_delta WHEN 'cash' THEN cash_delta
                WHEN 'base' THEN iif(base IS NULL, '0', position_delta)
                ELSE CASE WHEN fee_asset IS base OR fee = '0' THEN '0'
                          WHEN fee < '0' THEN substr(fee, 2) ELSE '-' || fee END END AS amount,
       leg AS entry,
       CASE leg WHEN 'fee' THEN 'fees' ELSE 'market' END AS contra
FROM moves CROSS JOIN legs
UNION ALL
SELECT book_id, seq, account, asset, amount, kind, 'external' FROM cash_movements;

CREATE VIEW ledger_entries AS
SELECT book_id, seq, account, asset, amount, entry FROM ledger_movements WHERE amount <> '0'
UNION ALL
SELECT book_id, seq, contra, asset, CASE WHEN amount < '0' THEN substr(amount, 2) ELSE '-' || amount END, entry
FROM ledger_movements WHERE amount <> '0';
