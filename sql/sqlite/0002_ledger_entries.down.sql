DROP VIEW ledger_entries;
DROP VIEW ledger_movements;
