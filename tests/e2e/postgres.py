"""A throw-away PostgreSQL for a test program: one cluster, a database for each ledger, and its rows read with psql.

The cluster listens on a Unix socket in its own temporary directory and dies with the program. PostgreSQL refuses to run as
root, so root starts it as the user postgres (or nobody).
"""

import atexit
import contextlib
import csv
import ctypes
import glob
import hashlib
import io
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

# Our schemas, in the order in which the application roles search them.
SCHEMAS = ("ledger", "execution", "strategy_engine", "analytics", "logging")
SEARCH_PATH = ", ".join(SCHEMAS)
# What only PostgreSQL has, or what says nothing about a ledger's content.
NOT_COMPARED = ("schema_migrations", "partition_rules", "retired_partitions")
NULL = "\N{SYMBOL FOR NULL}"
BETWEEN = "\N{SYMBOL FOR GROUP SEPARATOR}"  # two answers of one psql

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{directory}'
port = 5432
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 60
shared_buffers = 64MB
max_wal_size = 4GB
timezone = 'UTC'
log_min_messages = warning
"""
# Only the superuser is trusted: what a password is for can be tested.
HBA = "local all postgres trust\nlocal all all scram-sha-256\n"


def program(name):
    found = shutil.which(name)
    if found:
        return found
    for path in sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True):
        return path
    raise unittest.SkipTest(f"PostgreSQL is not here: no program {name} (Debian: postgresql-15)")


def server_user():
    """For Popen and run: whom the server runs as."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise unittest.SkipTest("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def dies_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)  # PR_SET_PDEATHSIG; SIGQUIT is "immediate shutdown"


