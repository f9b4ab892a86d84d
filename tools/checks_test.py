"""The checks checked: each of them must find every kind of thing it is for, and nothing in a tree that is right."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
# Written in pieces, so that the words' own check does not find them here.
UNFINISHED = "TO" + "DO"
HOME = "/ho" + "me/somebody/ledger"


class Tree(unittest.TestCase):
    """A small project in a temporary directory; tests add the file that is wrong."""

    GOOD = {
        "dev": "#!/bin/sh\necho '  build [PRESET]   builds'\n",
        "include/blotter/price.h": '#pragma once\n#include <string>\n#include <boost/describe/enum.hpp>\n',
        "include/blotter/clock.h": "#pragma once\n",
        "src/core/order.h": '#pragma once\n#include "blotter/price.h"\n',
        "src/core/order.cpp": '#include "core/order.h"\n// time( and <chrono> in a comment are words\nint price_time(int);\n',
        "src/core/order_test.cpp": '#include <random>\n#include <gtest/gtest.h>\n#include "core/order.h"\n',
        "src/journal/journal.h": '#pragma once\n#include <mutex>\n#include "core/order.h"\n',
        "src/ledger/ledger.cpp": '#include "journal/journal.h"\n',
        "src/store/sqlite/store.cpp": '#include <sqlite3.h>\n#include "core/order.h"\n',
        "src/cli/main.cpp": '#include "ledger/front.h"\n',
        "src/ledger/front.h": "#pragma once\n",
        "tests/contract/helper.h": "#pragma once\n",
        "tests/contract/store_test.cpp": '#include "helper.h"\n#include "journal/journal.h"\n',
        "docs/page.md": "# A page\n\nSee `src/core/order.h`, `core/order.h` and [the top](page.md#a-page): `./dev build`.\n",
    }

    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="blotter-checks-"))
        self.addCleanup(shutil.rmtree, self.root)
        for name, text in self.GOOD.items():
            self.write(name, text)
        os.chmod(self.root / "dev", 0o755)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_check(self, check, *arguments):
        command = [sys.executable, TOOLS / check, "--root", self.root, *arguments]
        run = subprocess.run(command, capture_output=True, text=True)
        self.assertNotIn("Traceback", run.stderr)
        return run.returncode, run.stdout

    def finds(self, check, name, text, *words):
        """The check fails because of this file, and says these words."""
        self.write(name, text)
        code, output = self.run_check(check)
        self.assertEqual(code, 1, f"{check} let this pass:\n{text}")
        self.assertEqual(output.count("\n"), 2, f"one finding and the sum, not:\n{output}")
        for word in (name,) + words:
            self.assertIn(word, output)
        if name in self.GOOD:
            self.write(name, self.GOOD[name])
        else:
            (self.root / name).unlink()

    def passes(self, check, name, text):
        self.write(name, text)
        code, output = self.run_check(check)
        self.assertEqual(code, 0, output)


class LayersTest(Tree):
    def test_accepts_a_tree_that_is_right(self):
        code, output = self.run_check("check_layers")
        self.assertEqual(code, 0, output)

    def test_refuses_an_include_that_points_outwards(self):
        for room, other in [("core", "journal"), ("core", "cli"), ("journal", "store"), ("store", "journal"),
                            ("feeds", "store"), ("journal", "feeds"), ("ledger", "cli")]:  # fmt: skip
            self.write(f"src/{other}/thing.h", "#pragma once\n")
            self.finds("check_layers", f"src/{room}/bad.cpp", f'#include "{other}/thing.h"\n', f"may not use src/{other}")

    def test_refuses_a_contract_that_shows_the_inside(self):
        self.finds("check_layers", "include/blotter/bad.h", '#include "core/order.h"\n', "may not use src/core")

    def test_refuses_other_libraries_in_the_contract(self):
        self.finds("check_layers", "include/blotter/bad.h", "#include <boost/json.hpp>\n", "boost/json.hpp")
        self.finds("check_layers", "include/blotter/bad.h", "#include <sys/types.h>\n", "sys/types.h")

    def test_refuses_every_impure_header_in_the_core(self):
        for header in ("chrono", "thread", "mutex", "fstream", "iostream", "filesystem", "random", "ctime", "atomic"):
            self.finds("check_layers", "src/core/bad.cpp", f"#include <{header}>\n", f"<{header}>")
        for header in ("sys/stat.h", "unistd.h", "fcntl.h", "time.h", "pthread.h", "boost/asio.hpp"):
            self.finds("check_layers", "src/core/bad.cpp", f"#include <{header}>\n", f"<{header}>")

    def test_refuses_an_impure_header_that_comes_through_another(self):
        self.finds("check_layers", "src/core/deep.h", "#include <chrono>\n", "<chrono>")
        self.write("include/blotter/wait.h", "#pragma once\n#include <chrono>\n")
        self.write("src/core/bad.cpp", '#include "blotter/wait.h"\n')
        code, output = self.run_check("check_layers")
        self.assertEqual(code, 1)
        self.assertIn("include/blotter/wait.h:2: the core may not include <chrono>, included by src/core/bad.cpp:1", output)

    def test_refuses_the_clock_port_and_calls_of_a_clock_in_the_core(self):
        self.finds("check_layers", "src/core/bad.cpp", '#include "blotter/clock.h"\n', "clock.h")
        for call in ("time(nullptr)", "::time(0)", "std::time(nullptr)", "clock_gettime(0, &t)", "gettimeofday(&t, 0)",
                     "rand()", "std::chrono::system_clock::now()", 'getenv("X")'):  # fmt: skip
            self.finds("check_layers", "src/core/bad.cpp", f"auto x = {call};\n", "may not name")

    def test_refuses_spellings_that_are_not_one_of_the_two(self):
        self.finds("check_layers", "src/core/bad.cpp", '#include "../core/order.h"\n', "without ../")
        self.finds("check_layers", "src/core/bad.cpp", '#include "core/nowhere.h"\n', "no file of the tree")
        self.finds("check_layers", "src/core/bad.cpp", '#include "order.h"\n', "no file of the tree")
        self.finds("check_layers", "src/core/bad.cpp", "#include <blotter/price.h>\n", 'write "blotter/price.h"')

    def test_refuses_a_room_that_nobody_planned_and_a_library_out_of_its_place(self):
        self.finds("check_layers", "src/utils/bad.cpp", "\n", "not in the table of rooms")
        self.finds("check_layers", "src/ledger/bad.cpp", "#include <sqlite3.h>\n", "sqlite3.h")
        self.finds("check_layers", "src/feeds/bad.cpp", "#include <CLI/CLI.hpp>\n", "CLI/CLI.hpp")


class SizesTest(Tree):
    def test_refuses_more_than_800_lines_and_mentions_more_than_500(self):
        self.finds("check_sizes", "src/core/long.cpp", "\n" * 801, "801 lines")
        self.write("src/core/long.cpp", "\n" * 501)
        code, output = self.run_check("check_sizes")
        self.assertEqual(code, 0)
        self.assertIn("src/core/long.cpp: 501 lines", output)


class WordsTest(Tree):
    def test_refuses_paths_of_a_machine_and_unfinished_business(self):
        self.finds("check_words", "docs/bad.md", f"It is in {HOME}.\n", "one machine")
        self.finds("check_words", "src/core/bad.cpp", f"// {UNFINISHED}: later\n", "finish it")
        self.passes("check_words", "docs/good.md", "It is in $HOME/ledger or https://example.org/home/x or ./home/x.\n")

    def test_refuses_sql_glued_together(self):
        for text in ('"SELECT * FROM fills WHERE id = " + id', '"INSERT INTO fills "\n  "VALUES (" + values + ")"',
                     'fmt::format("DELETE FROM {}", table)', 'out << "UPDATE fills SET x = " << x'):  # fmt: skip
            self.finds("check_words", "src/ledger/bad.cpp", f"auto sql = {text};\n", "SQL")

    def test_lets_the_store_put_names_together_but_no_values(self):
        self.passes("check_words", "src/store/sqlite/good.cpp", 'auto sql = "SELECT " + columns + " FROM " + table;\n')
        self.finds("check_words", "src/store/sqlite/bad.cpp", 'sql = "SELECT * FROM fills WHERE id = \'" + id;\n', "bind")
        self.passes("check_words", "src/ledger/good.cpp", 'auto s = "SELECT 1"; auto t = "an UPDATE came " + name;\n')

    def test_refuses_floating_point_in_the_domain_only(self):
        self.finds("check_words", "src/core/bad.cpp", "double price = 0;\n", "Decimal")
        self.finds("check_words", "include/blotter/bad.h", "float price = 0;\n", "Decimal")
        self.passes("check_words", "src/core/good.cpp", '// double entry\nauto s = "float"; int n = 1\'000;\n')
        self.passes("check_words", "src/cli/good.cpp", "double seconds = 0;\n")


class DocsTest(Tree):
    def test_accepts_a_tree_that_is_right(self):
        code, output = self.run_check("check_docs")
        self.assertEqual(code, 0, output)

    def test_refuses_what_is_not_there(self):
        self.finds("check_docs", "docs/bad.md", "See `src/core/gone.cpp`.\n", "src/core/gone.cpp")
        self.finds("check_docs", "docs/bad.md", "See `core/gone.h`.\n", "core/gone.h")
        self.finds("check_docs", "docs/bad.md", "See `GONE.md`.\n", "GONE.md")
        self.finds("check_docs", "docs/bad.md", "See [it](gone.md).\n", "leads nowhere")
        self.finds("check_docs", "docs/bad.md", "See [it](page.md#no-such).\n", "no heading")
        self.finds("check_docs", "docs/bad.md", "Run `./dev fly`.\n", "no verb fly")
        self.finds("check_docs", "docs/bad.md", "```\n./dev fly\n```\n", "no verb fly")
        self.finds("check_docs", "src/core/bad.cpp", "// Why: docs/adr/0042\n", "docs/adr/0042")

    def test_asks_the_program_for_its_verbs(self):
        program = self.root / "blotter"
        program.write_text(
            "#!/bin/sh\n"
            'case "$1 $2" in\n'
            '"record --help") echo a page of record;;\n'
            '"store --help") echo a page of store SUBCOMMAND;;\n'
            '"store rebuild") echo a page of rebuild;;\n'
            '"store "*) echo a page of store SUBCOMMAND;;\n'
            "*) echo the page of all;;\nesac\n"
        )
        program.chmod(0o755)
        self.write("docs/good.md", "`blotter record day.gz`, `blotter store rebuild`; blotter keeps books.\n")
        self.assertEqual(self.run_check("check_docs", "--binary", program)[0], 0)
        self.write("docs/bad.md", "`blotter fly`\n\n```\n$ build/release/bin/blotter store fly\n```\n")
        code, output = self.run_check("check_docs", "--binary", program)
        self.assertEqual(code, 1)
        self.assertIn("docs/bad.md:1: blotter has no verb fly", output)
        self.assertIn("docs/bad.md:4: blotter store has no verb fly", output)


class PurityTest(Tree):
    def archive(self, name, text):
        """A library whose only object is `name`, compiled from the text."""
        self.write("purity/code.cpp", text)
        library = self.root / "libcore.a"
        library.unlink(missing_ok=True)
        target = self.root / f"{name}.o"
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-c", self.root / "purity/code.cpp", "-o", target], check=True)
        subprocess.run(["ar", "rc", library, target], check=True)
        return library

    def test_refuses_a_clock_a_file_chance_and_a_thread(self):
        for text, symbol in [
            ("#include <ctime>\nlong f() { return std::time(nullptr); }", "time"),
            ("#include <chrono>\nlong f() { return std::chrono::system_clock::now().time_since_epoch().count(); }", "now"),
            ("#include <cstdio>\nvoid* f() { return std::fopen(\"x\", \"r\"); }", "fopen"),
            ("#include <fcntl.h>\nint f() { return open(\"x\", 0); }", "open"),
            ("#include <random>\nunsigned f() { return std::random_device{}(); }", "random_device"),
            ("#include <cstdlib>\nint f() { return std::rand(); }", "rand"),
            ("#include <pthread.h>\nint f(pthread_t* t, void* (*g)(void*)) { return pthread_create(t, 0, g, 0); }", "pthread_create"),
            ("#include <cstdlib>\nchar* f() { return std::getenv(\"X\"); }", "getenv"),
        ]:  # fmt: skip
            code, output = self.run_check("check_purity", self.archive("order.cpp", text))
            self.assertEqual(code, 1, text)
            self.assertIn(symbol, output)

    def test_lets_only_the_assertion_write(self):
        text = '#include <cstdio>\n#include <cstdlib>\nvoid f(int n) { std::fprintf(stderr, "%d", n); std::abort(); }'
        self.assertEqual(self.run_check("check_purity", self.archive("assert.cpp", text))[0], 0)
        self.assertEqual(self.run_check("check_purity", self.archive("order.cpp", text))[0], 1)


if __name__ == "__main__":
    unittest.main()
