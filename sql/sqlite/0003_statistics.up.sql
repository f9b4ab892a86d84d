-- Tells the query planner how selective each column of each index is, as ANALYZE would of a large book. Without it
-- SQLite takes book_id, the first column of every key, for selective, and reads a whole book to find one order's
-- fills. Numbers: rows, then rows that share the first column, the first two, … ANALYZE may replace them any time.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
  ('orders', 'orders', '1000000 1000000 1'),
  ('orders', 'orders_client_order_id', '1000000 1000000 100000 1'),
  ('orders', 'orders_venue_order_id', '1000000 1000000 100000 1'),
  ('orders', 'orders_symbol', '1000000 1000000 10000'),
  ('orders', 'orders_open', '10000 10000 1000'),
  ('order_events', 'order_events', '2000000 2000000 1'),
  ('order_events', 'order_events_order', '2000000 2000000 3'),
  ('fills', 'fills', '1000000 1000000 1'),
  ('fills', 'fills_identity', '1000000 1000000 100000 50000 5000 1 1 1'),
  ('fills', 'fills_order', '1000000 1000000 2'),
  ('fills', 'fills_symbol', '1000000 1000000 10000'),
  ('position_adjustments', 'position_adjustments', '10000 10000 1'),
  ('position_adjustments', 'position_adjustments_fill', '10000 10000 1'),
  ('positions', 'positions', '10000 10000 1000 10 5 1'),
  ('positions', 'positions_symbol', '10000 10000 100'),
  ('balances', 'balances', '1000 1000 100 1'),
  ('cash_movements', 'cash_movements', '100000 100000 1'),
  ('cash_movements', 'cash_movements_identity', '100000 100000 10000 1000 1'),
  ('pnl_daily', 'pnl_daily', '100000 100000 300 30 3 3 1'),
  ('pnl_daily', 'pnl_daily_symbol', '100000 100000 1000 10'),
  ('quarantine', 'quarantine', '10000 10000 1'),
  ('quarantine', 'quarantine_waiting', '100 100 10'),
  ('audit_log', 'audit_log', '1000000 1000000 1'),
  ('audit_log', 'audit_log_component', '1000000 1000000 50000'),
  ('audit_log', 'audit_log_severity', '10000 10000 1'),
  ('refused_rows', 'refused_rows', '100 100 1 1 1');
ANALYZE sqlite_schema;
