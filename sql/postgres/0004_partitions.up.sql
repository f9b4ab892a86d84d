-- Partitions by time: the rule of each table, making partitions, and what was retired.
--
-- A partition is one period in UTC and is named after it: fills_2026_q4, audit_log_2026_11, x_2026_11_21; and
-- fills_2026_q4_2 where the name is taken. There is no DEFAULT partition (with one, every ATTACH would lock and scan
-- it); the writer asks for the partitions of a batch before it lands, so a record of any time lands.

CREATE TABLE ledger.partition_rules (
  table_name  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  schema_name TEXT COLLATE "C" NOT NULL,
  period      TEXT COLLATE "C" NOT NULL CHECK (period IN ('day', 'month', 'quarter')),
  retention   INTERVAL CONSTRAINT retention_makes_sense CHECK (
                retention BETWEEN CASE period WHEN 'quarter' THEN INTERVAL '3 months' WHEN 'month' THEN INTERVAL '1 month'
                                  ELSE INTERVAL '1 day' END AND INTERVAL '1000 years'),
  ahead       INTEGER NOT NULL CHECK (ahead BETWEEN 1 AND 400),
  identity    TEXT[] NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE ledger.partition_rules IS
  'How each table that grows with time is partitioned. `blotter partitions` changes the rules; a changed period holds for new partitions only.';
COMMENT ON COLUMN ledger.partition_rules.table_name IS 'The partitioned table.';
COMMENT ON COLUMN ledger.partition_rules.schema_name IS 'Its schema.';
COMMENT ON COLUMN ledger.partition_rules.period IS 'day, month or quarter, in UTC. Where a new period would overlap existing partitions, the next smaller one that fits is made.';
COMMENT ON COLUMN ledger.partition_rules.retention IS 'A partition whose end is longer ago is retired by `blotter partitions retire`; one period at least and 1000 years at most; NULL: never.';
COMMENT ON COLUMN ledger.partition_rules.ahead IS 'How many periods after the current one `blotter partitions ensure` makes.';
COMMENT ON COLUMN ledger.partition_rules.identity IS 'Columns of the unique index that every partition has besides those of the table; empty: none. For fills it also serves: an execution by its exec_id.';

-- exec_id, the most selective column, comes early in the identity of fills: a comparison of two entries then ends at the
-- second column, which lands a tenth more rows a second, and an execution can be looked up by its name alone.
INSERT INTO ledger.partition_rules (table_name, schema_name, period, retention, ahead, identity) VALUES
  ('fills', 'execution', 'quarter', '7 years', 7,
   '{book_id, exec_id, account, venue, symbol, side, trade_date}'),
  ('order_events', 'execution', 'month', '7 years', 7, '{}'),
  ('cash_movements', 'execution', 'month', '7 years', 7, '{book_id, account, kind, id}'),
  ('audit_log', 'logging', 'month', '2 years', 7, '{}');

CREATE TABLE ledger.retired_partitions (
  retired_id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_name     TEXT COLLATE "C" NOT NULL,
  partition_name TEXT COLLATE "C" NOT NULL,
  from_at        TIMESTAMPTZ NOT NULL,
  to_at          TIMESTAMPTZ NOT NULL CHECK (to_at > from_at),
  state          TEXT COLLATE "C" NOT NULL CHECK (state IN ('detaching', 'detached', 'archived', 'dropped')),
  row_count      BIGINT CHECK (row_count >= 0),
  sha256         TEXT COLLATE "C",
  archive        TEXT COLLATE "C",
  first_seq      BIGINT,
  last_seq       BIGINT,
  started_at     TIMESTAMPTZ NOT NULL DEFAULT now(),
  retired_at     TIMESTAMPTZ,
  CHECK (state IN ('detaching', 'detached') OR (row_count IS NOT NULL AND sha256 IS NOT NULL AND archive IS NOT NULL))
);
CREATE UNIQUE INDEX retired_partitions_under_way ON ledger.retired_partitions (table_name, partition_name)
  WHERE state = 'detaching';
COMMENT ON TABLE ledger.retired_partitions IS
  'Partitions past their retention: detached, written to an archive file, verified, dropped. The state tells `blotter partitions retire` where to go on after a crash, and `blotter verify` which times are not here any more.';
COMMENT ON COLUMN ledger.retired_partitions.retired_id IS 'Number of the retirement; a late record may make a partition anew, which is then retired again.';
COMMENT ON COLUMN ledger.retired_partitions.table_name IS 'The partitioned table.';
COMMENT ON COLUMN ledger.retired_partitions.partition_name IS 'The partition. Once detached it is called NAME_retired_ID until it is dropped.';
COMMENT ON COLUMN ledger.retired_partitions.from_at IS 'First instant of the partition.';
COMMENT ON COLUMN ledger.retired_partitions.to_at IS 'First instant after it.';
COMMENT ON COLUMN ledger.retired_partitions.state IS 'detaching, detached, archived (file written and verified), dropped.';
COMMENT ON COLUMN ledger.retired_partitions.row_count IS 'Rows in the archive file.';
COMMENT ON COLUMN ledger.retired_partitions.sha256 IS 'SHA-256 of the CSV text in the archive file, in hexadecimal.';
COMMENT ON COLUMN ledger.retired_partitions.archive IS 'Path of the archive file, where it was written.';
COMMENT ON COLUMN ledger.retired_partitions.first_seq IS 'Smallest seq in the archive file, of all books; NULL before it is written, and when it has no rows.';
COMMENT ON COLUMN ledger.retired_partitions.last_seq IS 'Greatest seq in it.';
COMMENT ON COLUMN ledger.retired_partitions.started_at IS 'When the retirement began, by the clock of the server.';
COMMENT ON COLUMN ledger.retired_partitions.retired_at IS 'When the partition was dropped, by the clock of the server.';
COMMENT ON INDEX ledger.retired_partitions_under_way IS 'Refuses to retire one partition twice at the same time.';

-- Every partition of the tables in the rules that begins and ends; a DEFAULT one that somebody added has no times to
-- work with. A function, because bounds are read from their text, which is written in the session's TimeZone and
-- DateStyle.
CREATE FUNCTION ledger.list_partitions()
  RETURNS TABLE (table_name TEXT, schema_name TEXT, partition_name TEXT, from_at TIMESTAMPTZ, to_at TIMESTAMPTZ,
                 detach_pending BOOLEAN, relation OID)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD'
AS $$
  SELECT rules.table_name, rules.schema_name, part.relname::text, bound.lower, bound.upper, inherits.inhdetachpending,
         part.oid
  FROM ledger.partition_rules AS rules
  JOIN pg_namespace AS schema ON schema.nspname = rules.schema_name
  JOIN pg_class AS parent ON parent.relnamespace = schema.oid AND parent.relname = rules.table_name
  JOIN pg_inherits AS inherits ON inherits.inhparent = parent.oid
  JOIN pg_class AS part ON part.oid = inherits.inhrelid
  CROSS JOIN LATERAL (SELECT substring(expr FROM $re$FROM \('([^']+)'\)$re$)::timestamptz AS lower,
                             substring(expr FROM $re$TO \('([^']+)'\)$re$)::timestamptz AS upper
                      FROM pg_get_expr(part.relpartbound, part.oid) AS expr) AS bound
  WHERE isfinite(bound.lower) AND isfinite(bound.upper)
$$;
COMMENT ON FUNCTION ledger.list_partitions() IS 'Every partition of the tables in partition_rules that has finite bounds, with them.';

CREATE VIEW ledger.partitions AS
SELECT list.table_name, list.schema_name, list.partition_name, list.from_at, list.to_at, list.detach_pending,
       greatest(part.reltuples, 0)::bigint AS rows_estimate, coalesce(pg_total_relation_size(part.oid), 0) AS bytes
FROM ledger.list_partitions() AS list JOIN pg_catalog.pg_class AS part ON part.oid = list.relation;
COMMENT ON VIEW ledger.partitions IS 'The partitions as they are: SELECT * FROM ledger.partitions ORDER BY table_name, from_at.';
COMMENT ON COLUMN ledger.partitions.table_name IS 'The partitioned table.';
COMMENT ON COLUMN ledger.partitions.schema_name IS 'Its schema.';
COMMENT ON COLUMN ledger.partitions.partition_name IS 'The partition, named after its period in UTC.';
COMMENT ON COLUMN ledger.partitions.from_at IS 'First instant of the partition.';
COMMENT ON COLUMN ledger.partitions.to_at IS 'First instant after it.';
COMMENT ON COLUMN ledger.partitions.detach_pending IS 'Whether a retirement was cut short while detaching; the next one finishes it.';
COMMENT ON COLUMN ledger.partitions.rows_estimate IS 'Rows, as the planner estimates them.';
COMMENT ON COLUMN ledger.partitions.bytes IS 'Size on disk with indexes.';

-- The end of a detachment, whatever was left of it: the partition is a table of its own, called NAME_retired_ID, and
-- its name is free. Waits for queries that still see it in the parent, no longer than lock_timeout.
CREATE FUNCTION ledger.settle_detached(retirement BIGINT) RETURNS TEXT
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
AS $$
DECLARE
  the_schema TEXT;
  the_row ledger.retired_partitions;
  attached BOOLEAN;
  pending BOOLEAN;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('blotter.partitions', 0));
  SELECT * INTO the_row FROM ledger.retired_partitions WHERE retired_id = retirement FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no retirement %', retirement USING ERRCODE = 'no_data_found';
  END IF;
  IF the_row.state = 'detaching' THEN
    SELECT schema_name INTO STRICT the_schema FROM ledger.partition_rules WHERE table_name = the_row.table_name;
    SELECT true, inherits.inhdetachpending INTO attached, pending
    FROM pg_inherits AS inherits
    WHERE inherits.inhrelid = to_regclass(format('%I.%I', the_schema, the_row.partition_name));
    IF attached AND NOT pending THEN
      RAISE EXCEPTION 'partition % is still attached', the_row.partition_name USING ERRCODE = 'object_in_use';
    END IF;
    IF pending THEN
      EXECUTE format('ALTER TABLE %I.%I DETACH PARTITION %I.%I FINALIZE', the_schema, the_row.table_name, the_schema,
                     the_row.partition_name);
    END IF;
    EXECUTE format('ALTER TABLE %I.%I RENAME TO %I', the_schema, the_row.partition_name,
                   the_row.partition_name || '_retired_' || the_row.retired_id);
    EXECUTE format('ALTER INDEX IF EXISTS %I.%I RENAME TO %I', the_schema, the_row.partition_name || '_identity',
                   the_row.partition_name || '_retired_' || the_row.retired_id || '_identity');
    UPDATE ledger.retired_partitions SET state = 'detached' WHERE retired_id = retirement;
  END IF;
  RETURN the_row.partition_name || '_retired_' || the_row.retired_id;
