DROP VIEW execution.ledger_entries;
DROP VIEW execution.ledger_movements;
