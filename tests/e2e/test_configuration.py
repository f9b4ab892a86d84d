"""Where settings come from and which one wins; and that a password is never shown."""

import os

import harness
import postgres
from harness import COULD_NOT, DONE, USAGE, ndjson
from sample import sample

CANARY = "canary-7f3a"


class Configured(harness.LedgerTest):
    """A directory with a ledger in ./blotter-data, and a few SQLite files to tell one setting from another by."""

    def setUp(self):
        super().setUp()
        self.assertEqual(DONE, self.blotter("record", "-", stdin=ndjson(sample(orders=3))).code)

    def blotter(self, *arguments, **how):
        return harness.run(*arguments, cwd=self.directory, **how)

    def toml(self, text, name="blotter.toml"):
        (self.directory / name).write_text(text, encoding="utf-8")

    def store_in_use(self, *arguments, env=None):
        answer = self.blotter("init", "--data", self.directory / f"fresh-{len(os.listdir(self.directory))}", "--json",
                              *arguments, env=env)
        self.assertEqual(DONE, answer.code, str(answer))
        return answer.rows()[0]["store"]


class Order(Configured):
    def test_defaults_then_the_file_then_the_environment_then_flags(self):
        self.assertTrue(self.store_in_use().endswith("/blotter.db"))
        self.toml('[database]\nurl = "sqlite:file-url.db"\n')
        self.assertEqual("sqlite:file-url.db", self.store_in_use())
        self.toml('store = "sqlite:file.db"\n[database]\nurl = "sqlite:file-url.db"\n')
        self.assertEqual("sqlite:file.db", self.store_in_use())
        url = {"DATABASE_URL": "sqlite:url.db"}
        self.assertEqual("sqlite:url.db", self.store_in_use(env=url))
        both = url | {"BLOTTER_STORE": "sqlite:store.db"}
        self.assertEqual("sqlite:store.db", self.store_in_use(env=both))
        self.assertEqual("sqlite:flag.db", self.store_in_use("--store", "sqlite:flag.db", env=both))

    def test_a_variable_that_is_empty_is_not_set(self):
        self.toml('store = "sqlite:file.db"\n')
        self.assertEqual("sqlite:file.db", self.store_in_use(env={"DATABASE_URL": "", "DATABASE_POOL_SIZE": ""}))

    def test_another_file_is_named_in_either_spelling(self):
        self.toml('store = "sqlite:other.db"\n', "other.toml")
        self.assertEqual("sqlite:other.db", self.store_in_use("--config", "other.toml"))
        self.assertEqual("sqlite:other.db", self.store_in_use("--config=other.toml"))
        answer = self.blotter("status", "--config=missing.toml")
        self.assertEqual((COULD_NOT, True), (answer.code, "missing.toml" in answer.err), str(answer))


class Mistakes(Configured):
    def refused(self, what, **how):
        answer = self.blotter("status", **how)
        self.assertEqual(COULD_NOT, answer.code, str(answer))
        self.assertEqual(1, answer.err.count("\n"), "one line")
        self.assertIn(what, answer.err)

    def test_every_setting_is_accepted_with_its_type(self):
        self.toml('[database]\nreplica_url = ""\nssl_mode = "verify-full"\npool_size = 20\ntimeout_seconds = 5\n'
                  'wait_ms = 100\nconnect_ms = 100\nrecycle_ms = 100\nlifetime_seconds = 600\nstaleness_ms = 0\n')
        self.assertEqual(DONE, self.blotter("status").code)
        env = {"DATABASE_POOL_SIZE": "20", "DATABASE_TIMEOUT_SECONDS": "5", "DATABASE_SSL_MODE": "require",
               "DATABASE_REPLICA_URL": "", "BLOTTER_DATABASE_STALENESS_MS": "1000"}
        self.assertEqual(DONE, self.blotter("status", env=env).code)

    def test_unknown_settings_and_wrong_types_are_named(self):
        for text, named in (('[database]\npool_sise = 3\n', "database.pool_sise"),
                            ('[database]\npool_size = "3"\n', "database.pool_size"),
                            ('[database]\npool_size = 1.5\n', "database.pool_size"),
                            ('[database]\npool_size = 0\n', "database.pool_size"),
                            ('[database]\nurl = 5\n', "database.url"),
                            ('[database]\nssl_mode = "yes"\n', "database.ssl_mode"),
                            ('[database\n', "blotter.toml:1")):
            with self.subTest(text):
                self.toml(text)
                self.refused(named)

    def test_variables_with_bad_values_are_named(self):
        for name, value in (("DATABASE_POOL_SIZE", "many"), ("DATABASE_POOL_SIZE", "0"), ("DATABASE_POOL_SIZE", "1001"),
                            ("DATABASE_TIMEOUT_SECONDS", "5s"), ("DATABASE_TIMEOUT_SECONDS", "-1"),
                            ("DATABASE_SSL_MODE", "on"), ("BLOTTER_DATABASE_STALENESS_MS", "1e3")):
            with self.subTest(f"{name}={value}"):
                self.refused(name, env={name: value})

    def test_what_is_no_store_is_said_by_every_verb(self):
        for verb in ("orders", "verify", "store status", "store catch-up", "migrate status", "record -"):
            with self.subTest(verb):
                answer = self.blotter(*verb.split(), "--store", "./blotter-data/blotter.db", stdin="")
                self.assertIn("is not a store; use sqlite:PATH", answer.err, str(answer))
                self.assertNotIn("DATABASE_URL", answer.err)
        for verb in ("partitions list", "migrate roles"):
            answer = self.blotter(*verb.split(), "--store", "./blotter-data/blotter.db")
            self.assertNotIn("DATABASE_URL", answer.err, str(answer))

    def test_they_do_not_stand_in_the_way_of_what_needs_no_ledger(self):
        self.toml('[database\n')
        env = {"DATABASE_POOL_SIZE": "many", "BLOTTER_DATABASE_PASSWORD_FILE": "missing"}
        for verb in ("--help", "orders --help", "version", "simulate --lines 1"):
            with self.subTest(verb):
                answer = self.blotter(*verb.split(), env=env)
                self.assertEqual((DONE, ""), (answer.code, answer.err), str(answer))

    def test_a_bad_flag_is_a_matter_of_usage(self):
        self.assertEqual(USAGE, self.blotter("orders", "--after", "yesterday").code)
        self.assertEqual(USAGE, self.blotter("record", "--store-wait", "-1", "-").code)


