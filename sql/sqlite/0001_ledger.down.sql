-- Drops every table of the ledger. Their content is a projection: `blotter store rebuild` brings it back.
DROP TABLE refused_rows;
DROP TABLE audit_log;
DROP TABLE quarantine;
DROP TABLE pnl_daily;
DROP TABLE cash_movements;
DROP TABLE balances;
DROP TABLE positions;
DROP TABLE position_adjustments;
DROP TABLE fills;
DROP TABLE order_events;
DROP TABLE orders;
DROP TABLE strategies;
DROP TABLE instruments;
DROP TABLE accounts;
DROP TABLE books;
