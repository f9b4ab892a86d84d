"""`store rebuild` deletes a book's rows: only when somebody says so, and only what the journal can bring back."""

import os
import re
import subprocess

import harness
import postgres
from harness import COULD_NOT, DONE, FOUND, copy_of, written
from sample import sample

PAGE = harness.PROJECT / "docs" / "operating" / "durability.md"
EPOCH = ["books.epoch"]
FORGET = ("--yes", "--forget-other-events")


class Rebuild(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.lines = sample(seed=71, orders=40)
        self.book = self.ledger()
        self.book.record_lines(self.lines[:-10])

    def store(self):
        return self.book.postgres.url if self.book.postgres else f"sqlite:{self.book.database}"

    def rebuild_from(self, ledger, *flags):
        """The store of `self.book`, from the journal of another ledger."""
        return harness.run("store", "rebuild", "--data", ledger.directory, "--store", self.store(), *flags)

    def refuses(self, answer, code, *words):
        self.assertEqual(code, answer.code, str(answer))
        for word in (*words, "nothing was changed"):
            self.assertIn(word, answer.err)

    def test_needs_yes_where_there_are_rows(self):
        before, last = self.book.tables(), self.book.status()["stored"]
        self.refuses(self.book.run("store rebuild"), COULD_NOT, "--yes", f"events 1 to {last}")
        self.assertEqual(before, self.book.tables(), "not even the epoch")
        self.assertEqual(DONE, self.book.run("store rebuild", "--yes").code)
        self.assert_verified(self.book)

    def test_an_empty_store_needs_none(self):
        answer = harness.run("store", "rebuild", "--data", self.book.directory, "--store",
                             f"sqlite:{self.directory}/new.db")
        self.assertEqual(DONE, answer.code, str(answer))

    def test_a_journal_that_ends_earlier_empties_nothing(self):
        """A copy, from before the last records, whose own epoch is higher."""
        copy = copy_of(self.book, "copy")
        self.book.record_lines(self.lines)
        before, last = self.book.tables(), self.book.status()["stored"]
        for _ in range(4):
            self.assertEqual(DONE, copy.run("store catch-up").code)
        for flags in ((), ("--yes",)):
            self.refuses(self.rebuild_from(copy, *flags), FOUND, f"has event {last} of book main", "longer journal",
                         "--forget-other-events")
        self.refuses(self.rebuild_from(copy, "--forget-other-events"), COULD_NOT, "--yes")
        self.assertEqual(before, self.book.tables())
        self.assertGreater(self.book.record_lines(sample(seed=72, orders=5, account="OTHER"))["created"], 0)
        self.assertEqual(0, self.book.rows("store status")[0]["behind"], "its writer is not fenced")
        answer = self.rebuild_from(copy, *FORGET)
        self.assertEqual(DONE, answer.code, str(answer))
        self.assertLess(copy.status()["durable"], last)
        self.assertEqual([{"applied_seq": copy.status()["durable"]}], self.book.query("select applied_seq from books"))

    def test_another_journal_empties_nothing(self):
        """As long as this one: only the hash of the last event tells."""
        other = harness.Ledger(self.directory / "other")
        other.record_lines(sample(seed=73, orders=80))
        self.assertGreater(other.status()["durable"], self.book.status()["durable"])
        before = self.book.tables()
        for flags in ((), ("--yes",)):
            self.refuses(self.rebuild_from(other, *flags), FOUND, "another journal", "--forget-other-events")
        self.assertEqual(before, self.book.tables())
        answer = self.rebuild_from(other, *FORGET)
        self.assertEqual(DONE, answer.code, str(answer))
        verified = harness.run("verify", "--data", other.directory, "--store", self.store())
        self.assertEqual(DONE, verified.code, str(verified))

    def test_a_damaged_journal_empties_nothing(self):
        """Opening reads the last segment only; a rebuild would find out when the rows are gone."""
        book = self.ledger("damaged")
        self.assertEqual(DONE, book.run("init", "--segment-mib", "1").code)
        book.record("-", stdin=harness.run("simulate", "--seed", "7", "--lines", "12000").out)
        first = min(book.directory.rglob("*.seg"))
        self.assertGreater(len([path for path in book.directory.rglob("*.seg") if written(path)]), 1)
        content, before = written(first), book.tables()
        place = next(place for place in range(len(content) // 2, len(content)) if content[place])
        with open(first, "r+b") as file:
            file.seek(place)
            file.write(bytes([content[place] ^ 0x10]))
        for flags in (("--yes",), FORGET):
            self.refuses(book.run("store rebuild", *flags), FOUND, first.name)
        self.assertEqual(before, book.tables())


class RebuildInPostgres(harness.InPostgres, Rebuild):
    pass


class ThePage(harness.LedgerTest):
    """The commands of durability.md beside a production database whose URL is in the environment."""

    def test_proving_a_copy_leaves_production_alone(self):
        book = harness.Ledger(self.directory / "blotter-data", postgres.cluster().new_database())
        lines = sample(seed=74, orders=30)
        book.record_lines(lines[:-1])
        before = book.tables()
        section = re.search(r"^## Copies$(.*?)(?=^## )", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        script = re.search(r"^```\n(.*?)^```", section.group(1), re.MULTILINE | re.DOTALL).group(1)
        (self.directory / "bin").mkdir()
        (self.directory / "bin" / "blotter").symlink_to(harness.binary())
        environment = {"PATH": f"{self.directory / 'bin'}:{os.environ['PATH']}", "DATABASE_URL": book.postgres.url}
        done = subprocess.run(["sh", "-ec", script], cwd=self.directory, env=harness.ENVIRONMENT | environment,
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, f"{script}\n{done.stdout}{done.stderr}")
        self.assertIn("verified:", done.stdout)
        self.assertEqual(before, book.tables())
        copy = harness.Ledger(self.directory / "copy-ledger")
        self.assert_same_tables(book.tables(EPOCH), copy.tables(EPOCH), EPOCH)
        self.assertEqual(1, book.record_lines(lines)["created"], "its writer is not fenced")


if __name__ == "__main__":
    harness.main()
