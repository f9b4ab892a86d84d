"""The roles of a PostgreSQL store and what each may do, and the partitions that the operator keeps."""

import json
import pathlib
import subprocess

import harness
import postgres
from harness import COULD_NOT, DONE, FOUND, ndjson
from sample import sample

PASSWORD = "only-for-this-test"
PEOPLE = {"ann": "blotter_reader", "bot": "blotter_writer", "olga": "blotter_operator"}


class Roles(harness.LedgerTest):
    """One database with a ledger in it; ann reads, bot writes, olga operates."""

    def setUp(self):
        super().setUp()
        self.book = harness.Ledger(self.directory / "ledger", postgres.cluster().new_database())
        self.lines = sample(seed=51, orders=40)
        self.book.record_lines(self.lines[:-20])
        made = self.book.rows("migrate roles")
        self.assertEqual(sorted(PEOPLE.values()), sorted(row["role"] for row in made))
        self.assertEqual(made, self.book.rows("migrate roles"), "again has no effect")
        database = self.book.postgres
        for who, role in PEOPLE.items():
            postgres.psql(database.url, f"drop role if exists {who}; create role {who} login password '{PASSWORD}' in role"
                          f" {role}; alter role {who} in database {database.name} set search_path ="
                          f" {postgres.SEARCH_PATH}")
            self.addCleanup(postgres.psql, database.url, f"drop owned by {who}; drop role {who}")

    def as_(self, who, verb, *arguments, **how):
        url = postgres.cluster().url(self.book.postgres.name, who)
        return harness.run(*verb.split(), "--data", self.book.directory, "--store", url, *arguments,
                           env={"PGPASSWORD": PASSWORD}, **how)

    def may(self, who, verb, *arguments, **how):
        answer = self.as_(who, verb, *arguments, **how)
        self.assertEqual(DONE, answer.code, f"{who}: {answer}")
        return answer

    def may_not(self, who, verb, *arguments, **how):
        answer = self.as_(who, verb, *arguments, **how)
        self.assertNotEqual(DONE, answer.code, f"{who}: {answer}")
        self.assertIn("permission denied", answer.err)
        return answer

    def test_everybody_reads_and_only_who_should_writes(self):
        for who in PEOPLE:
            for verb in ("orders", "fills", "positions", "balances", "pnl", "quarantine", "audit", "store status",
                         "verify", "partitions list", "migrate status"):
                with self.subTest(f"{who}: {verb}"):
                    self.may(who, verb)
        self.may("bot", "record", "-", stdin=ndjson(self.lines))
        self.may_not("ann", "record", "--store-wait", "0", "-", stdin=ndjson(sample(seed=52, account="OTHER")))
        self.may("bot", "store catch-up")
        self.may_not("bot", "store rebuild", "--yes")
        self.may("olga", "store rebuild", "--yes")
        self.may("olga", "verify")

    def test_a_session_that_may_only_read_sees_everything(self):
        """As a reader's role is often set up, and as any session on a standby is."""
        postgres.psql(self.book.postgres.url, "alter role ann set default_transaction_read_only = on")
        for verb in ("orders", "store status", "verify", "partitions list", "partitions rules",
                     "partitions retire --dry-run", "migrate status", "migrate plan"):
            with self.subTest(verb):
                self.may("ann", verb)
        refused = self.as_("ann", "partitions ensure")
        self.assertEqual((COULD_NOT, True), (refused.code, "read-only" in refused.err), str(refused))

    def test_the_queries_of_sqlite_run_in_psql(self):
        """Plain, unqualified SQL, as ann types it: her search_path finds every table."""
        twin = self.ledger("twin")
        twin.record_lines(self.lines[:-20])
        url = postgres.cluster().url(self.book.postgres.name, "ann", PASSWORD)
        for sql in ("select symbol, exec_id, quantity, price from fills where book_id = 'main' order by seq",
                    "select client_order_id, status, filled_quantity from orders where account = 'ACME' order by order_id",
                    "select o.client_order_id, count(*) from orders o join order_events e on e.order_id = o.order_id"
                    " and e.book_id = o.book_id group by o.client_order_id order by o.client_order_id",
                    "select day, symbol, realized_pnl, fees from pnl_daily order by day, symbol, strategy",
                    "select account, asset, amount from balances order by account, asset",
                    "select seq, account, asset, amount from ledger_entries order by seq, account, asset, amount",
                    "select epoch, applied_seq from books", "select count(*) from audit_log"):
            with self.subTest(sql):
                rows = postgres.Database("", url).rows(sql, search_path=None)[1]
                mine = [tuple(map(str, row.values())) for row in twin.query(sql)]
                self.assertEqual(sorted(mine), sorted(rows))

    def test_partitions_are_made_ahead_and_retired(self):
        before = {row["partition"] for row in self.book.rows("partitions list")}
        self.assertIn("fills_2023_q4", before)
        made = self.may("olga", "partitions ensure", "--json").rows()
        self.assertEqual(before | {row["partition"] for row in made},
                         {row["partition"] for row in self.book.rows("partitions list")})
        self.assertEqual([], self.may("olga", "partitions ensure", "--json").rows(), "again there is nothing to make")

        rules = {row["table"]: row for row in self.book.rows("partitions rules")}
        self.assertEqual(("quarter", "month"), (rules["fills"]["period"], rules["audit_log"]["period"]))
        seconds = self.as_("olga", "partitions set fills", "--retention", "7")
        self.assertEqual((COULD_NOT, True), (seconds.code, "write '7 years'" in seconds.err), str(seconds))
        changed = self.may("olga", "partitions set fills", "--retention", "3 months", "--json").rows()
        self.assertIn("mon", {row["table"]: row["retention"] for row in changed}["fills"])
        due = self.may("olga", "partitions retire", "--dry-run", "--json").rows()
        self.assertEqual([("fills", "fills_2023_q4", "due")], [(r["table"], r["partition"], r["state"]) for r in due])
        refused = self.as_("olga", "partitions retire")
        self.assertEqual((COULD_NOT, True), (refused.code, "--yes" in refused.err), str(refused))

        fills = len(self.book.rows("fills"))
        archive = self.directory / "archive"
        retired = self.may("olga", "partitions retire", "--yes", "--archive", archive, "--json").rows()
        self.assertEqual([("fills_2023_q4", "dropped", fills)], [(r["partition"], r["state"], r["rows"]) for r in retired])
        self.assertTrue(any(archive.rglob("*fills_2023_q4*")), "the archive holds it")
        self.assertEqual([], self.book.rows("fills"))
        proof = self.may("ann", "verify")
        self.assertIn(f"{fills} rows of retired partitions", proof.out)
        self.may("olga", "partitions archives", "--check")
        moved = self.as_("olga", "partitions archives", "--check", "--archive", self.directory, "--json")
        self.assertEqual((FOUND, ["missing"]), (moved.code, [row["file"] for row in moved.rows()]), str(moved))
        self.bring_back(next(archive.rglob("fills_2023_q4_retired_*.csv.zst")), fills)

    def bring_back(self, file, fills):
        """With the commands of docs/operating/partitions.md."""
        url = postgres.cluster().url(self.book.postgres.name, "olga", PASSWORD)

        def shell(command):
            command = command.replace("FILE", str(file)).replace("psql", f'{postgres.program("psql")} -X "{url}"')
            return subprocess.run(["bash", "-e", "-o", "pipefail", "-c", command], capture_output=True, text=True,
                                  check=True, env=harness.ENVIRONMENT).stdout

        manifest = json.loads(pathlib.Path(f"{file}.json").read_text())
        self.assertEqual(manifest["sha256"], shell("zstd -dc FILE | sha256sum").split()[0])
        shell('psql -c "CREATE TABLE execution.fills_of_2023 (LIKE execution.fills)"')
        shell('zstd -dc FILE | psql -c "COPY execution.fills_of_2023 FROM STDIN (FORMAT csv, HEADER)"')
        self.assertIn(str(fills), shell('psql -c "SELECT count(*) FROM execution.fills_of_2023"'))
        self.may("olga", "partitions set fills", "--retention", "none")
        shell("psql -c \"SELECT ledger.ensure_partitions('fills', '{2023-10-01Z}')\"")
        shell('zstd -dc FILE | psql -c "COPY execution.fills FROM STDIN (FORMAT csv, HEADER)"')
        self.assertEqual(fills, len(self.book.rows("fills")))
        self.may("ann", "verify")
        self.assertEqual([], self.may("olga", "partitions retire", "--dry-run", "--json").rows())

    def test_only_postgresql_has_partitions_and_roles(self):
        sqlite = self.ledger("sqlite")
        sqlite.record_lines(self.lines[:5])
        for verb in ("partitions list", "partitions ensure", "migrate roles"):
            answer = sqlite.run(verb)
            self.assertEqual((COULD_NOT, True), (answer.code, "PostgreSQL" in answer.err), str(answer))


if __name__ == "__main__":
    harness.main()
