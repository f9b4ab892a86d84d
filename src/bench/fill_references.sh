#!/bin/sh
# Measures what it costs to check that every fill has its order while rows land: nothing, a foreign key, or one check
# a statement over its transition table. docs/adr/0013-fills-refer-to-orders-without-a-foreign-key.md has the figures.
#
# usage: fill_references.sh [RUNS]
# VARIANTS in the environment chooses among: none statement key exec_late unchecked.
# Starts a PostgreSQL of its own below a temporary directory and removes it. Each run lands the same 500,000 orders and
# 500,000 fills by binary COPY from files on the server, 20,000 of each a transaction, into tables made from
# sql/postgres. Prints rows/s of each run and each variant.
set -eu
runs=${1:-5}
sql=$(cd "$(dirname "$0")/../../sql/postgres" && pwd)
bin=$(dirname "$(find /usr/lib/postgresql -name initdb | sort -V | tail -n 1)")
dir=$(mktemp -d)
as_server() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }
stop() { as_server "$bin/pg_ctl -D $dir/data -m immediate stop >$dir/log.stop 2>&1" || true; rm -rf "$dir"; }
trap stop EXIT
chmod 777 "$dir"
as_server "$bin/initdb -D $dir/data -A trust -U postgres --locale=C.UTF-8 -N >$dir/log.initdb && cat >>$dir/data/postgresql.conf <<C
listen_addresses=''
unix_socket_directories='$dir'
shared_buffers=256MB
max_wal_size=4GB
autovacuum=off
C
$bin/pg_ctl -D $dir/data -l $dir/log -w start >$dir/log.start"
psql="psql -X -q -t -A -v ON_ERROR_STOP=1 -h $dir -U postgres"

$psql -d postgres -c "CREATE DATABASE made"
for file in "$sql"/*.up.sql; do $psql -d made -1 -f "$file"; done
$psql -d made <<C
CREATE FUNCTION id(n BIGINT) RETURNS UUID LANGUAGE sql IMMUTABLE AS \$\$
  SELECT (lpad(to_hex(1790000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid \$\$;
DO \$\$ BEGIN FOR chunk IN 0..24 LOOP
  EXECUTE format('COPY (SELECT ''main'' AS b, id(n), ''acc'' || mod(n, 4), ''client-'' || n, ''V'' || n, ''SYM'' || mod(n, 50), ''VENUE'', ''s'' || mod(n, 5), ''buy'', ''limit'', ''gtc'','
    ' false, false, 10.5::numeric, 100.25::numeric, NULL::numeric, ''filled'', false, ''intent'', 10.5::numeric, 100.25::numeric, NULL::numeric, NULL::numeric, false, NULL::text, NULL::jsonb, NULL::text,'
    ' t, t, t, 4 * n, 4 * n + 3, 0 FROM (SELECT n::bigint, ''2026-10-01Z''::timestamptz + n * interval ''1 s'' AS t FROM generate_series(%1\$s * 20000 + 1, %1\$s * 20000 + 20000) n) x) TO ''$dir/orders%1\$s'' (FORMAT binary)', chunk);
  EXECUTE format('COPY (SELECT ''main'' AS b, 4 * n + 3, id(n), ''acc'' || mod(n, 4), ''SYM'' || mod(n, 50), ''VENUE'', ''s'' || mod(n, 5), (7000000 + n)::text, (t AT TIME ZONE ''UTC'')::date, ''buy'','
    ' 10.5::numeric, (100 + mod(n, 97) / 100.0)::numeric(10,2), 0.0125::numeric, ''USD'', ''maker'', ''effective'', 10.5::numeric, (-1052.625)::numeric, 1052.625::numeric, 0::numeric, ''USD'', t, t, t, 0'
    ' FROM (SELECT n::bigint, ''2026-10-01Z''::timestamptz + n * interval ''1 s'' AS t FROM generate_series(%1\$s * 20000 + 1, %1\$s * 20000 + 20000) n) x) TO ''$dir/fills%1\$s'' (FORMAT binary)', chunk);
END LOOP; END \$\$;
DO \$\$ BEGIN PERFORM ledger.ensure_partitions('fills', '{2026-10-01Z}'); END \$\$;
DROP FUNCTION id;
C

prepare() {  # variant
  case $1 in
    none) ;;
    key) echo "ALTER TABLE execution.fills ADD FOREIGN KEY (book_id, order_id) REFERENCES execution.orders;" ;;
    statement) cat <<'C'
CREATE FUNCTION execution.check_fills() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT FROM new_fills AS f WHERE NOT EXISTS (
      SELECT FROM execution.orders AS o WHERE o.book_id = f.book_id AND o.order_id = f.order_id)) THEN
    RAISE EXCEPTION 'a fill without its order' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER check_fills AFTER INSERT ON execution.fills REFERENCING NEW TABLE AS new_fills
  FOR EACH STATEMENT EXECUTE FUNCTION execution.check_fills();
C
    ;;
    # Not about references: the identity in the order of SQLite's, its most selective column in the fifth place.
    exec_late) echo "DROP INDEX execution.fills_2026_q4_identity; CREATE UNIQUE INDEX ON execution.fills_2026_q4 (book_id, account, venue, symbol, exec_id, side, trade_date);" ;;
    # Not about references: the constraints left out.
    unchecked) echo "DO \$\$ DECLARE c RECORD; BEGIN FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'c' AND conrelid IN ('execution.orders'::regclass, 'execution.fills'::regclass) LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END \$\$;" ;;
  esac
}
# Run 0 warms up: the server's first run also creates the files of its log, later ones use them again.
for run in $(seq 0 "$runs"); do
  for variant in ${VARIANTS:-none statement key}; do
    $psql -d postgres -c "DROP DATABASE IF EXISTS landing" -c "CREATE DATABASE landing TEMPLATE made" -c CHECKPOINT 2>"$dir/log.psql"
    prepare "$variant" | $psql -d landing
    seq 0 24 | sed "s|.*|BEGIN; COPY execution.orders FROM '$dir/orders&' (FORMAT binary); COPY execution.fills FROM '$dir/fills&' (FORMAT binary); COMMIT;|" >"$dir/land.sql"
    start=$(date +%s.%N)
    $psql -d landing -f "$dir/land.sql"
    end=$(date +%s.%N)
    [ "$run" = 0 ] || echo "run $run $variant $(echo "scale=0; 1000000 / ($end - $start)" | bc) rows/s"
  done
done
