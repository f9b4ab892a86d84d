"""One ledger, two databases: the same rows and the same answers in SQLite and in PostgreSQL."""

import harness
import postgres
from harness import DONE, FOUND, USAGE
from sample import START, sample

# Two recordings differ in these; two stores of one recording in nothing but the writer's epoch.
TIMES = ["received_at", "recorded_at"]
EPOCH = ["books.epoch"]
LARGE = "10000000000000000000.123456789012345678"
METADATA = {"text": "a \"quoted\"\tline\nbreak \\N \\", "list": [1, 2.50, None, {"b": True}], "z": 1, "a": "\x01 \U0001f9fe"}


def peculiar():
    """What a database might not give back as it came: long numbers, texts that look like something else, instants with
    nanoseconds, from long ago and far ahead."""
    account = "Zürich, \"東京\"; -- 'x'"
    lines = [{"type": "account", "account": account, "at": START, "base_currency": "USD"},
             {"type": "instrument", "at": START + 1, "symbol": "A/B.C-1", "venue": "X", "asset_class": "crypto",
              "base": "AAA", "quote": "USD", "tick_size": "0.000000000000000001"}]
    instants = ("1969-12-31T23:59:59.999999999Z", "1970-01-01T00:00:00Z", "1990-02-28T12:00:00.000000001Z",
                "2024-02-29T23:59:59.123456789Z", "2200-12-31T00:00:00.000001Z", START + 999)
    for number, at in enumerate(instants):
        about = {"account": account, "at": at, "client_order_id": f"o\\{number}", "symbol": "A/B.C-1", "venue": "X",
                 "side": "buy"}
        lines += [{"type": "order", **about, "quantity": "3", "order_type": "limit", "limit_price": "0.000000000000000001",
                   "strategy": "\\N" if number % 2 else "a,b", "metadata": METADATA},
                  {"type": "fill", **about, "exec_id": f"e {number}", "quantity": "0.333333333333333333",
                   "price": "1234567.000000000000000001", "fee": "-0.000000000000000007", "fee_asset": "BNB"},
                  {"type": "cash", "account": account, "at": at, "id": f"#{number}'", "asset": "USD",
                   "amount": "-0.10" if number else "1000000000.00", "kind": "transfer", "note": "100% \\. \U0001f9fe ' \\x00"}]
    lines += [{"type": "cash", "account": account, "at": START, "id": "large", "asset": "XXL", "amount": LARGE,
               "kind": "deposit"},
              {"type": "order_status", "account": account, "at": START, "client_order_id": "o\\1", "status": "canceled",
               "reason": ""},
              {"type": "bust", "account": account, "at": START, "exec_id": "never seen"},
              {"type": "mark", "at": START + 5, "symbol": "A/B.C-1", "venue": "X", "price": "0.5"},
              {"type": "audit", "at": START + 6, "component": "desk", "action": "note", "details": METADATA, "user": "ann"}]
    return lines


class TwoStores(harness.LedgerTest):
    def in_postgres(self, name):
        return harness.Ledger(self.directory / name, postgres.cluster().new_database())

    def assert_same_rows(self, one, other, ignore):
        """Every table, row by row, with plain SQL; the tables and columns have the same names."""
        here, there = one.contents(ignore), other.contents(ignore)
        self.assertEqual(sorted(here), sorted(there), "the same tables")
        for table, (columns, rows) in here.items():
            others, other_rows = there[table]
            self.assertEqual(columns, others, f"the same columns in {table}")
            if rows != other_rows:
                self.fail(f"table {table}: {len(rows)} rows and {len(other_rows)}\n" +
                          harness.differing_rows(one, other, table, ignore))


class SameRows(TwoStores):
    def check(self, lines):
        one, other = self.ledger("sqlite"), self.in_postgres("postgres")
        first, second = one.record_lines(lines), other.record_lines(lines)
        del first["seconds"], second["seconds"]
        self.assertEqual(first, second)
        self.assert_same_rows(one, other, EPOCH + TIMES)
        # The cursor, and the view over the rows.
        view = "select book_id, seq, account, asset, amount, entry from ledger_entries order by seq, account, asset, entry, amount"
        sort = lambda rows: sorted(tuple(map(str, row.values())) for row in rows)
        self.assertEqual(sort(one.query(view)), sort(other.query(view)))
        self.assert_verified(one)
        self.assert_verified(other)

    def test_of_a_day_of_trading(self):
        self.check(sample(seed=21, orders=200))

    def test_of_what_a_database_might_not_give_back(self):
        self.check(peculiar())


