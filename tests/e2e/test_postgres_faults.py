"""What a database does to its clients, seen from the command line: one clear line that names the setting, the exit code,
nothing lost, and no password."""

import signal
import threading

import harness
import postgres
from harness import COULD_NOT, DONE, FOUND, USAGE, ndjson
from sample import sample

CANARY = "canary-7f3a-canary"
EPOCH_AND_TIMES = ["books.epoch", "received_at", "recorded_at"]
READING = ("orders", "fills", "positions", "balances", "pnl", "quarantine", "store status", "store refused", "verify")


class Refused(harness.LedgerTest):
    """A database that does not let us in, or is not there."""

    @classmethod
    def setUpClass(cls):
        cls.cluster = postgres.cluster()
        postgres.psql(cls.cluster.url("postgres"), f"create role trader login password '{CANARY}'", search_path=None)

    def setUp(self):
        super().setUp()
        self.lines = sample(seed=41, orders=20)
        self.book = self.ledger()
        self.book.record_lines(self.lines)

    def says(self, answer, code, *words):
        self.assertEqual(code, answer.code, str(answer))
        self.assertNotIn(CANARY, answer.out + answer.err, "no password in any output")
        self.assertEqual(1, answer.err.count("\n"), f"one line: {answer}")
        self.assertTrue(answer.err.startswith("blotter: "), str(answer))
        for word in words:
            self.assertRegex(answer.err, word, str(answer))

    def check(self, url, *words):
        """Reading says why and ends with 2. Recording loses nothing: all is in the journal, only the store is behind."""
        environment = {"DATABASE_URL": url, "DATABASE_TIMEOUT_SECONDS": "2"}
        for verb in READING:
            with self.subTest(verb):
                self.says(self.book.run(verb, env=environment), COULD_NOT, *words)
        with self.subTest("status"):
            answer = self.book.run("status", "--json", env=environment)
            self.says(answer, DONE, *words)
            self.assertIsNone(answer.rows()[0]["stored"], "nobody knows how far the store is")
        for verb, seconds in (("rebuild", 0), ("catch-up", 1)):
            with self.subTest(verb):
                self.says(self.book.run(f"store {verb}", "--store-wait", seconds, env=environment), COULD_NOT, *words)
        for verb in ("status", "up"):
            with self.subTest(f"migrate {verb}"):
                self.says(self.book.run(f"migrate {verb}", env=environment), COULD_NOT, *words)
        with self.subTest("record"):
            fresh = self.ledger("fresh")
            answer = fresh.run("record", "--store-wait", "1", "--json", "-", env=environment, stdin=ndjson(self.lines))
            self.says(answer, FOUND, "everything is durable in the journal", "not stored yet", *words)
            self.assertEqual(len(self.lines), answer.rows()[0]["created"])
            self.assertEqual(DONE, fresh.run("store catch-up").code)
            self.assert_same_tables(self.book.tables(EPOCH_AND_TIMES), fresh.tables(EPOCH_AND_TIMES), EPOCH_AND_TIMES)

    def url(self, database="postgres", password=CANARY):
        return self.cluster.url(database, "trader", password)

    def test_a_wrong_password(self):
        self.check(self.url(password=f"wrong-{CANARY}"), "password", "DATABASE_URL|PGPASSWORD")

    def test_a_server_that_is_not_there(self):
        self.check(f"postgresql://trader:{CANARY}@127.0.0.1:1/ledger", r"127\.0\.0\.1")

    def test_a_database_that_is_not_there(self):
        self.check(self.url("nowhere"), "nowhere", "DATABASE_URL")

    def test_no_right_to_make_tables(self):
        database = self.cluster.new_database()
        url = database.url.replace("postgres@", f"trader:{CANARY}@")
        answer = self.ledger("fresh").run("record", "--store-wait", "1", "-", env={"DATABASE_URL": url},
                                          stdin=ndjson(self.lines))
        self.says(answer, FOUND, "permission denied", "migrate")

    def test_no_right_to_the_tables(self):
        database = self.cluster.new_database()
        self.assertEqual(DONE, self.book.run("store catch-up", env={"DATABASE_URL": database.url}).code)
        url = database.url.replace("postgres@", f"trader:{CANARY}@")
        for verb in ("orders", "verify", "store status", "store rebuild", "migrate status"):
            with self.subTest(verb):
                self.says(self.book.run(verb, env={"DATABASE_URL": url}), COULD_NOT, "permission denied", "migrate roles")

    def test_a_schema_newer_and_older_than_this_program(self):
        book = harness.Ledger(self.book.directory, self.cluster.new_database())
        self.assertEqual(DONE, book.run("store catch-up").code)
        book.postgres.change("insert into schema_migrations select 9999, 'from_the_future', checksum, applied_at"
                             " from schema_migrations order by version limit 1")
        for verb in ("orders", "verify", "store rebuild", "migrate up", "migrate plan"):
            with self.subTest(f"newer: {verb}"):
                self.says(book.run(verb), COULD_NOT, "newer")
        answer = book.run("record", "--store-wait", "1", "-", stdin=ndjson(self.lines))
        self.says(answer, FOUND, "newer")
        book.postgres.change("delete from schema_migrations where version = 9999")
        versions = [row["version"] for row in book.rows("migrate status")]
        for verb in ("migrate up", "migrate down --yes"):
            answer = book.run(verb, "--to", "-5")
            self.assertEqual((USAGE, True), (answer.code, "-5 not in range" in answer.err), str(answer))
        self.assertEqual(versions, [r["version"] for r in book.rows("migrate status") if r["state"] == "applied"])
        self.assertEqual(DONE, book.run("migrate down", "--to", versions[-2], "--yes").code)
        for verb in ("orders", "store rebuild"):
            with self.subTest(f"older: {verb}"):
                self.says(book.run(verb), COULD_NOT, "older", "blotter migrate up")
        self.assertEqual(DONE, book.run("migrate up").code)
        self.assertEqual(DONE, book.run("store rebuild", "--yes").code)
        self.assert_verified(book)

    def test_the_password_may_come_from_a_file(self):
        database = self.cluster.new_database()
        postgres.psql(database.url, f"grant all on database {database.name} to trader")
        path = self.directory / "password"
        path.write_text(CANARY + "\n", encoding="utf-8")
        path.chmod(0o600)
        url = database.url.replace("postgres@", "trader@")
        for environment in ({"BLOTTER_DATABASE_PASSWORD_FILE": str(path)}, {"PGPASSWORD": CANARY}):
            answer = self.book.run("store catch-up", "--store", url, env=environment)
            self.assertEqual(DONE, answer.code, str(answer))
            self.assertNotIn(CANARY, answer.out + answer.err)
        self.says(self.book.run("orders", "--store", url), COULD_NOT, "password")


