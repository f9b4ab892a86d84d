"""What every end-to-end test needs: run the real binary, read its JSON, look into its SQLite file or its PostgreSQL.

BLOTTER_BIN          the program under test. A test that needs it fails when it is missing.
BLOTTER_TEST_DATA    real trading data (default: ../shared/data beside the project). Where a file is absent, the tests that
                     need it are skipped and say which file.
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

import postgres

PROJECT = pathlib.Path(__file__).resolve().parents[2]
DATA = pathlib.Path(os.environ.get("BLOTTER_TEST_DATA") or PROJECT.parent / "shared" / "data")

# Exit codes of every verb.
DONE, FOUND, COULD_NOT, USAGE = 0, 1, 2, 64

# ctest shows a program that ends so as "Skipped".
SKIPPED = 77


def data_file(name):
    """The path of a file of real data, or the reason to skip the test."""
    path = DATA / name
    if not path.exists():
        raise unittest.SkipTest(f"real data is not here: {name} (looked in {DATA})")
    return path


def binary():
    path = os.environ.get("BLOTTER_BIN")
    if not path:
        raise AssertionError("BLOTTER_BIN is not set: it names the blotter program to test")
    if not os.access(path, os.X_OK):
        raise AssertionError(f"BLOTTER_BIN={path} is not a program")
    return path


class Answer:
    """How one run of the program ended."""

    def __init__(self, arguments, code, out, err):
        self.arguments, self.code, self.out, self.err = arguments, code, out, err

    def rows(self):
        try:
            rows = json.loads(self.out)
        except ValueError as problem:
            raise AssertionError(f"not JSON ({problem}): {self}") from None
        if not isinstance(rows, list):
            raise AssertionError(f"not an array of objects: {self}")
        return rows

    def __str__(self):
        return (f"blotter {' '.join(map(str, self.arguments))}\n  exit {self.code}\n"
                f"  stdout: {self.out[:2000]}\n  stderr: {self.err[:2000]}")


# A setting of whoever runs the tests is none of theirs.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE_", "BLOTTER_", "PG"))}


def run(*arguments, stdin=None, timeout=120, env=None, cwd=None):
    """`env` comes on top of an environment without any settings of ours or of PostgreSQL's client."""
    command = [binary(), *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout, check=False, cwd=cwd,
                          env=ENVIRONMENT | (env or {}), **({} if stdin is not None else {"stdin": subprocess.DEVNULL}))
    return Answer(arguments, done.returncode, done.stdout, done.stderr)


