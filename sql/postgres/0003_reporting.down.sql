DROP TABLE logging.audit_log;
DROP TABLE analytics.pnl_daily;
