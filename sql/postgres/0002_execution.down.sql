-- Their content is a projection: `blotter store rebuild` brings it back.
DROP TABLE execution.cash_movements;
DROP TABLE execution.balances;
DROP TABLE execution.positions;
DROP TABLE execution.position_adjustments;
DROP TABLE execution.fills;
DROP TABLE execution.order_events;
DROP TABLE execution.orders;