class Listings(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.book = self.ledger()
        self.book.record("-", stdin=harness.run("simulate", "--seed", "5", "--lines", "1500").out)

    def test_people_are_told_that_there_is_more(self):
        for verb in ("orders", "fills", "events"):
            with self.subTest(verb):
                short, exact, whole = (self.book.run(verb, *flags) for flags in ((), ("--limit", "50"), ("--limit", "0")))
                self.assertEqual(51, short.out.count("\n"), "a heading and 50 rows")
                self.assertEqual(short.out, exact.out)
                self.assertIn("--limit 0", short.err)
                self.assertEqual(("", ""), (exact.err, whole.err))
                self.assertEqual(len(self.book.rows(verb)), whole.out.count("\n") - 1)
        self.assertEqual("", self.book.run("orders", "--account", "nobody").err)

    def test_the_limit_of_sums_and_of_what_waits(self):
        whole = self.book.rows("pnl")
        self.assertGreater(len(whole), 2)
        self.assertEqual(whole[:2], self.book.rows("pnl", "--limit", "2"))
        self.assertEqual(self.book.rows("quarantine")[:1], self.book.rows("quarantine", "--limit", "1"))
        self.assertEqual([], self.book.rows("store refused", "--limit", "1"))
        self.assertEqual(USAGE, self.book.run("fills", "--limit", "-3").code)

    def test_a_status_in_other_words_and_none_at_all(self):
        for other, fix in (("cancelled", "canceled"), ("open", "new"), ("submitted", "new"), ("pending", "pending_new"),
                           ("partial_fill", "partially_filled")):
            self.assertEqual(self.book.rows("orders", "--status", fix), self.book.rows("orders", "--status", other))
        self.assertTrue(self.book.rows("orders", "--status", "cancelled"))
        wrong = self.book.run("orders", "--status", "done")
        self.assertEqual(USAGE, wrong.code, str(wrong))
        self.assertIn("partially_filled", wrong.err)

    def test_programs_get_json_whatever_the_answer(self):
        nobody = self.book.run("order nobody", "--json")
        self.assertEqual((FOUND, []), (nobody.code, nobody.rows()), str(nobody))
        proof, = self.book.rows("verify")
        self.assertEqual((self.book.status()["durable"], 0, 0, 0, []),
                         tuple(proof[k] for k in ("stored", "problems", "torn_bytes", "rows_retired", "findings")))
        self.book.change("update fills set price = price || '1' where seq = (select min(seq) from fills)")
        proof = self.book.run("verify", "--json")
        self.assertEqual((FOUND, 1), (proof.code, proof.rows()[0]["problems"]), str(proof))
        self.assertRegex(proof.rows()[0]["findings"][0]["detail"], r"\bfills: ")


class Spellings(TwoStores):
    def test_a_database_in_pairs(self):
        book = self.in_postgres("pairs")
        book.record_lines(sample(orders=3))
        url = f"host={postgres.cluster().directory} port=5432 user=postgres dbname={book.postgres.name}"
        for verb in ("orders", "verify", "migrate status", "partitions list", "doctor"):
            answer = harness.run(*verb.split(), "--data", book.directory, "--store", url)
            self.assertIn(answer.code, (DONE, FOUND if verb == "doctor" else DONE), str(answer))


class SameAnswers(TwoStores):
    """One journal landed in both: every verb that reads answers byte for byte the same, to people and to programs."""

    VERBS = ("orders", "orders --open", "orders --status canceled --limit 5", "orders --symbol BTCUSD --strategy trend",
             "order o-1", "order nobody", "order 00000000-0000-7000-8000-000000000000", "fills", "fills --limit 0",
             "fills --account ACME --venue SIM", "fills --account nobody", "positions", "positions --strategy maker",
             "balances", "balances --account ACME", "balances --limit 1", "pnl", "pnl --limit 2", "pnl --by day", "pnl --by symbol", "pnl --by account",
             "pnl --by venue", "pnl --by strategy --from 2023-11-14 --to 2023-11-15", "pnl --from tomorrow", "quarantine",
             "quarantine --waiting", "quarantine --limit 1", "store refused", "store refused --limit 1", "events", "audit", "audit --severity warning")

    def test_of_every_verb(self):
        book = self.ledger()
        simulated = harness.run("simulate", "--seed", "3", "--lines", "3000").out
        text = harness.ndjson(sample(seed=22, orders=100)) + simulated + harness.ndjson(peculiar())
        book.record("-", stdin=text, expect=DONE)
        both = harness.Ledger(book.directory, postgres.cluster().new_database())
        landed = both.run("store catch-up")
        self.assertEqual(DONE, landed.code, str(landed))
        self.assert_same_rows(book, both, EPOCH)
        order = book.rows("orders", "--limit", "1")[0]["order_id"]
        for verb in (*self.VERBS, f"order {order}", f"order {order.upper()}"):
            for flags in ((), ("--json",)):
                with self.subTest(f"{verb} {' '.join(flags)}"):
                    one, other = book.run(verb, *flags), both.run(verb, *flags)
                    self.assertEqual((one.code, one.out, one.err), (other.code, other.out, other.err))
                    self.assertIn(one.code, (DONE, FOUND) if "tomorrow" not in verb else (harness.COULD_NOT,), str(one))
                    self.assertTrue(one.out or one.err)


if __name__ == "__main__":
    harness.main()
