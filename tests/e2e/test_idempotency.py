"""Once and only once: the same input again, contradicting input, bad input, and two writers at a time."""

import json
import subprocess
import time

import harness
from harness import COULD_NOT, DONE, FOUND, USAGE, ndjson
from sample import START, sample

EPOCH = ["books.epoch"]  # every writer gets a new one: the only thing a repetition may change


class Repetition(harness.LedgerTest):
    def test_the_same_file_again_changes_nothing(self):
        lines, ledger = sample(seed=1), self.ledger()
        first = ledger.record_lines(lines)
        self.assertEqual((len(lines), len(lines), 0, 0, 0, 0), tuple(first[k] for k in (
            "lines", "created", "exists", "conflict", "invalid", "quarantined")))
        before, status = ledger.tables(EPOCH), ledger.status()
        for _ in range(3):
            again = ledger.record_lines(lines)
            self.assertEqual((len(lines), 0, len(lines), 0), tuple(again[k] for k in (
                "lines", "created", "exists", "conflict")))
            self.assert_same_tables(before, ledger.tables(EPOCH), EPOCH)
        self.assertEqual(status["appended"], ledger.status()["appended"], "nothing was journalled either")
        self.assert_verified(ledger)

    def test_lines_doubled_within_one_file(self):
        lines, once, twice = sample(seed=2), self.ledger("once"), self.ledger("twice")
        once.record_lines(lines)
        summary = twice.record_lines([line for line in lines for _ in range(2)])
        self.assertEqual((len(lines), len(lines)), (summary["created"], summary["exists"]))
        ignore = EPOCH + ["received_at", "recorded_at"]
        self.assert_same_tables(once.tables(ignore), twice.tables(ignore), ignore, (once, twice))

    def test_an_interrupted_file_and_then_the_whole(self):
        lines, whole, pieces = sample(seed=3), self.ledger("whole"), self.ledger("pieces")
        whole.record_lines(lines)
        for end in (10, 25, 60, len(lines)):
            pieces.record_lines(lines[:end])
        ignore = EPOCH + ["received_at", "recorded_at"]
        self.assert_same_tables(whole.tables(ignore), pieces.tables(ignore), ignore, (whole, pieces))

    def test_more_closed_orders_than_anybody_keeps_in_memory(self):
        """Old orders may leave memory; offering them again must not bring anything back into the journal."""
        lines, ledger = [], self.ledger()
        for number in range(20_000):
            about = {"account": "ACME", "at": START + number, "client_order_id": f"o-{number}"}
            lines.append({"type": "order", **about, "symbol": "X", "venue": "SIM", "side": "buy", "quantity": "1",
                          "order_type": "limit", "limit_price": "10"})
            lines.append({"type": "order_status", **about, "status": "canceled"})
        ledger.record_lines(lines)
        before, status = ledger.tables(EPOCH), ledger.status()
        again = ledger.record_lines(lines)
        self.assertEqual((0, len(lines)), (again["created"], again["exists"]))
        self.assertEqual(status["appended"], ledger.status()["appended"])
        self.assert_same_tables(before, ledger.tables(EPOCH), EPOCH)

    def test_the_spelling_of_a_line_is_not_its_content(self):
        lines, ledger = sample(seed=4), self.ledger()
        ledger.record_lines(lines)
        respelled = []
        for line in lines:
            line = dict(reversed(line.items()))
            for field in ("quantity", "price", "amount"):
                if field in line:
                    line[field] = line[field] + ("0" if "." in line[field] else ".000")
            respelled.append(line)
        summary = ledger.record_lines(respelled)
        self.assertEqual((0, len(lines), 0), tuple(summary[k] for k in ("created", "exists", "conflict")))


