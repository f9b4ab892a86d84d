-- The partitions themselves belong to their tables and stay with them.
DROP FUNCTION ledger.ensure_partition(TEXT, TIMESTAMPTZ);
DROP FUNCTION ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]);
DROP FUNCTION ledger.has_partition(TEXT, TIMESTAMPTZ);
DROP FUNCTION ledger.settle_detached(BIGINT);
DROP VIEW ledger.partitions;
DROP FUNCTION ledger.list_partitions();
DROP TABLE ledger.retired_partitions;
DROP TABLE ledger.partition_rules;