class Cluster:
    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="blotter-e2e-pg-"))
        atexit.register(self.stop)
        self.process, self.databases, self.as_user = None, 0, server_user()
        if self.as_user:
            os.chown(self.directory, self.as_user["user"], self.as_user["group"])
        self.directory.chmod(0o755)
        data = self.directory / "data"
        self.do(program("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
                "--locale=C.UTF-8")
        with open(data / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(SETTINGS.format(directory=self.directory))
        (data / "pg_hba.conf").write_text(HBA, encoding="utf-8")
        self.start()

    def do(self, *command):
        done = subprocess.run([str(c) for c in command], capture_output=True, text=True, cwd=self.directory, check=False,
                              stdin=subprocess.DEVNULL, **self.as_user)
        if done.returncode != 0:
            raise AssertionError(f"{command}: exit {done.returncode}\n{done.stdout}{done.stderr}")

    def start(self):
        self.log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen([program("postgres"), "-D", str(self.directory / "data")], stdout=self.log,
                                        stderr=self.log, stdin=subprocess.DEVNULL, cwd=self.directory,
                                        preexec_fn=dies_with_us, **self.as_user)
        deadline = time.monotonic() + 30
        while subprocess.run([program("pg_isready"), "-q", "-h", self.directory], check=False).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError("PostgreSQL did not start:\n" + (self.directory / "log").read_text())
            time.sleep(0.02)

    def halt(self, how=signal.SIGINT):
        """Stops the server and keeps its data. SIGINT: fast; SIGQUIT: immediate."""
        self.process.send_signal(how)
        self.process.wait(timeout=30)
        self.log.close()
        self.process = None

    def stop(self):
        if self.process is not None:
            self.halt(signal.SIGQUIT)
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database, user="postgres", password=None):
        who = user if password is None else f"{user}:{password}"
        return f"postgresql://{who}@/{database}?host={self.directory}&port=5432"

    def new_database(self):
        self.databases += 1
        name = f"ledger_{self.databases}"
        psql(self.url("postgres"), f"create database {name}")
        return Database(name, self.url(name))


_cluster = None


def cluster():
    """The program's one cluster, started when the first test asks for it."""
    global _cluster
    if _cluster is None:
        _cluster = Cluster()
    return _cluster


def psql(url, sql, *flags, search_path=SEARCH_PATH):
    """Runs SQL as anybody with psql would. `search_path` stands in for the application roles'; None: the role's own."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"PGTZ": "UTC"}
    if search_path is not None:
        environment["PGOPTIONS"] = f"-c search_path={search_path.replace(' ', '')}"
    done = subprocess.run([program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", f"null={NULL}", *flags, url],
                          input=sql, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {sql}\n{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def held(url, sql):
    """What the statement takes, a lock say, is held by an open transaction meanwhile."""
    session = subprocess.Popen([program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", url], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        session.stdin.write(f"begin;\n{sql};\n\\echo held\n")
        session.stdin.flush()
        if session.stdout.readline() != "held\n":
            raise AssertionError(f"psql: {sql}: exit {session.wait()}")
        yield
    finally:
        session.stdin.close()
        session.wait(timeout=30)
        session.stdout.close()


class Database:
    """One database of the cluster."""

    def __init__(self, name, url):
        self.name, self.url, self.known = name, url, None

    def rows(self, sql, search_path=SEARCH_PATH):
        """(columns, rows); the values are texts, and None for NULL."""
        return parsed(psql(self.url, sql + ";\n", "--csv", search_path=search_path))

    def query(self, sql):
        """Dictionaries, as sqlite3 gives them: whole numbers are int, everything else text."""
        described = csv.reader(io.StringIO(psql(self.url, sql + " \\gdesc\n", "--csv")))
        types = [type_ for _, type_ in list(described)[1:]]
        columns, rows = self.rows(sql)
        return [{c: typed(v, t) for c, v, t in zip(columns, row, types)} for row in rows]

    def change(self, sql):
        """Returns the number of rows."""
        done = psql(self.url, "\\unset QUIET\n" + sql + ";\n")
        return int(re.search(r"^(?:UPDATE|DELETE|INSERT 0) (\d+)$", done, re.MULTILINE).group(1))

    def columns(self):
        """{table: {column: type}} of all that hold a ledger, partitions aside; columns in the table's order."""
        if self.known is None:
            self.known = {}
            for table, column, type_ in self.rows(
                    "select c.relname, a.attname, format_type(a.atttypid, null) from pg_class c"
                    " join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid"
                    f" where n.nspname in {SCHEMAS} and c.relkind in ('r', 'p') and not c.relispartition"
                    " and a.attnum > 0 and not a.attisdropped order by 1, a.attnum")[1]:
                if table not in NOT_COMPARED:
                    self.known.setdefault(table, {})[column] = type_
        return self.known

    def table_names(self):
        return list(self.columns())

    def contents(self, tables):
        """{table: (columns, rows)} with the values as texts that mean the same as in SQLite: an instant is put together
        from its microseconds and its share of `nanos`, a JSON member is its source."""
        script = "".join(f"\\echo {BETWEEN}\n{self.select(table)};\n" for table in tables)
        parts = psql(self.url, script, "--csv").split(BETWEEN + "\n")[1:]
        return {table: parsed(part) for table, part in zip(tables, parts, strict=True)}

    def select(self, table):
        shown, instants, columns = {}, 0, self.columns()[table]
        for name, type_ in columns.items():
            if name == "nanos" and instants or f"{name}_source" in columns:
                continue
            if type_ == "timestamp with time zone":
                shown[name] = instant(f'"{name}"', instants if "nanos" in columns else None)
                instants += 1
            elif type_ == "boolean":
                shown[name] = f'"{name}"::int'
            else:
                shown[name.removesuffix("_source")] = f'"{name}"'
        listed = ", ".join(f'{expression} as "{name}"' for name, expression in shown.items())
        return f'select {listed} from "{table}"'


def parsed(text):
    """(columns, rows) of psql's CSV; None for NULL."""
    lines = csv.reader(io.StringIO(text, newline=""))
    columns = next(lines)
    return columns, [tuple(None if value == NULL else value for value in line) for line in lines]


def instant(column, place):
    micros = f"to_char({column} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
    if place is None:
        return f"{micros} || '000Z'"
    return f"{micros} || lpad((nanos / {1000 ** place} % 1000)::text, 3, '0') || 'Z'"


def typed(value, type_):
    if value is None:
        return None
    if type_ in ("bigint", "integer", "smallint"):
        return int(value)
    return int(value == "t") if type_ == "boolean" else value


def checksum(rows):
    return len(rows), hashlib.sha256("\n".join(sorted(map(repr, rows))).encode()).hexdigest()
