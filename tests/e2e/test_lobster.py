"""The first 999 events of Apple at NASDAQ on 2012-06-21 (LOBSTER), with the book after each.

First the raw file: message file and book file tell the same story, event by event. Then the program's answers against a
computation of our own from the same messages.

Event types: 1 new order; 2 partial cancel; 3 deleted; 4 visible execution; 5 hidden execution (names no order: the feed
makes an external order `hidden-<line>`); 7 trading halt (ignored).
"""

import collections
import csv
import datetime
import unittest
from fractions import Fraction

import harness
from accounting import AveragePosition
from harness import exact

MESSAGES = "lobster_aapl_first999/AAPL_2012-06-21_message_10.first999.csv"
BOOKS = "lobster_aapl_first999/AAPL_2012-06-21_orderbook_10.csv"
NEW, REDUCED, DELETED, EXECUTED, HIDDEN = 1, 2, 3, 4, 5

Event = collections.namedtuple("Event", "line at type order size price side")

# 2012-06-21 was summer in New York: midnight there was 04:00 UTC.
MIDNIGHT = datetime.datetime(2012, 6, 21, 4, tzinfo=datetime.timezone.utc)


def events():
    with open(harness.data_file(MESSAGES), encoding="utf-8") as file:
        for line, (at, kind, order, size, price, side) in enumerate(csv.reader(file), 1):
            yield Event(line, at, int(kind), order, int(size), int(price), "buy" if side == "1" else "sell")


def instant(seconds_after_midnight):
    """RFC 3339 with nanoseconds, in UTC."""
    seconds, _, fraction = seconds_after_midnight.partition(".")
    moment = MIDNIGHT + datetime.timedelta(seconds=int(seconds))
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{fraction:0<9}Z"


class RawFile(unittest.TestCase):
    """The properties that were established when the files were collected."""

    @classmethod
    def setUpClass(cls):
        cls.events = list(events())

    def test_counts_and_shares(self):
        self.assertEqual({NEW: 471, DELETED: 369, EXECUTED: 98, HIDDEN: 61},
                         dict(collections.Counter(e.type for e in self.events)))
        self.assertEqual(4_730, sum(e.size for e in self.events if e.type == EXECUTED))
        self.assertEqual(5_862, sum(e.size for e in self.events if e.type == HIDDEN))
        self.assertEqual("34200.004", self.events[0].at[:9])
        self.assertEqual("34249.086", self.events[-1].at[:9])

    def test_nine_events_name_earlier_orders(self):
        new, earlier = set(), 0
        for event in self.events:
            if event.type == NEW:
                self.assertNotIn(event.order, new)
                new.add(event.order)
            elif event.type in (REDUCED, DELETED, EXECUTED):
                earlier += event.order not in new
        self.assertEqual(9, earlier)

    def test_every_book_delta_equals_its_event(self):
        """Ten levels a side: a level may leave or enter at the far end, everything nearer must match."""
        with open(harness.data_file(BOOKS), encoding="utf-8") as file:
            books = [[int(cell) for cell in row] for row in csv.reader(file)]
        self.assertEqual(len(self.events), len(books))
        matched = 0
        for before, after, event in zip(books, books[1:], self.events[1:]):
            for first_column, side in ((0, "sell"), (2, "buy")):
                def levels(book):
                    return {book[i]: book[i + 1] for i in range(first_column, 40, 4)}
                expected = levels(before)
                if event.side == side and event.type != HIDDEN:
                    change = event.size if event.type == NEW else -event.size
                    expected[event.price] = expected.get(event.price, 0) + change
                    if not expected[event.price]:
                        del expected[event.price]
                best_first = sorted(expected.items(), reverse=side == "buy")[:10]
                self.assertEqual(best_first, list(levels(after).items())[:len(best_first)], event)
            matched += 1
        self.assertEqual(998, matched)


class Order:
    def __init__(self, event, quantity):
        self.side, self.quantity, self.price = event.side, quantity, Fraction(event.price, 10_000)
        self.filled, self.canceled = 0, False

    @property
    def open(self):
        return not self.canceled and (self.quantity is None or self.filled < self.quantity)


class Morning:
    """What the excerpt should leave behind, computed here."""

    def __init__(self):
        self.orders, self.fills, self.quarantined, self.position = {}, {}, [], AveragePosition()
        for event in events():
            self.take(event)

    def take(self, event):
        order = self.orders.get(event.order)
        if event.type == NEW:
            self.orders[event.order] = Order(event, event.size)
        elif event.type == EXECUTED:
            self.fill(event, event.order, order)
        elif event.type == HIDDEN:
            self.fill(event, f"hidden-{event.line}", None)
        elif order is None:
            self.quarantined.append(event)
        elif event.type == DELETED:
            order.canceled = True
        else:
            order.quantity -= event.size

    def fill(self, event, name, order):
        if order is None:  # a fill on an order never seen creates it as external, of unknown quantity
            order = self.orders[name] = Order(event, None)
        order.filled += event.size
        price = Fraction(event.price, 10_000)
        self.fills[str(event.line)] = (event, name, price)
        self.position.fill(event.side, event.size, price)

    def of(self, side):
        return [(event.size, price) for event, _, price in self.fills.values() if event.side == side]


