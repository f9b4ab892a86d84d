"""What crashes and decay do to a ledger: killed at any moment, a torn tail, corruption, a database edited by hand."""

import pathlib
import random
import shutil
import signal
import subprocess
import time

import harness
from harness import DONE, FOUND, files_of, ndjson
from sample import sample

# A repetition gets a new epoch, and a later clock; nothing else may differ from an undisturbed run.
DIFFERS = ["books.epoch", "received_at", "recorded_at"]
KILLS = 12


class Killed(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        simulated = harness.run("simulate", "--seed", "5", "--lines", "20000")
        self.assertEqual(DONE, simulated.code, simulated.err)
        self.assertEqual(20_000, simulated.out.count("\n"))
        self.file = self.directory / "day.ndjson"
        self.file.write_text(simulated.out, encoding="utf-8")
        self.undisturbed = self.ledger("undisturbed")
        begin = time.monotonic()
        self.undisturbed.record(self.file)
        self.seconds = time.monotonic() - begin
        self.expected = self.undisturbed.tables(DIFFERS)

    def killed_after(self, ledger, seconds):
        """Starts `record`, kills it after that long; True when it was still at work."""
        process = ledger.start("record", self.file, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return process.returncode == -signal.SIGKILL

    def check_end_state(self, ledger, what):
        summary = ledger.record(self.file)
        self.assertEqual((20_000, 0, 0), tuple(summary[k] for k in ("lines", "conflict", "invalid")), what)
        self.assert_same_tables(self.expected, ledger.tables(DIFFERS), DIFFERS, (self.undisturbed, ledger))
        self.assert_verified(ledger)

    def test_killed_once_then_the_same_command_again(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance, hit = random.Random(seed), 0
        print(f"\nseed {seed}; an undisturbed run takes {self.seconds:.2f} s")
        for kill in range(KILLS):
            after = self.seconds * (kill + chance.random()) / KILLS
            with self.subTest(f"kill {kill} after {after:.3f} s, seed {seed}"):
                ledger = self.ledger(f"killed-{kill}")
                hit += self.killed_after(ledger, after)
                self.check_end_state(ledger, f"killed after {after:.3f} s, seed {seed}")
                shutil.rmtree(ledger.directory)
        print(f"{hit} of {KILLS} kills found it at work")
        self.assertGreaterEqual(hit, KILLS // 2)

    def test_killed_again_and_again_on_one_ledger(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance, ledger, hit = random.Random(seed), self.ledger("unlucky"), 0
        for _ in range(KILLS):
            hit += self.killed_after(ledger, self.seconds * chance.uniform(0.02, 0.6))
        print(f"\nseed {seed}: {hit} of {KILLS} kills found it at work")
        self.check_end_state(ledger, f"seed {seed}")


class DamagedJournal(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.lines = sample(seed=9, orders=120)
        self.half = len(self.lines) // 2

    def segment(self, ledger):
        """The segment written last, relative to the ledger's directory."""
        return max(p.relative_to(ledger.directory) for p in ledger.directory.rglob("*.seg")
                   if p.read_bytes().strip(b"\0"))

    def written(self, path):
        """How many bytes of a preallocated segment hold something."""
        return len(path.read_bytes().rstrip(b"\0"))

    def torn(self, name, cut):
        """A ledger whose process died while it wrote the second half of the lines: of those bytes only a part arrived
        (`cut` says at which byte the file ends), and neither database nor snapshots had heard of them."""
        ledger, later = self.ledger(name), self.ledger(name + "-later")
        ledger.record_lines(self.lines[:self.half])
        shutil.copytree(ledger.directory, later.directory)
        later.record_lines(self.lines[self.half:])
        segment = self.segment(later)
        before = self.written(ledger.directory / segment)
        for path in later.directory.rglob("*"):
            # Segments and what a writer leaves at opening, but no database and no snapshot.
            relative = path.relative_to(later.directory)
            if path.is_file() and (path.suffix == ".seg" or (ledger.directory / relative).exists()) \
                    and not path.name.startswith("blotter.db") and "snap" not in path.name:
                shutil.copy(path, ledger.directory / relative)
        written = self.written(ledger.directory / segment)
        self.assertGreater(written, before)
        with open(ledger.directory / segment, "r+b") as file:
            file.truncate(cut(before, written))
        return ledger

    def test_a_torn_tail_is_cut_and_reported(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        undisturbed = self.ledger("undisturbed")
        undisturbed.record_lines(self.lines)
        expected = undisturbed.tables(DIFFERS)
        cuts = [lambda before, written: written - 1]
        cuts += [lambda before, written: chance.randrange(before + 4096, written) if written > before + 4096
                 else written - 1] * 4
        for number, cut in enumerate(cuts):
            with self.subTest(f"cut {number}, seed {seed}"):
                ledger = self.torn(f"torn-{number}", cut)
                answer = ledger.run("record", "--json", "-", stdin=ndjson(self.lines))
                self.assertEqual(DONE, answer.code, str(answer))
                self.assertRegex(answer.err, r"(?i)torn", "what was cut is said")
                self.assertIn(".seg", answer.err, "and where")
                summary = answer.rows()[0]
                self.assertGreaterEqual(summary["exists"], self.half, "nothing acknowledged was lost")
                self.assert_same_tables(expected, ledger.tables(DIFFERS), DIFFERS, (undisturbed, ledger))
                self.assert_verified(ledger)

    def test_corruption_stops_with_file_and_offset_and_nothing_is_modified(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        for number in range(5):
            ledger = self.ledger(f"corrupt-{number}")
            for begin in range(0, len(self.lines), 50):  # several frames, so that valid ones follow the bad one
                ledger.record_lines(self.lines[begin:begin + 50])
            path = ledger.directory / self.segment(ledger)
            content = bytearray(path.read_bytes())
            filled = [i for i in range(4096, self.written(path) * 2 // 3) if content[i]]
            place = chance.choice(filled)
            content[place] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
            before = self.files(ledger)
            for verb in (("record", "-"), ("verify",)):
                with self.subTest(f"{verb[0]}, byte {place}, seed {seed}"):
                    answer = ledger.run(*verb, stdin=ndjson(self.lines))
                    self.assertEqual(FOUND, answer.code, str(answer))
                    self.assertIn(path.name, answer.out + answer.err)
                    # The frame begins at a block at or before the flipped byte.
                    offsets = [int(n) for n in harness.numbers((answer.out + answer.err).replace(path.name, ""))]
                    self.assertTrue(any(o % 512 == 0 and place - (1 << 20) <= o <= place + 4096 for o in offsets if o),
                                    f"names the offset of byte {place}: {answer}")
            self.assertEqual(before, self.files(ledger), f"nothing is modified (seed {seed})")

    def files(self, ledger):
        """What must not change: all but the note who last tried for the lock, and SQLite's files for sharing memory."""
        return {name: sum_ for name, sum_ in files_of(ledger.directory).items()
                if pathlib.Path(name).name not in ("LOCK", "blotter.db-shm", "blotter.db-wal")}


class EditedDatabase(harness.LedgerTest):
    """`verify` compares the database with the journal: whatever somebody changes there shows."""

    def setUp(self):
        super().setUp()
        self.book = self.ledger()
        self.book.record_lines(sample(seed=10, orders=60))
        self.assert_verified(self.book)

    def found(self, table):
        answer = self.book.run("verify")
        self.assertEqual(FOUND, answer.code, str(answer))
        self.assertIn(table, answer.out + answer.err, "names the table")

    def restored(self):
        """The database is a projection: it can be made again from the journal."""
        before = self.book.run("store rebuild", "--yes")
        self.assertEqual(DONE, before.code, str(before))
        self.assert_verified(self.book)

    def test_one_changed_row(self):
        changes = {
            "fills": "update fills set price = '1.23' where seq = (select max(seq) from fills)",
            "orders": "update orders set filled_quantity = '0.25' where last_seq = (select max(last_seq) from orders)",
            "positions": "update positions set realized_pnl = '1000000' where rowid = (select min(rowid) from positions)",
            "balances": "update balances set amount = '1000000' where asset = 'USD'",
            "cash_movements": "update cash_movements set amount = '1' where seq = (select min(seq) from cash_movements)",
            "order_events": "update order_events set at = '2001-01-01T00:00:00.000000000Z'"
                            " where seq = (select max(seq) from order_events)",
            "pnl_daily": "update pnl_daily set realized_pnl = '5' where rowid = (select min(rowid) from pnl_daily)",
        }
        for table, sql in changes.items():
            with self.subTest(table):
                self.assertEqual(1, self.book.change(sql.replace("rowid", self.key(table))))
                self.found(table)
                self.restored()

    def key(self, table):
        """rowid, or where the table has none, its last_seq: unique enough to name one row of this small ledger."""
        sql = self.book.query("select sql from sqlite_master where name = ?", table)[0]["sql"]
        return "last_seq" if "without rowid" in sql.lower() else "rowid"

    def test_one_missing_row(self):
        for table in ("fills", "order_events", "cash_movements", "balances"):
            with self.subTest(table):
                key = "last_seq" if table == "balances" else "seq"
                sql = f"delete from {table} where {key} = (select max({key}) from {table})"
                self.assertEqual(1, self.book.change(sql))
                self.found(table)
                self.restored()

    def test_one_row_too_many(self):
        columns = [c for c in self.book.query("select * from balances limit 1")[0] if c != "asset"]
        names = ", ".join(columns)
        self.assertEqual(1, self.book.change(
            f"insert into balances ({names}, asset) select {names}, 'GOLD' from balances limit 1"))
        self.found("balances")

    def test_one_flipped_byte_of_the_journal(self):
        path = max(p for p in self.book.directory.rglob("*.seg") if p.read_bytes().strip(b"\0"))
        content = bytearray(path.read_bytes())
        for place in (4096 + 8, 4096 + 200, len(bytes(content).rstrip(b"\0")) - 1):
            with self.subTest(f"byte {place}"):
                content[place] ^= 0x10
                path.write_bytes(content)
                answer = self.book.run("verify")
                self.assertEqual(FOUND, answer.code, str(answer))
                self.assertIn(path.name, answer.out + answer.err, "names the file")
                content[place] ^= 0x10
                path.write_bytes(content)
        self.assert_verified(self.book)


if __name__ == "__main__":
    harness.main()
