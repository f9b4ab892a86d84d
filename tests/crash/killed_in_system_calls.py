"""Kills `blotter record` inside its n-th writing or syncing system call, for n over the whole run; then the same command again.

The end state must be that of an undisturbed run, in every table. Other than a kill at a random moment, this reaches each
step between two system calls once: the files made one after the other, the header before the frame, the commit before its
answer. strace does the killing.
"""

import collections
import contextlib
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

BLOTTER = os.environ.get("BLOTTER_BIN", "blotter")
LINES = 400
KILLS_OF_EACH = 6
SKIPPED = 77
# A run that begins again has another epoch and another clock, hence another hash; nothing else may differ.
OF_THE_RUN = {"epoch", "received_at", "recorded_at", "applied_hash"}
# What changes files: the journal's, SQLite's, and the making of both.
CALLS = ["pwrite64", "fdatasync", "fsync", "rename", "fallocate", "ftruncate", "unlink", "openat"]


def run(arguments, lines=None):
    return subprocess.run(arguments, input=lines, capture_output=True, text=True, check=False)


def must(answer, what):
    if answer.returncode != 0:
        sys.exit(f"{what}: exit code {answer.returncode}\n{answer.stdout}\n{answer.stderr}")
    return answer.stdout


def record(directory):
    return [BLOTTER, "record", "--data", str(directory), "-"]


def tables(directory):
    """Every row of every table, without what belongs to the run; in an order of its own."""
    with contextlib.closing(sqlite3.connect(directory / "blotter.db")) as database:
        names = [name for (name,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        rows = {}
        for name in names:
            found = database.execute(f'SELECT * FROM "{name}"')
            columns = [column[0] for column in found.description]
            keep = [i for i, column in enumerate(columns) if column not in OF_THE_RUN | {"applied_at"}]
            rows[name] = sorted(repr([row[i] for i in keep]) for row in found)
        return rows


def calls_of_a_run(directory, lines):
    """How often the busiest thread makes each call: strace counts for each thread."""
    log = directory / "calls"
    must(run(["strace", "-f", "-qq", "-e", "trace=" + ",".join(CALLS), "-o", str(log), *record(directory / "traced")],
             lines), "a traced run")
    made = collections.defaultdict(collections.Counter)
    for thread, call in re.findall(r"^(\d+) +(\w+)\(", log.read_text(encoding="utf-8", errors="replace"), re.M):
        made[call][thread] += 1
    return {call: max(threads.values()) for call, threads in made.items()}


def main():
    if shutil.which("strace") is None:
        print("skipped: strace is not installed")
        return SKIPPED
    probe = run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=getpid", "true"])
    if probe.returncode != 0:
        print("skipped: strace may not trace here: " + probe.stderr.strip())
        return SKIPPED
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="blotter-crash-") as name:
        directory = pathlib.Path(name)
        lines = must(run([BLOTTER, "simulate", "--seed", str(seed % 1000), "--lines", str(LINES)]), "simulate")
        must(run(record(directory / "undisturbed"), lines), "an undisturbed run")
        expected = tables(directory / "undisturbed")
        kills = 0
        for call, most in sorted(calls_of_a_run(directory, lines).items()):
            moments = range(1, most + 1)
            if most > KILLS_OF_EACH:
                moments = sorted({1, most} | set(chance.sample(moments, KILLS_OF_EACH - 2)))
            for n in moments:
                what = f"{call} number {n} of {most}, seed {seed}"
                ledger = directory / "killed"
                killed = run(["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call,
                              "-e", f"inject={call}:signal=KILL:when={n}", *record(ledger)], lines)
                if killed.returncode == 0:
                    print(f"{what}: not reached this time")
                else:
                    kills += 1
                must(run(record(ledger), lines), f"the same command again after {what}")
                must(run([BLOTTER, "verify", "--data", str(ledger)]), f"verify after {what}")
                for table, rows in tables(ledger).items():
                    if rows != expected[table]:
                        difference = sorted(set(rows) ^ set(expected[table]))[:4]
                        sys.exit(f"{what}: {table} differs from an undisturbed run: {difference}")
                shutil.rmtree(ledger)
        print(f"{kills} kills, each followed by the state of an undisturbed run")
        if kills < 20:
            sys.exit("too few kills to prove anything")
    return 0


if __name__ == "__main__":
    sys.exit(main())
