"""Every way from SQLite to PostgreSQL, with the very commands of docs/operating/moving-from-sqlite.md."""

import os
import random
import re
import signal
import subprocess

import harness
import postgres
from harness import DONE, FOUND
from sample import sample

PAGE = harness.PROJECT / "docs" / "operating" / "moving-from-sqlite.md"
URL_ON_THE_PAGE = "postgresql://blotter@db.example/blotter"
EPOCH = ["books.epoch"]
TIMES = ["received_at", "recorded_at"]
KILLS = 6


def commands(heading):
    """The blocks of one section of the page, as one script."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return "\n".join(re.findall(r"^```\n(.*?)^```", section.group(1), re.MULTILINE | re.DOTALL))


class ThePage(harness.LedgerTest):
    """Half of a day was recorded with SQLite; flow.ndjson is the whole day."""

    def setUp(self):
        super().setUp()
        lines = sample(seed=31, orders=80)
        self.whole, self.moved = self.ledger("whole"), harness.Ledger(self.directory / "blotter-data")
        self.whole.record_lines(lines)
        self.moved.record_lines(lines[:len(lines) // 2])
        self.sqlite_before = harness.written(self.moved.database)
        (self.directory / "flow.ndjson").write_text(harness.ndjson(lines), encoding="utf-8")
        (self.directory / "bin").mkdir()
        (self.directory / "bin" / "blotter").symlink_to(harness.binary())
        self.database = postgres.cluster().new_database()

    def follow(self, heading):
        script = commands(heading).replace(URL_ON_THE_PAGE, f"'{self.database.url}'")
        self.assertIn("blotter ", script)
        path = f"{self.directory / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-ec", script], cwd=self.directory, env=harness.ENVIRONMENT | {"PATH": path},
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(0, done.returncode, f"{script}\n{done.stdout}{done.stderr}")
        return done.stdout

    def check(self):
        """What PostgreSQL has now is what an undisturbed SQLite ledger has."""
        there = harness.Ledger(self.moved.directory, self.database)
        self.assertEqual(DONE, there.run("record", self.directory / "flow.ndjson").code)
        ignore = EPOCH + TIMES
        self.assert_same_tables(self.whole.tables(ignore), there.tables(ignore), ignore, (self.whole, there))
        self.assert_verified(there)
        self.assertEqual(self.sqlite_before, harness.written(self.moved.database), "the SQLite file is only read")

    def test_change_the_url(self):
        self.assertIn("verified:", self.follow("Change the URL"))
        self.check()

    def test_copy_the_rows(self):
        self.assertIn("verified:", self.follow("Copy the rows"))
        self.check()

    def test_build_it_again(self):
        self.assertIn("verified:", self.follow("Build it again"))
        self.check()

    def test_and_back(self):
        self.follow("Change the URL")
        back = self.moved.run("store catch-up", "--json")
        self.assertEqual(DONE, back.code, str(back))
        self.assertEqual(self.moved.status()["durable"], back.rows()[0]["stored"])
        self.assert_verified(self.moved)


class Copy(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        simulated = harness.run("simulate", "--seed", "8", "--lines", "15000").out
        self.book = self.ledger("book")
        self.book.record("-", stdin=simulated)
        self.source = f"sqlite:{self.book.database}"
        self.there = harness.Ledger(self.book.directory, postgres.cluster().new_database())

    def copy(self, *arguments):
        return harness.run("store", "copy", "--data", self.book.directory, "--from", self.source, "--to",
                           self.there.postgres.url, *arguments)

    def test_killed_again_and_again_and_resumed(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance, hit = random.Random(seed), 0
        print(f"\nseed {seed}")
        command = [harness.binary(), "store", "copy", "--data", self.book.directory, "--from", self.source, "--to",
                   self.there.postgres.url]
        for _ in range(KILLS):
            process = subprocess.Popen(list(map(str, command)), env=harness.ENVIRONMENT, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(timeout=chance.uniform(0.02, 0.5))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            hit += process.returncode == -signal.SIGKILL
        print(f"{hit} of {KILLS} kills found it at work")
        done = self.copy()
        self.assertEqual(DONE, done.code, str(done))
        self.assert_same_tables(self.book.tables(), self.there.tables(), (), (self.book, self.there))
        self.assert_verified(self.there)

    def test_a_difference_is_found_and_named(self):
        self.assertEqual(DONE, self.copy().code)
        self.assertEqual(1, self.there.change("update fills set price = price + 1 where seq = (select min(seq) from fills)"))
        again = self.copy()
        self.assertEqual(FOUND, again.code, str(again))
        self.assertIn("fills", again.out + again.err)

    def test_goes_on_into_a_target_whose_fills_were_retired(self):
        lines = harness.run("simulate", "--seed", "8", "--lines", "15000").out.splitlines(keepends=True)
        self.book = self.ledger("growing")
        self.source = f"sqlite:{self.book.database}"
        self.there = harness.Ledger(self.book.directory, postgres.cluster().new_database())
        self.book.record("-", stdin="".join(lines[:8000]))
        self.assertEqual(DONE, self.copy().code)
        before = {row["seq"]: row["status"] for row in self.book.rows("fills", "--limit", "100000")}
        self.assertEqual(DONE, self.there.run("partitions set fills", "--retention", "3 months").code)
        retired = self.there.run("partitions retire", "--yes", "--archive", self.directory / "archive")
        self.assertEqual(DONE, retired.code, str(retired))

        self.book.record("-", stdin="".join(lines[8000:]))
        after = self.book.rows("fills", "--limit", "100000")
        self.assertTrue([row for row in after if row["status"] != before.get(row["seq"], row["status"])],
                        "fills that are in the archive were busted or corrected")
        more = self.copy()
        self.assertEqual(FOUND, more.code, f"the source has more fills: {more}")
        self.assertEqual([], self.there.rows("store refused"))
        self.assert_verified(self.there)


if __name__ == "__main__":
    harness.main()