class Conflict(harness.LedgerTest):
    def test_the_same_identity_with_other_content(self):
        lines, ledger = sample(seed=5), self.ledger()
        ledger.record_lines(lines)
        fill = next(line for line in lines if line["type"] == "fill")
        cash = next(line for line in lines if line["type"] == "cash")
        position, balances = ledger.positions(), ledger.balances()

        changed = [fill | {"price": "12345.67"}, cash | {"amount": "77777.77"}]
        answer = ledger.run("record", "--json", "-", stdin=ndjson(changed))
        self.assertIn(answer.code, (DONE, FOUND), str(answer))
        summary = answer.rows()[0]
        self.assertEqual((0, 0, 2), tuple(summary[k] for k in ("created", "exists", "conflict")), answer)

        self.assertEqual((position, balances), (ledger.positions(), ledger.balances()), "a conflict moves nothing")
        self.assertEqual(2, ledger.status()["conflicts"])
        rows = ledger.rows("quarantine")
        self.assertEqual(["conflict", "conflict"], [row["reason"] for row in rows])
        for row, offered, held in zip(rows, ("12345.67", "77777.77"), (fill["price"], "100000")):
            self.assertIn(offered, row["content"])
            self.assertIn(held.rstrip("0").rstrip("."), row["existing"])
            self.assertEqual("ACME", row["account"])
        self.assert_verified(ledger)

        # A conflict has an identity too: offered again, it is kept once.
        before = ledger.tables(EPOCH)
        ledger.run("record", "-", stdin=ndjson(changed))
        self.assert_same_tables(before, ledger.tables(EPOCH), EPOCH)


class BadInput(harness.LedgerTest):
    def test_an_invalid_line_is_named_and_the_rest_goes_on(self):
        lines, clean, dirty = sample(seed=6), self.ledger("clean"), self.ledger("dirty")
        clean.record_lines(lines)
        order = next(line for line in lines if line["type"] == "order")
        fill = next(line for line in lines if line["type"] == "fill")
        bad = {
            3: "this is not JSON",
            7: json.dumps(order | {"client_order_id": "new", "quantity": "-1"}),
            12: json.dumps(fill | {"exec_id": "new", "price": "1.0000000000000000001"}),
            20: json.dumps(fill | {"exec_id": "new", "at": "yesterday"}),
            21: json.dumps({"type": "fill", "account": "ACME", "at": 1}),
            30: json.dumps(order | {"client_order_id": "new", "side": "long"}),
            31: json.dumps({"type": "telegram", "account": "ACME", "at": 1}),
            32: json.dumps(fill | {"exec_id": "new", "price": "1", "surprise": True}),
        }
        texts = [json.dumps(line) for line in lines]
        for number, text in sorted(bad.items()):
            texts.insert(number - 1, text)

        answer = dirty.run("record", "--json", "-", stdin="\n".join(texts) + "\n")
        self.assertEqual(FOUND, answer.code, str(answer))
        summary = answer.rows()[0]
        self.assertEqual((len(texts), len(lines), len(bad)), tuple(summary[k] for k in ("lines", "created", "invalid")))
        for number in bad:
            self.assertRegex(answer.err, rf"(?m)\bline {number}\b.*\w", "line number and reason")
        ignore = EPOCH + ["received_at", "recorded_at"]
        self.assert_same_tables(clean.tables(ignore), dirty.tables(ignore), ignore, (clean, dirty))
        self.assert_verified(dirty)

    def refused(self, *arguments, code=COULD_NOT):
        ledger = self.ledger("never")
        answer = ledger.run("record", *arguments)
        self.assertEqual(code, answer.code, str(answer))
        self.assertTrue(answer.err.strip(), "it says why")
        self.assertFalse(ledger.directory.exists(), "nothing was written")
        return answer

    def test_a_file_that_is_not_there(self):
        answer = self.refused(self.directory / "missing.ndjson")
        self.assertIn("missing.ndjson", answer.err)

    def test_a_file_of_another_format(self):
        prose = self.directory / "prose.txt"
        prose.write_text("Dear broker,\nplease buy low and sell high.\n", encoding="utf-8")
        reports = self.directory / "reports.ndjson"
        reports.write_text(ndjson(sample(seed=7)), encoding="utf-8")
        self.refused(prose)
        self.refused("--feed", "bitstamp-l3", prose)
        self.refused("--feed", "bitstamp-l3", reports)
        self.refused("--feed", "lobster", "--symbol", "AAPL", "--date", "2012-06-21", reports)
        packed = self.directory / "cut.xz"
        packed.write_bytes(b"\xfd7zXZ\x00\x00\x04\xe6\xd6\xb4\x46 this is not how it goes on")
        self.refused(packed)

    def test_a_wrong_command_line(self):
        self.refused(code=USAGE)
        self.refused("--no-such-option", "-", code=USAGE)
        self.assertEqual(USAGE, harness.run("no-such-verb").code)

    def test_reading_a_ledger_that_is_not_there(self):
        ledger = self.ledger("never")
        for verb in ("status", "orders", "fills", "positions", "balances", "pnl", "events", "verify"):
            answer = ledger.run(verb)
            self.assertEqual(COULD_NOT, answer.code, str(answer))
            self.assertFalse(ledger.directory.exists(), verb)


