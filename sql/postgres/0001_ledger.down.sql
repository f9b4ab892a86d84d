-- Drops what the ledger's first migration made; a schema that holds something of somebody else's stays, with an error.
DROP TABLE strategy_engine.strategies;
DROP TABLE ledger.refused_rows;
DROP TABLE ledger.quarantine;
DROP TABLE ledger.instruments;
DROP TABLE ledger.accounts;
DROP TABLE ledger.books;
DROP TABLE ledger.schema_migrations;
DROP SCHEMA logging;
DROP SCHEMA analytics;
DROP SCHEMA strategy_engine;
DROP SCHEMA execution;
DROP SCHEMA ledger;