class PasswordFile(Configured):
    def file(self, content, mode):
        path = self.directory / "password"
        path.write_text(content, encoding="utf-8")
        path.chmod(mode)
        return {"BLOTTER_DATABASE_PASSWORD_FILE": str(path)}

    def test_must_be_there_be_private_and_hold_something(self):
        for env, why in ((self.file(CANARY + "\n", 0o640), "chmod 600"), (self.file(CANARY + "\n", 0o604), "chmod 600"),
                         ({"BLOTTER_DATABASE_PASSWORD_FILE": str(self.directory / "missing")}, "no such")):
            if "chmod" in why:
                os.chmod(self.directory / "password", 0o640)
            answer = self.blotter("status", env=env)
            self.assertEqual(COULD_NOT, answer.code, str(answer))
            self.assertIn(why, answer.err)
            self.assertNotIn(CANARY, answer.out + answer.err)
        answer = self.blotter("status", env=self.file("", 0o600))
        self.assertEqual((COULD_NOT, True), (answer.code, "empty" in answer.err), str(answer))
        self.assertEqual(DONE, self.blotter("status", env=self.file(CANARY + "\n", 0o600)).code)


class ReadYourWrites(Configured):
    def test_an_event_that_is_there_and_one_that_is_not(self):
        last = self.blotter("status", "--json").rows()[0]["stored"]
        self.assertEqual(DONE, self.blotter("fills", "--after", last).code)
        answer = self.blotter("fills", "--after", last + 1, env={"DATABASE_TIMEOUT_SECONDS": "1"})
        self.assertEqual(COULD_NOT, answer.code, str(answer))
        self.assertIn(f"at event {last}, not yet at {last + 1}", answer.err)


class Replica(Configured):
    """What is wrong with it is said once, with the name of its setting, and the primary answers."""

    def test_a_wrong_setting_is_named(self):
        book = harness.Ledger(self.directory / "replicated", postgres.cluster().new_database())
        book.record_lines(sample(orders=3))
        for url, what in (("postgresql://127.0.0.1:1/ledger", "127.0.0.1"),
                          (postgres.cluster().url("nobody"), "change the one in DATABASE_REPLICA_URL"),
                          ("postgresql://127.0.0.1/ledger?prot=1", "correct DATABASE_REPLICA_URL"),
                          (book.postgres.url, "DATABASE_REPLICA_URL has to name one")):
            with self.subTest(url):
                answer = book.run("orders", "--json", env={"DATABASE_REPLICA_URL": url})
                self.assertEqual((DONE, 3), (answer.code, len(answer.rows())), str(answer))
                self.assertEqual(1, answer.err.count("\n"), answer.err)
                self.assertIn("the replica is not used, the primary answers", answer.err)
                self.assertIn(what, answer.err)


class NeverShown(Configured):
    """No password in any output, wherever the URL came from. Nothing listens there, which is all the same here."""
    URL = f"postgresql://trader:{CANARY}@127.0.0.1:1/ledger?connect_timeout=1"
    VERBS = (("status",), ("store", "status"), ("orders",), ("verify",), ("migrate", "status"), ("store", "refused"),
             ("store", "rebuild", "--store-wait", "0"), ("store", "catch-up", "--store-wait", "0"),
             ("record", "--store-wait", "0", "-"), ("init", "--data", "new"))

    def test_in_no_message_of_any_verb(self):
        for verb in self.VERBS:
            with self.subTest(" ".join(verb)):
                answer = self.blotter(*verb, env={"DATABASE_URL": self.URL, "DATABASE_REPLICA_URL": self.URL},
                                      stdin=ndjson(sample(orders=1)))
                self.assertNotIn(CANARY, answer.out + answer.err)
                self.assertIn("127.0.0.1", answer.err, "names the server")

    def test_on_the_command_line_it_is_warned_of_once(self):
        answer = self.blotter("status", "--store", self.URL)
        self.assertEqual(1, answer.err.count("can be seen by every user"), str(answer))
        self.assertNotIn(CANARY, answer.out + answer.err)
        quiet = self.blotter("status", env={"DATABASE_URL": self.URL})
        self.assertNotIn("can be seen", quiet.err)


if __name__ == "__main__":
    harness.main()