class TwoAtATime(harness.LedgerTest):
    """One writer with an open pipe; others come meanwhile."""

    def setUp(self):
        super().setUp()
        self.lines, self.book = sample(seed=8), self.ledger()
        self.writer = self.book.start("record", "--json", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end_writer)
        self.give(self.lines[:30])
        self.wait_for(self.writer_has_the_lock, "the writer has made its ledger and holds its lock")

    def writer_has_the_lock(self):
        return any(str(self.writer.pid) in lock.read_text(encoding="utf-8").split()
                   for lock in self.book.directory.rglob("LOCK")) and self.book.run("status").code == DONE

    def end_writer(self):
        if self.writer.poll() is None:
            self.writer.kill()
        self.writer.communicate()

    def give(self, lines):
        self.writer.stdin.write(ndjson(lines))
        self.writer.stdin.flush()

    def wait_for(self, condition, what, seconds=20):
        deadline = time.monotonic() + seconds
        while not condition():
            if self.writer.poll() is not None:
                self.fail(f"the writer ended with {self.writer.returncode}: {self.writer.stderr.read()}")
            if time.monotonic() > deadline:
                self.fail(f"not within {seconds} s: {what}")
            time.sleep(0.02)

    def test_the_second_writer_is_refused_and_told_who_holds_the_lock(self):
        answer = self.book.run("record", "-", stdin=ndjson(self.lines))
        self.assertEqual(COULD_NOT, answer.code, str(answer))
        self.assertRegex(answer.err, rf"\b{self.writer.pid}\b")
        # The first goes on unharmed.
        self.give(self.lines[30:])
        out, err = self.writer.communicate(timeout=60)
        self.assertEqual(DONE, self.writer.returncode, err)
        self.assertEqual(len(self.lines), json.loads(out)[0]["created"])
        self.assert_verified(self.book)

    def test_a_dead_writers_lock_holds_nobody_up(self):
        self.writer.kill()
        self.writer.communicate()
        self.book.record_lines(self.lines)
        other = self.ledger("other")
        other.record_lines(self.lines)
        ignore = EPOCH + ["received_at", "recorded_at"]
        self.assert_same_tables(other.tables(ignore), self.book.tables(ignore), ignore, (other, self.book))

    def test_reading_verbs_work_meanwhile(self):
        fills = sum(line["type"] == "fill" for line in self.lines[:30])
        self.wait_for(lambda: self.book.run("fills").code == DONE, "the store is there")
        self.wait_for(lambda: len(self.book.rows("fills")) == fills, "what was piped in shows, before the pipe ends")
        order = next(line for line in self.lines if line["type"] == "order")["client_order_id"]
        for verb in ("status", "orders", f"order {order}", "fills", "positions", "balances", "pnl", "events", "quarantine"):
            self.assertIsInstance(self.book.rows(verb), list)
        self.assert_verified(self.book)
        self.give(self.lines[30:])
        fills = sum(line["type"] == "fill" for line in self.lines)
        self.wait_for(lambda: len(self.book.rows("fills")) == fills, "so does what came later")


class RepetitionInPostgres(harness.InPostgres, Repetition):
    """The same input, the same oracle, the other database."""


class ConflictInPostgres(harness.InPostgres, Conflict):
    """The same input, the same oracle, the other database."""


class TwoAtATimeInPostgres(harness.InPostgres, TwoAtATime):
    """The same input, the same oracle, the other database."""


if __name__ == "__main__":
    harness.main()
