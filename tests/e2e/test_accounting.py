"""A made-up week with everything that moves money: fees in three kinds of asset, late fees, busts, corrections, cash; under
each accounting method, through long and short.

The expected state is folded here from the same lines: a busted fill as if it had never been, a corrected one as if it had
been right from the start.
"""

import collections
import random
from fractions import Fraction

import harness
from accounting import position_under
from harness import exact
from sample import sample

EPOCH = ["books.epoch"]


def week(seed, method):
    """The sample with some executions busted, corrected and charged afterwards, and some fees in the bought coin."""
    chance, lines = random.Random(seed), sample(seed, orders=80, method=method)
    fills = [line for line in lines if line["type"] == "fill"]
    for fill in fills:
        if chance.random() < 0.3:
            fill["fee_asset"] = fill["symbol"][:3]  # BTC of BTCUSD
    at = lines[-1]["at"]
    for number, fill in enumerate(chance.sample(fills, len(fills) // 4)):
        at += 86_400_000_000_000 // 16
        about = {"account": fill["account"], "at": at, "exec_id": fill["exec_id"]}
        lines.append((
            {"type": "bust", **about},
            {"type": "correct", **about, "new_exec_id": f"c-{number}", "price": f"{chance.randrange(90, 110)}.5"},
            {"type": "correct", **about, "new_exec_id": f"c-{number}", "quantity": "0.75", "fee": "0.005"},
            {"type": "fee", **about, "id": f"late-{number}", "amount": "0.31", "asset": chance.choice(("USD", "BNB"))},
        )[number % 4])
    lines.append({"type": "cash", "account": "ACME", "at": at + 1, "id": "w-1", "asset": "USD", "amount": "-250.5",
                  "kind": "withdrawal"})
    return lines


class Books:
    """Positions and balances folded from the lines."""

    def __init__(self, lines):
        method = next(line["method"] for line in lines if line["type"] == "account")
        self.positions = collections.defaultdict(lambda: position_under(method))
        self.fees, self.balances = collections.Counter(), collections.Counter()
        strategies = {line["client_order_id"]: line["strategy"] for line in lines if line["type"] == "order"}
        for fill in self.effective(lines):
            symbol, quantity, price = fill["symbol"], exact(fill["quantity"]), exact(fill["price"])
            key, fee, base = (symbol, strategies[fill["client_order_id"]]), exact(fill["fee"]), symbol[:3]
            signed = quantity if fill["side"] == "buy" else -quantity
            moved = signed - (fee if fill["fee_asset"] == base else 0)
            self.positions[key].trade(moved, -signed * price)
            self.balances["USD"] -= signed * price
            self.balances[base] += signed
            self.pay(key, fill["fee_asset"], fee)
            for late in fill["late"]:
                self.pay(key, late["asset"], exact(late["amount"]))
        for line in lines:
            if line["type"] == "cash":
                self.balances[line["asset"]] += exact(line["amount"])

    def pay(self, key, asset, fee):
        self.balances[asset] -= fee
        if asset == "USD":
            self.fees[key] += fee

    @staticmethod
    def effective(lines):
        """The fills in order of recording, each as it stands at the end."""
        fills = {}
        for line in lines:
            if line["type"] == "fill":
                fills[line["exec_id"]] = line | {"late": []}
            elif line["type"] == "bust":
                del fills[line["exec_id"]]
            elif line["type"] == "correct":
                fills[line["exec_id"]] |= {k: line[k] for k in ("quantity", "price", "fee") if k in line}
            elif line["type"] == "fee":
                fills[line["exec_id"]]["late"].append(line)
        return fills.values()


class Week(harness.LedgerTest):
    def test_positions_balances_and_daily_pnl(self):
        for seed, method in enumerate(("average", "fifo", "lifo", "hifo"), 11):
            with self.subTest(f"{method}, seed {seed}"):
                self.check(seed, method)

    def check(self, seed, method):
        lines, ledger = week(seed, method), self.ledger(f"week-{seed}")
        books = Books(lines)
        summary = ledger.record_lines(lines)
        self.assertEqual((len(lines), 0, 0), tuple(summary[k] for k in ("created", "conflict", "quarantined")))

        rows = {(p["symbol"], p["strategy"]): p for p in ledger.rows("positions")}
        self.assertEqual(sorted(books.positions), sorted(rows))
        for key, position in books.positions.items():
            row = rows[key]
            for field, value in (("quantity", position.quantity), ("cost_basis", position.cost),
                                 ("realized_pnl", position.realized), ("fees", books.fees[key])):
                self.assert_exact(value, row[field], f"{key} {field} (seed {seed})")
            if position.quantity:
                self.assertLess(abs(exact(row["average_price"]) - position.cost / position.quantity), Fraction(1, 10**17))
                self.assert_exact(position.market_value(row["mark"]), row["market_value"], f"{key} market value")
                self.assert_exact(position.unrealized(row["mark"]), row["unrealized_pnl"], f"{key} unrealised")
        actual = {asset: amount for (_, asset), amount in ledger.balances().items() if amount}
        self.assertEqual({a: v for a, v in books.balances.items() if v}, actual)

        self.check_daily(ledger, rows)
        self.check_conservation(ledger, rows)
        self.assertEqual(sum(line["type"] == "bust" for line in lines), ledger.status()["busts"])
        self.assert_verified(ledger)
        before = ledger.tables(EPOCH)
        again = ledger.record_lines(lines)
        self.assertEqual((0, len(lines)), (again["created"], again["exists"]))
        self.assert_same_tables(before, ledger.tables(EPOCH), EPOCH)

    def check_daily(self, ledger, positions):
        """The days add up to the positions."""
        sums = collections.Counter()
        for day in ledger.query("select * from pnl_daily"):
            for field in ("realized_pnl", "fees"):
                sums[(day["symbol"], day["strategy"], field)] += exact(day[field])
        for (symbol, strategy), row in positions.items():
            for field in ("realized_pnl", "fees"):
                self.assert_exact(sums[(symbol, strategy, field)], row[field], f"sum of days: {symbol} {strategy} {field}")

    def check_conservation(self, ledger, positions):
        """The recorded changes add up to what is shown, with nothing but SQL and addition."""
        sums = collections.Counter()
        for table in ("fills", "position_adjustments"):
            for row in ledger.query(f"select * from {table}"):
                for delta, field in (("position_delta", "quantity"), ("cost_delta", "cost_basis"),
                                     ("realized_pnl", "realized_pnl")):
                    sums[(row["symbol"], row["strategy"], field)] += exact(row[delta])
        for (symbol, strategy), row in positions.items():
            for field in ("quantity", "cost_basis", "realized_pnl"):
                self.assert_exact(sums[(symbol, strategy, field)], row[field], f"all changes: {symbol} {strategy} {field}")
        entries = collections.Counter()
        for entry in ledger.query("select * from ledger_entries"):
            entries[(entry["seq"], entry["asset"])] += exact(entry["amount"])
        self.assertEqual({}, {k: v for k, v in entries.items() if v}, "every event's entries sum to zero")


class WeekInPostgres(harness.InPostgres, Week):
    """The same input, the same oracle, the other database."""


if __name__ == "__main__":
    harness.main()