class Lost(harness.LedgerTest):
    """The server dies while a file is recorded, and comes back: everything lands, once."""

    def test_server_killed_while_recording(self):
        cluster = postgres.cluster()
        simulated = harness.run("simulate", "--seed", "12", "--lines", "30000").out
        undisturbed = self.ledger("undisturbed")
        undisturbed.record("-", stdin=simulated)
        book = harness.Ledger(self.directory / "book", cluster.new_database())
        process = book.start("record", "-", stdin=-1, stdout=-1, stderr=-1, text=True)
        results = []
        talk = threading.Thread(target=lambda: results.append(process.communicate(simulated, timeout=100)))
        talk.start()
        for _ in range(3):
            cluster.halt(signal.SIGQUIT)
            cluster.start()
        talk.join()
        self.assertEqual(0, process.returncode, results)
        self.assert_same_tables(undisturbed.tables(EPOCH_AND_TIMES), book.tables(EPOCH_AND_TIMES), EPOCH_AND_TIMES,
                                (undisturbed, book))
        self.assert_verified(book)


class RefusedRow(harness.LedgerTest):
    def test_lies_aside_is_counted_and_listed_and_the_rest_lands(self):
        book = harness.Ledger(self.directory / "book", postgres.cluster().new_database())
        lines = sample(seed=43, orders=40)
        book.record_lines(lines[:10])
        postgres.psql(book.postgres.url, "alter table cash_movements add constraint small check (amount < 1000000)")
        large = lines[3] | {"id": "too-large", "amount": "1000000"}
        book.record_lines([*lines, large])
        status = book.rows("store status")[0]
        self.assertEqual((0, 1), (status["behind"], status["refused_rows"]))
        row = book.rows("store refused")[0]
        self.assertEqual("cash_movements", row["table_name"])
        self.assertIn("small", row["reason"])
        self.assertIn("too-large", row["content"])
        self.assertEqual(FOUND, book.run("verify").code, "a row that is not in its table is a finding")
        postgres.psql(book.postgres.url, "alter table cash_movements drop constraint small")
        self.assertEqual(DONE, book.run("store rebuild", "--yes").code)
        self.assertEqual([], book.rows("store refused"))
        self.assert_verified(book)


