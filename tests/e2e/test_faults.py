"""What crashes and decay do to a ledger: killed at any moment, a torn tail, corruption, a database edited by hand."""

import pathlib
import random
import shutil
import signal
import subprocess
import time

import harness
from harness import DONE, FOUND, copy_of, files_of, ndjson, written
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


def last_segment(ledger):
    """The journal file written last."""
    return max(path for path in ledger.directory.rglob("*.seg") if written(path))


class TornTail(harness.LedgerTest):
    """The process died while it wrote its last frames: a part of them arrived, and neither the database nor a snapshot has
    heard of them."""

    def setUp(self):
        super().setUp()
        self.lines = sample(seed=9, orders=120)
        self.half = len(self.lines) // 2
        self.before = self.ledger("before")
        self.before.record_lines(self.lines[:self.half])
        self.later = copy_of(self.before, "later")
        self.later.record_lines(self.lines[self.half:])
        self.expected = self.later.tables(DIFFERS)
        self.segment = last_segment(self.later).relative_to(self.later.directory)
        self.begin = len(written(self.before.directory / self.segment))
        self.end = len(written(self.later.directory / self.segment))
        self.assertGreater(self.end, self.begin)

    def torn(self, name, size):
        """A ledger as of the first half, whose journal has the rest only up to `size` bytes of the file."""
        ledger = copy_of(self.before, name)
        for path in self.later.directory.rglob("*"):
            there = ledger.directory / path.relative_to(self.later.directory)
            if path.suffix == ".seg" or path.name == "book":
                shutil.copy(path, there)
        with open(ledger.directory / self.segment, "r+b") as file:
            file.truncate(size)
        return ledger

    def test_is_cut_and_reported_and_costs_nothing_acknowledged(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance = random.Random(seed)
        # A byte short of the end, and anywhere between; the first block behind the old end is where the new frames begin.
        first = (self.begin + 4095) // 4096 * 4096 + 1
        for size in [self.end - 1] + [chance.randrange(first, self.end) for _ in range(4)]:
            with self.subTest(f"cut at {size} of {self.begin} to {self.end}, seed {seed}"):
                ledger = self.torn(f"torn-{size}", size)
                answer = ledger.run("record", "--json", "-", stdin=ndjson(self.lines))
                self.assertEqual(DONE, answer.code, str(answer))
                self.assertRegex(answer.err, r"(?i)torn", "what was cut is said")
                self.assertIn(self.segment.name, answer.err, "and where")
                self.assertGreaterEqual(answer.rows()[0]["exists"], self.half, "nothing acknowledged was lost")
                self.assert_same_tables(self.expected, ledger.tables(DIFFERS), DIFFERS, (self.later, ledger))
                self.assert_verified(ledger)
                shutil.rmtree(ledger.directory)

    def test_reading_does_not_cut_it(self):
        ledger = self.torn("read", self.end - 1)
        before = files_of(ledger.directory)
        for verb in ("status", "fills", "verify"):
            answer = ledger.run(verb)
            self.assertIn(answer.code, (DONE, FOUND), str(answer))
        after = files_of(ledger.directory)
        self.assertEqual(before, {name: after.get(name) for name in before})


class Corruption(harness.LedgerTest):
    def setUp(self):
        super().setUp()
        self.lines, self.book = sample(seed=9, orders=120), self.ledger()
        for begin in range(0, len(self.lines), 50):  # several frames, so that valid ones follow a bad one
            self.book.record_lines(self.lines[begin:begin + 50])

    def files(self):
        """What must not change: all but the note who last tried for the lock, and SQLite's files for sharing memory."""
        return {name: sum_ for name, sum_ in files_of(self.book.directory).items()
                if pathlib.Path(name).name not in ("LOCK", "blotter.db-shm", "blotter.db-wal")}

    def test_stops_with_file_and_offset_and_modifies_nothing(self):
        seed = random.SystemRandom().randrange(1 << 32)
        chance, path = random.Random(seed), last_segment(self.book)
        content = written(path)
        # Behind the segment's header, and well before the last frame.
        filled = [place for place in range(4096, len(content) * 2 // 3) if content[place]]
        for place in chance.sample(filled, 5):
            flip(path, place, 1 << chance.randrange(8))
            before = self.files()
            for verb in ("record", "verify"):
                with self.subTest(f"{verb}, byte {place}, seed {seed}"):
                    answer = self.book.run(verb, *(["-"] if verb == "record" else []), stdin=ndjson(self.lines))
                    self.assertEqual(FOUND, answer.code, str(answer))
                    said = answer.out + answer.err
                    self.assertIn(path.name, said, "names the file")
                    offsets = [int(number) for number in harness.numbers(said.replace(path.name, ""))]
                    # The frame that holds the byte begins at a block, at or before it.
                    self.assertTrue(any(4096 <= o <= place and o % 512 == 0 for o in offsets), f"names the offset: {said}")
            self.assertEqual(before, self.files(), f"nothing is modified (byte {place}, seed {seed})")
            with open(path, "r+b") as file:
                file.seek(place)
                file.write(content[place:place + 1])
        self.assert_verified(self.book)


def flip(path, place, bits):
    with open(path, "r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ bits]))


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
            "positions": "update positions set realized_pnl = '1000000'"
                         " where last_seq = (select min(last_seq) from positions)",
            "balances": "update balances set amount = '1000000' where asset = 'USD'",
            "cash_movements": "update cash_movements set amount = '1' where seq = (select min(seq) from cash_movements)",
            "order_events": "update order_events set at = '2001-01-01T00:00:00.000000000Z'"
                            " where seq = (select max(seq) from order_events)",
            "pnl_daily": "update pnl_daily set realized_pnl = '5' where last_seq = (select min(last_seq) from pnl_daily)",
        }
        for table, sql in changes.items():
            with self.subTest(table):
                self.assertEqual(1, self.book.change(sql))
                self.found(table)
                self.restored()

    def test_one_missing_row(self):
        for table, row in (("fills", "seq = (select max(seq) from fills)"),
                           ("order_events", "seq = (select max(seq) from order_events)"),
                           ("orders", "first_seq = (select min(first_seq) from orders)"),
                           ("cash_movements", "seq = (select min(seq) from cash_movements)"),
                           ("balances", "asset = 'BNB'")):
            with self.subTest(table):
                self.assertEqual(1, self.book.change(f"delete from {table} where {row}"))
                self.found(table)
                self.restored()

    def test_one_row_too_many(self):
        columns = [c for c in self.book.query("select * from balances limit 1")[0] if c != "asset"]
        names = ", ".join(columns)
        self.assertEqual(1, self.book.change(
            f"insert into balances ({names}, asset) select {names}, 'GOLD' from balances limit 1"))
        self.found("balances")

    def test_one_flipped_byte_of_the_journal(self):
        path = last_segment(self.book)
        for place in (4096 + 8, 4096 + 200, len(written(path)) - 1):
            with self.subTest(f"byte {place}"):
                flip(path, place, 0x10)
                answer = self.book.run("verify")
                self.assertEqual(FOUND, answer.code, str(answer))
                self.assertIn(path.name, answer.out + answer.err, "names the file")
                flip(path, place, 0x10)
        self.assert_verified(self.book)


if __name__ == "__main__":
    harness.main()
