-- The partitions themselves belong to their tables and stay with them. Not so one on its way to an archive: only the
-- record knows that it is there.
LOCK TABLE ledger.retired_partitions IN ACCESS EXCLUSIVE MODE;
DO $$
DECLARE
  under_way TEXT;
BEGIN
  SELECT string_agg(partition_name, ', ' ORDER BY retired_id) INTO under_way
  FROM ledger.retired_partitions WHERE state <> 'dropped';
  IF under_way IS NOT NULL THEN
    RAISE EXCEPTION 'these partitions are being retired, and nothing would know of them any more: %; finish that with `blotter migrate up` and `blotter partitions retire --yes`, then undo migrations',
      under_way;
  END IF;
END
$$;
DROP FUNCTION ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]);
DROP FUNCTION ledger.settle_detached(BIGINT);
DROP VIEW ledger.partitions;
DROP FUNCTION ledger.list_partitions();
DROP TABLE ledger.retired_partitions;
DROP TABLE ledger.partition_rules;