class EditedDatabase(harness.LedgerTest):
    """`verify` compares PostgreSQL with the journal: whatever somebody changes there shows, to the last nanosecond."""

    CHANGES = {
        "fills": "update fills set price = price + 0.000000000000000001 where seq = (select max(seq) from fills)",
        "orders": "update orders set metadata_source = '{}' where last_seq = (select max(last_seq) from orders)",
        "positions": "update positions set realized_pnl = 1000000 where last_seq = (select min(last_seq) from positions)",
        "balances": "update balances set amount = amount * 2 where asset = 'USD'",
        "cash_movements": "update cash_movements set note = 'x' where seq = (select min(seq) from cash_movements)",
        "order_events": "update order_events set nanos = (nanos + 1) % 1000"
                        " where seq = (select max(seq) from order_events)",
        "accounts": "update accounts set created_at = created_at + interval '1 microsecond'",
        "pnl_daily": "update pnl_daily set realized_pnl = 5 where last_seq = (select min(last_seq) from pnl_daily)",
    }
    MISSING = {
        "fills": "seq = (select max(seq) from fills)",
        "order_events": "seq = (select max(seq) from order_events)",
        "orders": "first_seq = (select min(first_seq) from orders)",
        "cash_movements": "seq = (select min(seq) from cash_movements)",
        "balances": "asset = 'BNB'",
    }

    def setUp(self):
        super().setUp()
        self.book = harness.Ledger(self.directory / "ledger", postgres.cluster().new_database())
        self.book.record_lines(sample(seed=10, orders=60))
        self.assert_verified(self.book)

    def found(self, *tables):
        answer = self.book.run("verify")
        self.assertEqual(FOUND, answer.code, str(answer))
        for table in tables:
            self.assertRegex(answer.out, rf"\b{table}: ", "names the table")

    def restored(self):
        self.assertEqual(DONE, self.book.run("store rebuild", "--yes").code)
        self.assert_verified(self.book)

    def test_one_changed_row(self):
        for table, sql in self.CHANGES.items():
            with self.subTest(table):
                self.assertEqual(1, self.book.change(sql))
        self.found(*self.CHANGES)
        self.restored()

    def test_one_missing_row(self):
        for table, row in self.MISSING.items():
            with self.subTest(table):
                self.assertEqual(1, self.book.change(f"delete from {table} where {row}"))
        self.found(*self.MISSING)
        self.restored()

    def test_one_row_too_many(self):
        columns = [c for c in self.book.query("select * from balances limit 1")[0] if c != "asset"]
        names = ", ".join(columns)
        self.assertEqual(1, self.book.change(
            f"insert into balances ({names}, asset) select {names}, 'GOLD' from balances limit 1"))
        self.found("balances")


if __name__ == "__main__":
    harness.main()
