// The schemas of a ledger, as an SQL list for IN: a macro, because statements are literals.
#pragma once

#define BLOTTER_OUR_SCHEMAS "('ledger', 'execution', 'strategy_engine', 'analytics', 'logging')"
