"""The wallet of a real BitMEX account, 2020-05 to 2023-12, replayed as cash movements.

Amounts are whole numbers of the currency's smallest unit (XBt: satoshi) and stay so. An amount is the whole change of the
balance: the fee of a withdrawal is already in it, so it is not posted a second time. Only Completed rows post.
"""

import collections
import csv
import itertools
import json
import unittest
from fractions import Fraction

import harness

HISTORY = "bitmex_wallet_ledger/walletHistory_2020-05_to_2023-12.csv"
EXPECTED = "bitmex_wallet_ledger/expected_at_cut.json"

# Conversion and SpotTrade exchange one currency for another in two rows, one for each; neither is income.
KINDS = {"Deposit": "deposit", "Withdrawal": "withdrawal", "RealisedPNL": "realized_pnl", "Transfer": "transfer",
         "Conversion": "adjustment", "SpotTrade": "adjustment"}


def history():
    with open(harness.data_file(HISTORY), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected():
    return json.loads(harness.data_file(EXPECTED).read_text(encoding="utf-8"))


def completed(rows):
    return [row for row in rows if row["transactStatus"] == "Completed"]


def cash(row):
    line = {"type": "cash", "account": "BITMEX", "at": row["timestamp"], "id": row["transactID"],
            "asset": row["currency"], "amount": row["amount"], "kind": KINDS[row["transactType"]],
            "note": row["transactType"]}
    if row["transactType"] == "RealisedPNL" and row["address"]:
        line |= {"symbol": row["address"], "venue": "BITMEX"}
    return line


class RawFile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.rows, cls.expected = history(), expected()

    def test_rows_and_identities(self):
        self.assertEqual(4_777, len(self.rows))
        self.assertEqual("2020-05-01T01:05:55.004Z", self.rows[0]["timestamp"])
        self.assertEqual(4_777, len({row["transactID"] for row in self.rows}), "no duplicates")
        others = [row for row in self.rows if row["transactStatus"] != "Completed"]
        self.assertEqual([("Withdrawal", "Canceled", "XBt", "-10020000")],
                         [(r["transactType"], r["transactStatus"], r["currency"], r["amount"]) for r in others])

    def test_sums_and_counts_are_the_published_ones(self):
        sums, counts, balances = collections.Counter(), collections.Counter(), collections.Counter()
        for row in completed(self.rows):
            key = f"{row['currency']}/{row['transactType']}"
            sums[key] += int(row["amount"])
            counts[key] += 1
            balances[row["currency"]] += int(row["amount"])
        self.assertEqual(self.expected["sum_by_currency_type"], dict(sums))
        self.assertEqual(self.expected["count"], dict(counts))
        self.assertEqual({c: int(v) for c, v in self.expected["balance_at_cut"].items()}, dict(balances))

    def test_every_batch_ends_at_its_wallet_balance(self):
        """All rows of a settlement batch show the balance after the batch."""
        for currency in ("XBt", "USDt", "BMEx"):
            balance = 0
            own = [row for row in self.rows if row["currency"] == currency]
            for (_, after), batch in itertools.groupby(own, key=lambda r: (r["timestamp"], r["walletBalance"])):
                balance += sum(int(row["amount"]) for row in completed(batch))
                self.assertEqual(int(after), balance)


class Recorded(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.rows, self.expected = history(), expected()
        self.lines = [cash(row) for row in completed(self.rows)]

    def check_balances(self, ledger):
        self.assertEqual({("BITMEX", currency): Fraction(amount)
                          for currency, amount in self.expected["balance_at_cut"].items()}, ledger.balances())

    def test_balances_to_the_satoshi(self):
        ledger = self.ledger()
        summary = ledger.record_lines(self.lines)
        print(f"\nrecord: {summary}")
        self.assertEqual((4_776, 4_776, 0, 0, 0, 0), tuple(summary[k] for k in (
            "lines", "created", "exists", "conflict", "invalid", "quarantined")))
        self.check_balances(ledger)
        self.assert_verified(ledger)

        movements = ledger.query("select id, kind, asset, amount, note from cash_movements order by seq")
        self.assertEqual([(line["id"], line["kind"], line["asset"], Fraction(line["amount"]), line["note"])
                          for line in self.lines],
                         [(m["id"], m["kind"], m["asset"], Fraction(m["amount"]), m["note"]) for m in movements])
        canceled = next(row for row in self.rows if row["transactStatus"] == "Canceled")
        self.assertNotIn(canceled["transactID"], {m["id"] for m in movements})

        # Double entry: what every event moved sums to zero in each asset.
        unbalanced = collections.Counter()
        for entry in ledger.query("select seq, asset, amount from ledger_entries"):
            unbalanced[(entry["seq"], entry["asset"])] += Fraction(entry["amount"])
        self.assertEqual({}, {k: v for k, v in unbalanced.items() if v})
        self.assertGreaterEqual(len(unbalanced), 4_776)

    def test_offering_it_again_changes_nothing(self):
        ledger = self.ledger()
        ledger.record_lines(self.lines)
        before = ledger.tables(ignore=["books.epoch"])
        again = ledger.record_lines(self.lines)
        self.assertEqual((0, 4_776, 0), tuple(again[k] for k in ("created", "exists", "conflict")), again)
        self.assert_same_tables(before, ledger.tables(ignore=["books.epoch"]), ["books.epoch"])
        self.check_balances(ledger)

    def test_overlapping_exports_in_any_order(self):
        """Two exports that overlap, the later one first: every movement posts once."""
        ledger = self.ledger()
        ledger.record_lines(self.lines[2_000:])
        second = ledger.record_lines(self.lines[:3_000])
        self.assertEqual((2_000, 1_000), (second["created"], second["exists"]))
        self.check_balances(ledger)


class RecordedInPostgres(harness.InPostgres, Recorded):
    """The same input, the same oracle, the other database."""


if __name__ == "__main__":
    harness.main()