class Ledger:
    """One ledger directory and the verbs on it. Its rows are in its SQLite file, or in `postgres` (a postgres.Database)."""

    def __init__(self, directory, postgres_database=None):
        self.directory, self.postgres = pathlib.Path(directory), postgres_database

    @property
    def database(self):
        return self.directory / "blotter.db"

    @property
    def where(self):
        """The flags that name this ledger."""
        store = ["--store", self.postgres.url] if self.postgres else []
        return ["--data", str(self.directory), *store]

    def run(self, verb, *arguments, **how):
        return run(*verb.split(), *self.where, *arguments, **how)

    def start(self, verb, *arguments, **popen):
        """The same, left running: for writers with an open pipe and for those that will be killed."""
        command = [binary(), *verb.split(), *self.where, *map(str, arguments)]
        return subprocess.Popen(command, env=ENVIRONMENT, **popen)

    def rows(self, verb, *arguments):
        answer = self.run(verb, "--json", *arguments)
        if answer.code != DONE:
            raise AssertionError(str(answer))
        return answer.rows()

    def record(self, *arguments, stdin=None, expect=DONE):
        """Records and returns the summary: lines, created, exists, conflict, …"""
        answer = self.run("record", "--json", *arguments, stdin=stdin)
        if answer.code != expect:
            raise AssertionError(f"expected exit {expect}: {answer}")
        rows = answer.rows()
        if len(rows) != 1:
            raise AssertionError(f"expected one summary: {answer}")
        return rows[0]

    def record_lines(self, lines, expect=DONE):
        return self.record("-", stdin=ndjson(lines), expect=expect)

    def status(self):
        return self.rows("status")[0]

    def positions(self):
        return {(p["account"], p["symbol"], p["venue"], p["strategy"]): p for p in self.rows("positions")}

    def balances(self):
        return {(b["account"], b["asset"]): exact(b["amount"]) for b in self.rows("balances")}

    # -- the database, read as anybody with sqlite3 or psql would --

    def connect(self):
        return sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)

    def query(self, sql, *parameters):
        if self.postgres:
            return self.postgres.query(sql)
        connection = self.connect()
        try:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, parameters)]
        finally:
            connection.close()

    def change(self, sql, *parameters):
        """What nobody should do to a ledger: edits the database behind its back. Returns the number of rows."""
        if self.postgres:
            return self.postgres.change(sql)
        connection = sqlite3.connect(self.database)
        try:
            with connection:
                return connection.execute(sql, parameters).rowcount
        finally:
            connection.close()

    def table_names(self):
        if self.postgres:
            return self.postgres.table_names()
        return [row["name"] for row in self.query(
            "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
            if row["name"] not in postgres.NOT_COMPARED]

    def contents(self, ignore=(), tables=None):
        """{table: (columns, sorted rows)}: texts that are the same wherever the rows are kept."""
        tables = tables or self.table_names()
        found = self.postgres.contents(tables) if self.postgres else {t: self.rows_of_sqlite(t) for t in tables}
        return {table: without(ignore, table, *found[table]) for table in tables}

    def rows_of_sqlite(self, table):
        connection = self.connect()
        try:
            columns = [c[1] for c in connection.execute(f'pragma table_info("{table}")')]
            return columns, [tuple(None if value is None else str(value) for value in row)
                             for row in connection.execute(f'select * from "{table}"')]
        finally:
            connection.close()

    def tables(self, ignore=()):
        """Every table as {name: (row count, checksum)}. `ignore` holds column names, or table.column."""
        return {name: postgres.checksum(rows) for name, (_, rows) in self.contents(ignore).items()}


def without(ignore, table, columns, rows):
    """A table without the columns that may differ, its rows sorted."""
    # The hash of the last event says when that was recorded.
    ignore = (*ignore, "books.applied_hash") if "recorded_at" in ignore else ignore
    kept = [i for i, c in enumerate(columns) if c not in ignore and f"{table}.{c}" not in ignore]
    return [columns[i] for i in kept], sorted((tuple(row[i] for i in kept) for row in rows), key=repr)


def differing_rows(one, other, table, ignore=(), limit=3):
    """Some rows of `table` that only one of two ledgers has: what a failed comparison of checksums wants to show."""
    def texts(ledger):
        columns, rows = ledger.contents(ignore, [table])[table]
        return {repr(dict(zip(columns, row))) for row in rows}
    a, b = texts(one), texts(other)
    return "\n".join([f"  only first:  {t}" for t in sorted(a - b)[:limit]] +
                     [f"  only second: {t}" for t in sorted(b - a)[:limit]])


def files_of(directory):
    """Every file below a directory with its size and checksum: nothing may change where nothing was to be modified."""
    directory = pathlib.Path(directory)
    return {str(path.relative_to(directory)): (path.stat().st_size, hashlib.sha256(written(path)).hexdigest())
            for path in sorted(directory.rglob("*")) if path.is_file()}


def written(path):
    """The content of a file without the zeros at its end: journal segments are large and filled ahead."""
    return path.read_bytes().rstrip(b"\0")


def copy_of(ledger, name):
    """A second ledger with the same files; zeros become holes, which makes it quick."""
    copy = Ledger(ledger.directory.parent / name)
    subprocess.run(["cp", "-a", "--sparse=always", str(ledger.directory), str(copy.directory)], check=True)
    return copy


def numbers(text):
    """The whole numbers in a message."""
    return re.findall(r"\d+", text)


def ndjson(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


def exact(value):
    """A number exactly as it is written: text, or a whole JSON number; never a float."""
    if isinstance(value, float):
        raise AssertionError(f"a float where an exact number is due: {value!r}")
    return Fraction(value)


def decimal_text(value, places=18):
    """An exact number as decimal text; half-even at 18 decimals when it has more."""
    scaled = Fraction(value) * 10**places
    units = round(scaled)  # Python rounds a Fraction half to even
    sign, units = ("-", -units) if units < 0 else ("", units)
    whole, part = divmod(units, 10**places)
    text = f"{sign}{whole}.{part:0{places}d}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


class LedgerTest(unittest.TestCase):
    """A test with a temporary directory; `self.ledger()` names a fresh ledger in it."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="blotter-e2e-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)

    def ledger(self, name="ledger"):
        return Ledger(self.directory / name)

    def assert_exact(self, expected, actual, what):
        if exact(expected) != exact(actual):
            self.fail(f"{what}: expected {decimal_text(exact(expected))}, actual {actual}")

    def assert_same_tables(self, one, other, ignore, ledgers=None):
        """Compares two results of Ledger.tables(); with the ledgers it also shows rows that differ."""
        self.assertEqual(sorted(one), sorted(other), "the same tables")
        for name in one:
            if one[name] != other[name]:
                shown = differing_rows(*ledgers, name, ignore) if ledgers else ""
                self.fail(f"table {name}: {one[name]} against {other[name]}\n{shown}")

    def assert_verified(self, ledger):
        answer = ledger.run("verify")
        self.assertEqual(DONE, answer.code, str(answer))


class InPostgres:
    """Before a LedgerTest: its ledgers keep their rows in PostgreSQL, each in a database of its own."""

    def ledger(self, name="ledger"):
        return Ledger(self.directory / name, postgres.cluster().new_database())


def main(module="__main__"):
    """Runs a file's tests, or those named on the command line; ends with SKIPPED when none of them could run."""
    loader, here = unittest.defaultTestLoader, sys.modules[module]
    named = sys.argv[1:]
    suite = loader.loadTestsFromNames(named, here) if named else loader.loadTestsFromModule(here)
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        sys.exit(1)
    ran = result.testsRun - len(result.skipped)
    sys.exit(SKIPPED if result.skipped and ran <= 0 else 0)
