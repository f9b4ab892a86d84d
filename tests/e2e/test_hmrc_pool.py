"""The tax office's worked examples that are plain average cost.

A UK "section 104 pool" is average cost with two rules on top: a disposal is first matched with acquisitions of the same
day, then with those of the 30 days after it. Blotter keeps plain pools, so an example fits exactly when no disposal has
such an acquisition; the dates decide. The results are those of HMRC's Cryptoassets Manual, worked out by hand there.
"""

import csv
import datetime
import unittest
from fractions import Fraction

import harness
from accounting import AveragePosition
from harness import decimal_text, exact

# Example -> why it is not a plain pool; None: it is.
EXAMPLES = {
    "CRYPTO22251": None,
    "CRYPTO22252": "same day",
    "CRYPTO22253": "30 days",
    "CRYPTO22254": "same day",
    "CRYPTO22255": "30 days",
    "CRYPTO22256": "same day",
    "CRYPTO22257": "same day",
    "CRYPTO22280": None,
}

# What the manual works out: allowable cost of the disposal, gain, and the pool after it.
# 22251: £126,000 × 50/150 = £42,000.
# 22280: 1,000 tokens sold for £5,000 and a fee of 1 token. The manual counts two disposals, £5,000 - £2,000 - £5 (the
# fee's value) = £2,995 and £5 - £2 = £3: together £2,998, which is £5,000 less £2,002, the cost of 1,001 tokens.
MANUAL = {
    "CRYPTO22251": {"asset": "TOKENA", "cost": 42_000, "gain": 258_000, "pool": 100, "pool_cost": 84_000},
    "CRYPTO22280": {"asset": "TOKEN", "cost": 2_002, "gain": 2_998, "pool": 8_999, "pool_cost": 17_998},
}


class Trade:
    def __init__(self, row):
        # The sheets count days from 1899-12-30, as spreadsheets do.
        self.at = (datetime.datetime(1899, 12, 30, tzinfo=datetime.timezone.utc)
                   + datetime.timedelta(days=float(row["Timestamp"])))
        self.bought, self.bought_asset = Fraction(row["Buy Quantity"]), row["Buy Asset"]
        self.sold, self.sold_asset = Fraction(row["Sell Quantity"]), row["Sell Asset"]
        self.fee, self.fee_asset = Fraction(row["Fee Quantity"] or 0), row["Fee Asset"] or None

    @property
    def is_buy(self):
        return self.sold_asset == "GBP"

    @property
    def token(self):
        return self.bought_asset if self.is_buy else self.sold_asset

    @property
    def quantity(self):
        return self.bought if self.is_buy else self.sold

    @property
    def pounds(self):
        return self.sold if self.is_buy else self.bought


def example(name):
    """(deposits in pounds, trades) of one example."""
    with open(harness.data_file(f"avgcost_oracle_hmrc/{name}.csv"), encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["Type"]]
    deposits = [Fraction(row["Buy Quantity"]) for row in rows if row["Type"] == "Deposit"]
    return deposits, [Trade(row) for row in rows if row["Type"] == "Trade"]


def matching_rule(trades):
    """Which of the two rules, if any, touches a disposal of this example."""
    found = None
    for disposal in (t for t in trades if t.sold_asset != "GBP"):
        for acquisition in (t for t in trades if t.bought_asset == disposal.sold_asset):
            days = (acquisition.at.date() - disposal.at.date()).days
            if days == 0:
                return "same day"
            if 0 < days <= 30:
                found = "30 days"
    return found


class Examples(unittest.TestCase):
    def test_the_dates_decide_which_are_plain_pools(self):
        for name, why_not in EXAMPLES.items():
            with self.subTest(name):
                self.assertEqual(why_not, matching_rule(example(name)[1]))

    def test_our_average_cost_is_the_manuals(self):
        for name, manual in MANUAL.items():
            with self.subTest(name):
                pool = AveragePosition()
                for trade in example(name)[1]:
                    if trade.is_buy:
                        pool.trade(trade.quantity - trade.fee, -trade.pounds)
                    else:
                        before = pool.cost
                        pool.trade(-trade.quantity - trade.fee, trade.pounds)
                        self.assertEqual(manual["cost"], before - pool.cost)
                self.assertEqual((manual["gain"], manual["pool"], manual["pool_cost"]),
                                 (pool.realized, pool.quantity, pool.cost))


def report(name):
    """The example in the report format."""
    deposits, trades = example(name)
    start = trades[0].at.isoformat()
    yield {"type": "account", "account": name, "at": start, "base_currency": "GBP", "method": "average"}
    for token in sorted({t.token for t in trades}):
        yield {"type": "instrument", "account": name, "at": start, "symbol": token, "venue": "HMRC",
               "asset_class": "crypto", "base": token, "quote": "GBP"}
    for number, pounds in enumerate(deposits, 1):
        yield {"type": "cash", "account": name, "at": start, "id": f"deposit-{number}", "asset": "GBP",
               "amount": decimal_text(pounds), "kind": "deposit"}
    for number, trade in enumerate(trades, 1):
        price = trade.pounds / trade.quantity
        line = {"type": "fill", "account": name, "at": trade.at.isoformat(), "exec_id": f"{name}-{number}",
                "client_order_id": f"order-{number}", "symbol": trade.token, "venue": "HMRC",
                "side": "buy" if trade.is_buy else "sell", "quantity": decimal_text(trade.quantity),
                "price": decimal_text(price)}
        if trade.fee:
            line |= {"fee": decimal_text(trade.fee), "fee_asset": trade.fee_asset}
        yield line


class Recorded(harness.LedgerTest):
    def test_plain_pools_are_reproduced(self):
        for name, why_not in EXAMPLES.items():
            if why_not:
                print(f"\n{name}: not covered, its disposals are matched by the {why_not} rule", end="")
                continue
            with self.subTest(name):
                self.check(name, MANUAL[name])

    def check(self, name, manual):
        ledger = self.ledger(name)
        ledger.record_lines(report(name))
        row = ledger.positions()[(name, manual["asset"], "HMRC", "unattributed")]
        self.assert_exact(manual["gain"], row["realized_pnl"], f"{name}: gain")
        self.assert_exact(manual["pool"], row["quantity"], f"{name}: tokens in the pool")
        self.assert_exact(manual["pool_cost"], row["cost_basis"], f"{name}: cost of the pool")
        sales = [f for f in ledger.rows("fills") if f["side"] == "sell"]
        released = -sum(exact(s["cost_delta"]) for s in sales)
        self.assert_exact(manual["cost"], released, f"{name}: allowable cost")
        deposits, trades = example(name)
        pounds = sum(deposits) + sum(-t.pounds if t.is_buy else t.pounds for t in trades)
        self.assert_exact(pounds, ledger.balances()[(name, "GBP")], f"{name}: pounds")
        self.assert_verified(ledger)


class RecordedInPostgres(harness.InPostgres, Recorded):
    """The same input, the same oracle, the other database."""


if __name__ == "__main__":
    harness.main()