class Recorded(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.file = harness.data_file(MESSAGES)
        self.morning = Morning()
        self.arguments = ["--feed", "lobster", "--symbol", "AAPL", "--date", "2012-06-21", self.file]

    def test_the_excerpt_is_recorded_exactly(self):
        ledger = self.ledger()
        # Deletes of orders from before the excerpt cannot be applied; no line is invalid.
        summary = ledger.record(*self.arguments)
        print(f"\nrecord: {summary}")
        self.assertEqual((999, 0, 0, 0, 5, 0), tuple(summary[k] for k in (
            "lines", "exists", "conflict", "invalid", "quarantined", "ignored")))
        self.check_fills(ledger)
        self.check_orders(ledger)
        self.check_money(ledger)
        self.assertEqual([e.order for e in self.morning.quarantined],
                         [row["content"].split(",")[2] for row in ledger.rows("quarantine")])
        self.assert_verified(ledger)

        before = ledger.tables(ignore=["books.epoch"])
        again = ledger.record(*self.arguments)
        self.assertEqual((999, 0, 999), tuple(again[k] for k in ("lines", "created", "exists")), again)
        self.assert_same_tables(before, ledger.tables(ignore=["books.epoch"]), ["books.epoch"])

    def check_fills(self, ledger):
        actual = {f["exec_id"]: f for f in ledger.rows("fills")}
        self.assertEqual(sorted(self.morning.fills), sorted(actual))
        names = {o["order_id"]: o["client_order_id"] for o in ledger.rows("orders")}
        for line, (event, name, price) in self.morning.fills.items():
            row = actual[line]
            self.assertEqual((name, event.side, instant(event.at)), (names[row["order_id"]], row["side"], row["at"]), event)
            self.assert_exact(event.size, row["quantity"], f"quantity of line {line}")
            self.assert_exact(price, row["price"], f"price of line {line}")
            self.assertEqual(("LOBSTER", "AAPL", "XNAS", "USD"),
                             tuple(row[k] for k in ("account", "symbol", "venue", "settle")))
        for side in ("buy", "sell"):
            rows = [f for f in actual.values() if f["side"] == side]
            expected = self.morning.of(side)
            self.assert_exact(sum(q for q, _ in expected), sum(exact(f["quantity"]) for f in rows), f"{side}: shares")
            self.assert_exact(sum(q * p for q, p in expected),
                              sum(exact(f["quantity"]) * exact(f["price"]) for f in rows), f"{side}: notional")

    def check_orders(self, ledger):
        actual = {o["client_order_id"]: o for o in ledger.rows("orders")}
        self.assertEqual(sorted(self.morning.orders), sorted(actual))
        for name, order in self.morning.orders.items():
            row = actual[name]
            self.assertEqual(order.side, row["side"], name)
            self.assert_exact(order.filled, row["filled_quantity"], f"filled of {name}")
            self.assertEqual("external" if order.quantity is None else "reported", row["origin"], name)
            if order.quantity is not None:
                self.assert_exact(order.quantity, row["quantity"], f"quantity of {name}")
                self.assert_exact(order.price, row["limit_price"], f"limit of {name}")
                self.assertEqual(order.open, bool(row["open"]), name)
        # 38 of the excerpt's own orders still work; of external ones nobody knows what is left.
        own = [o for o in ledger.rows("orders", "--open") if o["origin"] == "reported"]
        self.assertEqual(38, len(own))

    def check_money(self, ledger):
        self.assertEqual([("LOBSTER", "AAPL", "XNAS", "unattributed")], list(ledger.positions()))
        row, position = next(iter(ledger.positions().values())), self.morning.position
        self.assert_exact(position.quantity, row["quantity"], "position")
        self.assert_exact(position.cost, row["cost_basis"], "cost")
        self.assert_exact(position.realized, row["realized_pnl"], "realised P&L")
        self.assert_exact(position.cash, ledger.balances()[("LOBSTER", "USD")], "USD")


class OurComputation(unittest.TestCase):
    def test_agrees_with_the_published_figures(self):
        morning = Morning()
        self.assertEqual(4_730 + 5_862, sum(q for side in ("buy", "sell") for q, _ in morning.of(side)))
        self.assertEqual(5, len(morning.quarantined))
        self.assertEqual(38, sum(o.open for o in morning.orders.values() if o.quantity is not None))


class RecordedInPostgres(harness.InPostgres, Recorded):
    """The same input, the same oracle, the other database."""


if __name__ == "__main__":
    harness.main()
