"""What every check shares: the files of the tree, C++ without its comments, and how a finding is reported."""

import argparse
import os
import re
import sys
from pathlib import Path

# Never ours to judge: what is built, what a ledger wrote, what a tool keeps.
IGNORED_DIRECTORIES = {".git", "build", "blotter-data", "__pycache__", "node_modules", ".cache"}
SOURCE_SUFFIXES = {".h", ".cpp"}


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent, help="the tree to check")
    return parser


def files(root, under=""):
    """Every file of the tree below `under`, in a fixed order, as (path relative to the root, absolute path)."""
    for directory, names, file_names in os.walk(root / under):
        names[:] = sorted(name for name in names if name not in IGNORED_DIRECTORIES)
        for name in sorted(file_names):
            path = Path(directory) / name
            if not path.is_symlink():
                yield path.relative_to(root), path


def sources(root, under=""):
    return ((relative, path) for relative, path in files(root, under) if path.suffix in SOURCE_SUFFIXES)


def text_of(path):
    """The text of a file, or None when it is not text."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


# A raw string, a comment, a string or a character; a quote between digits (1'000) opens nothing.
_TOKEN = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\((?P<raw>.*?)\)(?P=tag)"'
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Za-z_])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def without_comments(text):
    """C++ with comments blanked out; lines keep their numbers."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group()) if match.group("comment") is not None else match.group()

    return _TOKEN.sub(blank, text)


def code_only(text):
    """C++ with comments and the insides of strings and characters blanked out; lines keep their numbers."""

    def blank(match):
        if match.group("comment") is not None:
            return re.sub(r"[^\n]", " ", match.group())
        quote = match.group()[-1]
        return quote + re.sub(r"[^\n]", " ", match.group()[1:-1]) + quote

    return _TOKEN.sub(blank, text)


def finish(name, findings, note):
    """Prints the findings, or the note when there are none, and ends the program with 1 or 0."""
    for finding in findings:
        print(finding)
    if findings:
        print(f"{name}: {len(findings)} found")
        sys.exit(1)
    print(f"{name}: {note}")
    sys.exit(0)