END
$$;
COMMENT ON FUNCTION ledger.settle_detached(BIGINT) IS 'Finishes the detachment of a partition that is being retired and gives its name free; answers what the table is called now. Repeating it has no effect.';

-- Makes the partitions that hold the given instants, and answers how many it made.
--
-- CREATE TABLE … PARTITION OF would lock out every reader of the parent; creating a table and attaching it does not.
-- The new table is empty, so ATTACH has nothing to scan. All who make partitions queue at one advisory lock and look
-- under it, so that two callers make one partition. A wait is ended by lock_timeout (55P03): try again later.
-- Every new partition takes a lock for itself and for each of its indexes until the transaction ends, so one call makes
-- 64 of them at most: call again until it answers 0.
-- SECURITY DEFINER, so that the writer may make partitions without owning the tables.
CREATE FUNCTION ledger.ensure_partitions(of_table TEXT, instants TIMESTAMPTZ[]) RETURNS INTEGER
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET TimeZone = 'UTC' SET DateStyle = 'ISO, YMD' SET lock_timeout = '2s'
AS $$
DECLARE
  rule ledger.partition_rules;
  parent TEXT;
  there TSTZMULTIRANGE;
  leaving TSTZMULTIRANGE;
  instant TIMESTAMPTZ;
  size TEXT;
  period TSTZRANGE;
  part_name TEXT;
  part TEXT;
  cut_short RECORD;
  copies INTEGER;
  made INTEGER := 0;
