"""Report words and phrases of prose that the project does not use.

Run by scripts/prose; the list is scripts/prose.toml. In Python, comments and docstrings are read,
and in the package all strings, which are help texts and messages. Code, and words in backticks, are
blanked out, so that a line keeps its number and a phrase is found across a line break.
"""

import argparse
import io
import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).with_suffix(".toml")
KINDS = {".py", ".md", ".html", ".js"}
PACKAGE = "windowclf"
MINIFIED = 2_000
"""Characters of a line above which a file is not one that people write."""


class Rule(NamedTuple):
    """A phrase that is not used, and what to write instead."""

    pattern: re.Pattern[str]
    cure: str


class Hit(NamedTuple):
    """A place where a phrase stands."""

    line: int
    words: str
    cure: str


def read_rules(path: Path = LIST) -> list[Rule]:
    """Read the list of phrases."""
    rules = tomllib.loads(path.read_text("utf-8"))["rule"]
    flags = re.IGNORECASE | re.MULTILINE
    return [Rule(re.compile(spaced(rule["pattern"]), flags), rule["cure"]) for rule in rules]


def spaced(pattern: str) -> str:
    r"""Let each single space of a pattern match any white space.

    A look-behind has to have a fixed width: there a space stays one character, by ``\s``. A space
    with a quantifier is indentation and stays as it is.
    """
    behind = re.sub(r"\(\?<![^)]*\)", lambda found: found[0].replace(" ", r"\s"), pattern)
    return re.sub(r"(?<!\[) (?![+*:\]])(?![^\[]*\])", r"\\s+", behind)


def blank(text: str) -> str:
    """Replace all but white space by the character NUL, which no rule matches."""
    return re.sub(r"\S", "\0", text)


def python_prose(source: str, *, strings: bool) -> str:
    """Blank out all of a Python file but its comments and docstrings, and its strings if asked."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    kept = list(blank(source))
    first = True  # in its line, where a string is a docstring
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        begin, end = (starts[row - 1] + column for row, column in (token.start, token.end))
        text = source[begin:end]
        if kind == "COMMENT":
            kept[begin:end] = text.replace("#", " ", 1)  # several lines are one text
        elif kind == "STRING" and (strings or first):
            text = re.sub(r"\{[^{}\n]*\}", lambda code: blank(code[0]), text)
            if not text.endswith('"""'):  # a message in several pieces is one text
                text = re.sub(r"""^\w{0,2}["']|["']$""", lambda quote: " " * len(quote[0]), text)
            kept[begin:end] = text
        elif strings and kind == "FSTRING_MIDDLE":  # since Python 3.12
            kept[begin:end] = text
        elif strings and kind in {"FSTRING_START", "FSTRING_END"}:
            kept[begin:end] = " " * len(text)
        first = kind in {"NEWLINE", "NL", "INDENT", "DEDENT", "COMMENT", "ENCODING"}
    return "".join(kept)


def script_prose(source: str) -> str:
    """Blank out all of a JavaScript file but its comments and strings."""
    texts = re.compile(
        r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""",
        re.DOTALL,
    )
    kept = list(blank(source))
    for match in texts.finditer(source):
        kept[slice(*match.span())] = match[0].replace("`", '"')
    return "".join(kept)


def markdown_prose(text: str) -> str:
    """Blank out fenced and indented code."""
    text = re.sub(r"^```.*?^```", lambda code: blank(code[0]), text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"(?<=\n\n)(?: {4}.*\n|\n)+", lambda code: blank(code[0]), text)


def prose(path: Path) -> str:
    """Read a file as text of the same lines, in which only its prose is left."""
    text = path.read_text("utf-8")
    if max(map(len, text.splitlines()), default=0) > MINIFIED:
        return ""
    if path.suffix == ".py":
        text = python_prose(text, strings=path.resolve().is_relative_to(ROOT / PACKAGE))
    elif path.suffix == ".js":
        text = script_prose(text)
    elif path.suffix == ".md":
        text = markdown_prose(text)
    return re.sub(r"(`+)[^`\n]+\1", lambda code: blank(code[0]), text)


def find(text: str, rules: list[Rule]) -> list[Hit]:
    """Find the phrases of the rules in a text, in the order of its lines."""
    hits = []
    for rule in rules:
        for match in rule.pattern.finditer(text):
            line = text.count("\n", 0, match.end()) + 1
            words = match[0].replace("\0", "").split()
            hits.append(Hit(line, " ".join(words), rule.cure))
    return sorted(hits)


def tracked() -> list[Path]:
    """List the files of the project that are under version control."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def main() -> int:
    """Print what is found; return 1 if it is anything, and 0 with ``--count``."""
    parser = argparse.ArgumentParser(prog="scripts/prose", description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--count", action="store_true", help="print counts; fail for nothing")
    options = parser.parse_args()
    rules = read_rules()
    found: Counter[str] = Counter()
    for path in options.files or tracked():
        if path.suffix not in KINDS or not path.is_file():
            continue
        for hit in find(prose(path), rules):
            found[hit.cure] += 1
            if not options.count:
                shown = path.resolve().relative_to(ROOT) if not options.files else path
                print(f"{shown}:{hit.line}: {hit.words!r}: {hit.cure}")
    if options.count:
        for cure, count in found.most_common():
            print(f"{count:5}  {cure}")
        print(f"{found.total():5}  in all")
    elif found:
        print(f"{found.total()} phrases; the list is {LIST.relative_to(ROOT)}", file=sys.stderr)
    return int(bool(found) and not options.count)


if __name__ == "__main__":
    sys.exit(main())
