"""What `blotter doctor` says of a ledger, and with which exit code: as docs/operating/doctor.md promises."""

import harness
import postgres
from harness import COULD_NOT, DONE, FOUND, USAGE, copy_of, ndjson, written
from sample import sample

CANARY = "canary-5c1d-canary"
NOWHERE = f"postgresql://trader:{CANARY}@127.0.0.1:1/ledger?connect_timeout=2"
LEVELS = {"ok": "OK", "skipped": "SKIP", "warn": "WARN", "crit": "CRIT"}


class Doctor(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.lines = sample(seed=81, orders=60)
        self.book = self.ledger()
        self.book.record_lines(self.lines[:50])

    def checks(self, answer):
        """{name: the row}; the exit code is the one that the levels ask for."""
        checks = {row["check"]: row for row in answer.rows()}
        bad = [row for row in checks.values() if row["level"] in ("warn", "crit")]
        self.assertEqual(FOUND if any(not row["ignored"] for row in bad) else DONE, answer.code, str(answer))
        for row in bad:
            self.assertTrue(row["advice"], f"what to do: {row}")
        return checks

    def examine(self, ledger=None):
        return self.checks((ledger or self.book).run("doctor", "--json"))

    def assert_level(self, level, check, *words):
        self.assertEqual(level, check["level"], check)
        for word in words:
            self.assertIn(word, check["value"])


class OfAWellLedger(Doctor):
    def test_finds_nothing(self):
        checks = self.examine()
        self.assertEqual(["schema", "quick_check", "refused_rows", "wal", "disk", "journal_disk", "store_behind"],
                         list(checks))
        for name, check in checks.items():
            if "disk" not in name:  # how full this machine's is, is none of the test's
                self.assert_level("ok", check)
        self.assert_level("ok", checks["store_behind"], "0 events behind")

    def test_says_the_same_to_people(self):
        shown = self.book.run("doctor")
        for row in self.book.run("doctor", "--json").rows():
            self.assertRegex(shown.out, rf"(?m)^{LEVELS[row['level']]} +{row['check']} ")

    def test_a_store_without_a_ledger_is_examined_alone(self):
        checks = self.checks(harness.run("doctor", "--json", "--data", self.directory / "none", "--store",
                                         f"sqlite:{self.book.database}"))
        self.assert_level("skipped", checks["journal"], "no ledger")
        self.assertNotIn("store_behind", checks)


class WhatIsIgnored(Doctor):
    def setUp(self):
        super().setUp()
        (self.book.directory / "journal" / "book").write_bytes(b"nothing of ours")
        self.full = ["disk", "journal_disk"]  # how full this machine's is, is none of the test's

    def test_is_shown_and_does_not_count(self):
        answer = self.book.run("doctor", "--json", "--ignore", ",".join(["journal", *self.full]))
        self.assert_level("crit", self.checks(answer)["journal"], "book")
        self.assertEqual(DONE, answer.code, str(answer))
        shown = self.book.run("doctor", "--ignore", "journal", "--ignore", ",".join(self.full))
        self.assertEqual(DONE, shown.code, str(shown))
        self.assertRegex(shown.out, r"(?m)^CRIT +journal +\(ignored\) ")

    def test_is_nothing_else(self):
        self.assertEqual(FOUND, self.book.run("doctor", "--ignore", "tuning").code)

    def test_has_to_be_a_check(self):
        answer = self.book.run("doctor", "--ignore", "journal,tunning")
        self.assertEqual((USAGE, ""), (answer.code, answer.out), str(answer))
        self.assertIn("'tunning' is no check", answer.err)

    def test_may_be_any_check(self):
        names = {row["check"] for row in self.book.run("doctor", "--json").rows()}
        answer = self.book.run("doctor", "--ignore", ",".join(names))
        self.assertEqual(DONE, answer.code, str(answer))


class OfAJournal(Doctor):
    def only_journal(self, lines):
        """Recorded, and not landed. Returns the place where its bytes end."""
        answer = harness.run("record", "--data", self.book.directory, "--store", "none", "-", stdin=ndjson(lines))
        self.assertEqual(DONE, answer.code, str(answer))
        return len(written(self.segment()))

    def segment(self):
        return max(path for path in self.book.directory.rglob("*.seg") if written(path))

    def test_that_is_damaged(self):
        begin = len(written(self.segment()))
        end = self.only_journal(self.lines[50:100])
        self.only_journal(self.lines[100:])  # a valid frame follows, so it is no torn tail
        content = written(self.segment())
        place = next(place for place in range((begin + end) // 2, end) if content[place])
        with open(self.segment(), "r+b") as file:
            file.seek(place)
            file.write(bytes([content[place] ^ 0x10]))
        self.assert_level("crit", self.examine()["store_behind"], self.segment().name)

    def test_whose_book_file_is_damaged(self):
        (self.book.directory / "journal" / "book").write_bytes(b"nothing of ours")
        self.assert_level("crit", self.examine()["journal"], "book")

    def test_that_the_store_lags_behind(self):
        self.only_journal(self.lines[50:])
        behind = self.examine()["store_behind"]
        self.assert_level("ok", behind)
        self.assertNotIn(" 0 events", f" {behind['value']}")

    def test_that_lost_its_end(self):
        copy = copy_of(self.book, "copy")
        self.book.record_lines(self.lines)
        (copy.directory / "blotter.db").write_bytes(self.book.database.read_bytes())
        self.assert_level("crit", self.examine(copy)["store_behind"], "this journal ends before it")

    def test_of_another_ledger(self):
        other = self.ledger("other")
        other.record_lines(sample(seed=82, orders=60))
        answer = harness.run("doctor", "--json", "--data", other.directory, "--store", f"sqlite:{self.book.database}")
        self.assert_level("crit", self.checks(answer)["store_behind"], "is not the one that the store has")


class OfADatabase(Doctor):
    def ledger(self, name="ledger"):
        return harness.Ledger(self.directory / name, postgres.cluster().new_database())

    def test_with_a_refused_row(self):
        self.assert_level("ok", self.examine()["refused_rows"])
        postgres.psql(self.book.postgres.url, "alter table cash_movements add constraint small check (amount < 1000000)")
        self.book.record_lines([self.lines[3] | {"id": "too-large", "amount": "1000000"}])
        self.assert_level("crit", self.examine()["refused_rows"], "cash_movements", "small")

    def test_whose_tables_it_may_not_read(self):
        cluster, name = postgres.cluster(), self.book.postgres.name
        postgres.psql(self.book.postgres.url, f"create role nobody_yet login password '{CANARY}'")
        self.addCleanup(postgres.psql, self.book.postgres.url, "drop role nobody_yet")
        answer = harness.run("doctor", "--json", "--data", self.book.directory, "--store",
                             cluster.url(name, "nobody_yet"), env={"PGPASSWORD": CANARY})
        checks = self.checks(answer)
        self.assert_level("skipped", checks["schema"], "permission denied", "migrate roles")
        self.assert_level("warn", checks["store_behind"], "permission denied")
        self.assertNotIn(CANARY, answer.out + answer.err)

    def test_whose_cursor_is_locked(self):
        with postgres.held(self.book.postgres.url, "lock table ledger.books in access exclusive mode"):
            behind = self.examine()["store_behind"]
        self.assert_level("warn", behind, "lock timeout")
        self.assert_level("ok", self.examine()["store_behind"])

    def test_that_nobody_reaches(self):
        answer = self.ask_nowhere(self.book.directory)
        self.assert_level("crit", self.checks(answer)["store"], "127.0.0.1")

    def test_that_nobody_reaches_without_a_ledger(self):
        answer = self.ask_nowhere(self.directory / "none")
        self.assertEqual((COULD_NOT, ""), (answer.code, answer.out), str(answer))
        self.assertIn("127.0.0.1", answer.err)

    def ask_nowhere(self, directory):
        answer = harness.run("doctor", "--json", "--data", directory, env={"DATABASE_URL": NOWHERE})
        self.assertNotIn(CANARY, answer.out + answer.err)
        return answer


if __name__ == "__main__":
    harness.main()