BEGIN
  SELECT * INTO rule FROM ledger.partition_rules WHERE table_name = of_table;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'table % has no partition rule', of_table USING ERRCODE = 'undefined_table';
  END IF;
  parent := format('%I.%I', rule.schema_name, rule.table_name);
  PERFORM pg_advisory_xact_lock(hashtextextended('blotter.partitions', 0));
  SELECT coalesce(range_agg(tstzrange(from_at, to_at)) FILTER (WHERE NOT detach_pending), '{}'),
         coalesce(range_agg(tstzrange(from_at, to_at)) FILTER (WHERE detach_pending), '{}')
  INTO there, leaving FROM ledger.list_partitions() WHERE table_name = of_table;
  FOR instant IN SELECT DISTINCT date_trunc('day', each) FROM unnest(instants) AS each WHERE NOT each <@ there ORDER BY 1
  LOOP
    EXIT WHEN made = 64;
    CONTINUE WHEN instant <@ there;  -- in one just made
    -- Periods nest, so when an older rule left smaller partitions around, a smaller one always fits: at last a day.
    FOREACH size IN ARRAY ARRAY['quarter', 'month', 'day'] LOOP
      CONTINUE WHEN size = 'quarter' AND rule.period <> 'quarter' OR size = 'month' AND rule.period = 'day';
      period := tstzrange(date_trunc(size, instant), date_trunc(size, instant)
                          + CASE size WHEN 'quarter' THEN INTERVAL '3 months' ELSE ('1 ' || size)::interval END);
      EXIT WHEN NOT period && there;
    END LOOP;
    -- Until a detachment that was cut short is finished, nothing can be attached in its place. One that a person began
    -- is not recorded.
    FOR cut_short IN SELECT retired_id FROM ledger.retired_partitions
                     WHERE table_name = of_table AND state = 'detaching' AND tstzrange(from_at, to_at) && period
                       AND to_regclass(format('%I.%I', rule.schema_name, partition_name)) IS NOT NULL
    LOOP
      PERFORM ledger.settle_detached(cut_short.retired_id);
    END LOOP;
    IF period && leaving THEN
      FOR cut_short IN SELECT format('%I.%I', list.schema_name, list.partition_name) AS name
                       FROM ledger.list_partitions() AS list
                       WHERE list.table_name = of_table AND list.detach_pending
      LOOP
        EXECUTE format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', parent, cut_short.name);
      END LOOP;
    END IF;
    -- What a person detached keeps its name, and its index does, whatever becomes of the table.
    copies := 1;
    LOOP
      part_name := rule.table_name || to_char(lower(period), CASE size WHEN 'quarter' THEN '_YYYY_"q"Q' WHEN 'month'
                                                              THEN '_YYYY_MM' ELSE '_YYYY_MM_DD' END)
                   || CASE WHEN copies > 1 THEN '_' || copies ELSE '' END;
      part := format('%I.%I', rule.schema_name, part_name);
      EXIT WHEN to_regclass(part) IS NULL
            AND to_regclass(format('%I.%I', rule.schema_name, part_name || '_identity')) IS NULL;
      copies := copies + 1;
    END LOOP;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', part, parent);
    EXECUTE format('COMMENT ON TABLE %s IS %L', part,
                   format('Rows of %s from %s until before %s, UTC.', of_table, lower(period)::date, upper(period)::date));
    IF cardinality(rule.identity) > 0 THEN
      EXECUTE format('CREATE UNIQUE INDEX %I ON %s (%s)', part_name || '_identity', part,
                     (SELECT string_agg(quote_ident(name), ', ' ORDER BY place)
                      FROM unnest(rule.identity) WITH ORDINALITY AS columns (name, place)));
      EXECUTE format('COMMENT ON INDEX %I.%I IS %L', rule.schema_name, part_name || '_identity',
                     'Refuses a second row of the same identity, as ledger.partition_rules says it.');
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, part, lower(period),
                   upper(period));
    there := there + tstzmultirange(period);
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]) IS 'Makes the partitions of a table that hold the given instants, where they are missing, 64 at most in one call; answers how many it made. Does not wait for readers; a wait for another maker ends after 2 s (55P03: try again).';

REVOKE ALL ON FUNCTION ledger.list_partitions(), ledger.settle_detached(BIGINT),
  ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]) FROM PUBLIC;
