-- The roles of the ledger and their rights, no more than each needs. Run it again after every `blotter migrate up`:
-- repeating it has no effect but on what is new. Executed by `blotter migrate roles`, in one transaction.
--
--   blotter_reader    reads everything.
--   blotter_writer    what the ledger's own writer does, and nothing else: it adds events and audit entries and can
--                     neither change nor delete them; of a fill it may change the status, of a quarantined record the
--                     state. It makes partitions through ledger.ensure_partitions only.
--   blotter_operator  what the writer may, and deletes (`blotter store rebuild`), keeps the partitions, and reads the
--                     server's statistics (`blotter doctor`). It owns the partitioned tables, because PostgreSQL lets
--                     only an owner attach and detach.
--
-- They belong to the server, not to the database: a member of blotter_writer may write to every ledger of the server
-- that it may connect to. docs/operating/roles.md says how to keep two apart.
--
-- They are groups nobody logs in as. Give a person or a program one of them, and the search_path with which queries
-- need no schema names (PostgreSQL takes such a setting from the user that logs in, not from its groups):
--
--   CREATE ROLE alice LOGIN PASSWORD '…' IN ROLE blotter_reader;
--   ALTER ROLE alice IN DATABASE trading SET search_path = ledger, execution, strategy_engine, analytics, logging;

DO $$
DECLARE
  role RECORD;
BEGIN
  FOR role IN VALUES ('blotter_reader', 'Reads every ledger of this server that gave it the right.'),
                     ('blotter_writer', 'Records: adds evidence, updates what changes, deletes nothing.'),
                     ('blotter_operator', 'Keeps ledgers: partitions, rebuilding, statistics.') LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role.column1) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role.column1);
      EXECUTE format('COMMENT ON ROLE %I IS %L', role.column1, role.column2);
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), role.column1);
  END LOOP;
END
$$;

REVOKE ALL ON SCHEMA ledger, execution, strategy_engine, analytics, logging FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ledger, execution, strategy_engine, analytics, logging FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ledger, execution, strategy_engine, analytics, logging FROM PUBLIC;

GRANT USAGE ON SCHEMA ledger, execution, strategy_engine, analytics, logging
  TO blotter_reader, blotter_writer, blotter_operator;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger, execution, strategy_engine, analytics, logging
  TO blotter_reader, blotter_writer, blotter_operator;
GRANT EXECUTE ON FUNCTION ledger.list_partitions()
  TO blotter_reader, blotter_writer, blotter_operator;

-- Rows that change.
GRANT INSERT, UPDATE ON
  ledger.books, ledger.accounts, ledger.instruments, strategy_engine.strategies, execution.orders, execution.positions,
  execution.balances, analytics.pnl_daily
  TO blotter_writer, blotter_operator;
-- Rows that are evidence.
GRANT INSERT ON
  execution.order_events, execution.fills, execution.position_adjustments, execution.cash_movements, logging.audit_log,
  ledger.quarantine, ledger.refused_rows
  TO blotter_writer, blotter_operator;
GRANT UPDATE (status) ON execution.fills TO blotter_writer, blotter_operator;
GRANT UPDATE (state) ON ledger.quarantine TO blotter_writer, blotter_operator;
-- Of two refused rows with one key the last is kept.
GRANT UPDATE (reason, content) ON ledger.refused_rows TO blotter_writer, blotter_operator;
GRANT EXECUTE ON FUNCTION ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]) TO blotter_writer, blotter_operator;

-- The operator: rebuilding a book, and the partitions.
GRANT DELETE ON
  ledger.accounts, ledger.instruments, ledger.quarantine, ledger.refused_rows, strategy_engine.strategies,
  execution.orders, execution.order_events, execution.fills, execution.position_adjustments, execution.positions,
  execution.balances, execution.cash_movements, analytics.pnl_daily, logging.audit_log
  TO blotter_operator;
GRANT UPDATE (period, retention, ahead) ON ledger.partition_rules TO blotter_operator;
-- A retirement that was recorded by a mistaken rule, and has done nothing yet, is forgotten.
GRANT INSERT, UPDATE, DELETE ON ledger.retired_partitions TO blotter_operator;
GRANT EXECUTE ON FUNCTION ledger.settle_detached(BIGINT) TO blotter_operator;
GRANT CREATE ON SCHEMA execution, logging TO blotter_operator;

DO $$
DECLARE
  each RECORD;
BEGIN
  -- The owner of the schema must stay able to alter what the operator owns now, and its views to read it, whoever runs
  -- this. A superuser is able to as it is, and counts as a member here.
  FOR each IN
    SELECT rolname FROM pg_catalog.pg_roles
    WHERE (rolname = current_user OR oid = (SELECT nspowner FROM pg_catalog.pg_namespace WHERE nspname = 'ledger'))
      AND NOT pg_catalog.pg_has_role(oid, 'blotter_operator', 'MEMBER')
  LOOP
    EXECUTE format('GRANT blotter_operator TO %I', each.rolname);
  END LOOP;
  FOR each IN
    WITH ours AS (
      SELECT format('%I.%I', schema_name, table_name)::regclass AS relation FROM ledger.partition_rules
      UNION ALL
      SELECT relation FROM ledger.list_partitions()
    )
    -- Only those that are not the operator's yet: a change of owner locks out every reader for a moment.
    SELECT relation FROM ours JOIN pg_catalog.pg_class AS c ON c.oid = ours.relation
    WHERE c.relowner <> 'blotter_operator'::regrole
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO blotter_operator', each.relation);
  END LOOP;
  -- What makes partitions acts as their owner. PostgreSQL gives a function only to a role that may make things in its
  -- schema; it keeps it when that right is gone.
  GRANT CREATE ON SCHEMA ledger TO blotter_operator;
  ALTER FUNCTION ledger.ensure_partitions(TEXT, TIMESTAMPTZ[]) OWNER TO blotter_operator;
  REVOKE CREATE ON SCHEMA ledger FROM blotter_operator;
  -- The statistics that `blotter doctor` reads. Only a superuser, or a role with ADMIN on it, may give it.
  BEGIN
    GRANT pg_monitor TO blotter_operator;
  EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'pg_monitor was not granted to blotter_operator: a superuser may do that';
  END;
END
$$;
