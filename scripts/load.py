"""Load the service from a second process, check every answer and print how fast it was.

Run by scripts/load.
"""

import argparse
import asyncio
import itertools
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import msgspec
import numpy as np

from windowclf import Entity, load, load_corpus

SENTENCES = (1, 2, 4, 8)
"""Of a text, in turns."""


class Answer(msgspec.Struct):
    """What the service answers to a text."""

    text: str
    entities: list[Entity]


class Case(msgspec.Struct):
    """A text, with what is right for it.

    Parameters
    ----------
    text : str
    entities : list of Entity
    tokens : int
    request : bytes
    right : set of bytes
        Answers that were checked before.
    """

    text: str
    entities: list[Entity]
    tokens: int
    request: bytes
    right: set[bytes] = set()

    def check(self, status: int, body: bytes) -> bool:
        """Compare an answer with what is right: all but the last bits of a score."""
        if status == 200 and body not in self.right:
            given = msgspec.json.decode(body, type=Answer)
            same = len(given.entities) == len(self.entities) and all(
                msgspec.structs.replace(a, score=0) == msgspec.structs.replace(b, score=0)
                and abs(a.score - b.score) < 1e-5
                for a, b in zip(given.entities, self.entities, strict=True)
            )
            if same and given.text == self.text:
                self.right.add(body)
        return body in self.right


def make_cases(model: str | None, host: str) -> list[Case]:
    """Make texts of the sample corpus, and tag them."""
    splits = load_corpus("sample").splits.values()
    sentences = iter([" ".join(s.tokens) for split in splits for s in split])
    groups = (list(itertools.islice(sentences, size)) for size in itertools.cycle(SENTENCES))
    texts = [" ".join(group) for group in itertools.takewhile(bool, groups)]
    cases = []
    for found in load(model).pipe(texts):
        body = msgspec.json.encode({"text": found.text})
        head = (
            f"POST /tag HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        tokens = sum(map(len, found.words))
        cases.append(Case(found.text, found.entities, tokens, head.encode() + body))
    return cases


@contextmanager
def service(options: list[str]) -> Iterator[tuple[str, int]]:
    """Run the service in a process of its own; give its host and port."""
    command = [sys.executable, "-m", "windowclf", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr or ():
                if found := re.search(r"http://([\d.]+):(\d+)", line):
                    yield found[1], int(found[2])
                    break
            else:
                sys.exit("the service did not start")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    if process.returncode:
        sys.exit(f"the service ended with exit code {process.returncode}")


async def ask(
    host: str, port: int, cases: Iterator[Case], end: float
) -> tuple[list[Case], list[float], int]:
    """Ask over one connection until the time is over; count wrong answers."""
    reader, writer = await asyncio.open_connection(host, port)
    asked, seconds, wrong = [], [], 0
    while (start := perf_counter()) < end:
        case = next(cases)
        writer.write(case.request)
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length))
        seconds.append(perf_counter() - start)
        asked.append(case)
        wrong += not case.check(int(head[9:12]), body)
    writer.close()
    return asked, seconds, wrong


async def ask_all(
    host: str, port: int, cases: list[Case], connections: int, seconds: float
) -> tuple[list[Case], list[float], int]:
    """Ask over many connections at the same time."""
    turns, end = itertools.cycle(cases), perf_counter() + seconds
    found = await asyncio.gather(*(ask(host, port, turns, end) for _ in range(connections)))
    asked, times, wrong = zip(*found, strict=True)
    return [*itertools.chain(*asked)], [*itertools.chain(*times)], sum(wrong)


def tag_seconds(cases: list[Case], options: list[str]) -> float:
    """Time windowclf tag on texts, a line each."""
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "texts.txt")
        source.write_text("".join(f"{case.text}\n" for case in cases), "utf-8")
        command = [sys.executable, "-m", "windowclf", "tag", "--input", str(source), *options]
        start = perf_counter()
        subprocess.run([*command, "--output", str(Path(work, "tagged.jsonl"))], check=True)
        return perf_counter() - start


def main() -> None:
    """Load the service, then tag the same texts by the command; print a line for each."""
    parser = argparse.ArgumentParser(
        prog="scripts/load", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (default 60)")
    parser.add_argument("--connections", type=int, default=50, help="how many (default 50)")
    parser.add_argument("--model", help="a folder (default: that of windowclf tag)")
    parser.add_argument("--threads", help="as for windowclf serve and tag")
    arguments = parser.parse_args()
    options = [] if arguments.threads is None else ["--threads", arguments.threads]
    options += [] if arguments.model is None else ["--model", arguments.model]
    with service(options) as (host, port):
        cases = make_cases(arguments.model, f"{host}:{port}")
        asked, times, wrong = asyncio.run(
            ask_all(host, port, cases, arguments.connections, arguments.seconds)
        )
    tagged = tag_seconds(asked, options)
    tokens, texts = sum(case.tokens for case in asked), len(asked)
    half, most = 1000 * np.percentile(times, [50, 99])
    print(
        f"serve: {texts:,} requests over {arguments.connections} connections, {wrong} wrong; "
        f"{texts / arguments.seconds:,.0f} requests/s, {tokens / arguments.seconds:,.0f} tokens/s; "
        f"50 % within {half:.1f} ms, 99 % within {most:.1f} ms"
    )
    print(
        f"tag:   the same texts in one file, in {tagged:.1f} s with its start; "
        f"{texts / tagged:,.0f} texts/s, {tokens / tagged:,.0f} tokens/s"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
