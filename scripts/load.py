"""Load the service from a second process, check every answer and print how fast it was.

With --kill, end one of its processes every few seconds: what that was at is answered with an error,
and all else is right.

Run by scripts/load.
"""

import argparse
import asyncio
import itertools
import os
import random
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


class Refusal(msgspec.Struct):
    """What the service answers to what it could not do."""

    error: str


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


class Asked(msgspec.Struct):
    """What became of requests.

    Parameters
    ----------
    cases : list of Case
        That were answered with what is right.
    seconds : list of float
        That each of these took.
    failed, wrong : int
        How many were answered with an error of a lost process, and with anything else.
    """

    cases: list[Case] = []
    seconds: list[float] = []
    failed: int = 0
    wrong: int = 0

    def add(self, case: Case, status: int, body: bytes, seconds: float) -> None:
        """Count an answer."""
        if case.check(status, body):
            self.cases.append(case)
            self.seconds.append(seconds)
        elif status == 503 and "process" in msgspec.json.decode(body, type=Refusal).error:
            self.failed += 1
        else:
            self.wrong += 1


@contextmanager
def service(options: list[str]) -> Iterator[tuple[int, str, int]]:
    """Run the service in a process of its own; give its number, host and port."""
    command = [sys.executable, "-m", "windowclf", "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stderr or ():
                if found := re.search(r"http://([\d.]+):(\d+)", line):
                    yield process.pid, found[1], int(found[2])
                    break
            else:
                sys.exit("the service did not start")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    if process.returncode:
        sys.exit(f"the service ended with exit code {process.returncode}")


async def ask(host: str, port: int, cases: Iterator[Case], end: float, asked: Asked) -> None:
    """Ask over one connection until the time is over."""
    reader, writer = await asyncio.open_connection(host, port)
    while (start := perf_counter()) < end:
        case = next(cases)
        writer.write(case.request)
        head = await reader.readuntil(b"\r\n\r\n")
        [length] = re.findall(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length))
        asked.add(case, int(head[9:12]), body, perf_counter() - start)
    writer.close()


async def kill(process: int, every: float) -> int:
    """End one of the children of a process every few seconds; return how many when cancelled."""
    killed = 0
    try:
        while True:
            await asyncio.sleep(every)
            children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
            if children:
                os.kill(int(random.choice(children)), signal.SIGKILL)
                killed += 1
    except asyncio.CancelledError:
        return killed


async def ask_all(
    process: int, address: tuple[str, int], cases: list[Case], arguments: argparse.Namespace
) -> tuple[Asked, int]:
    """Ask over many connections at the same time; return what became of it, and the kills."""
    asked, turns = Asked(), itertools.cycle(cases)
    end = perf_counter() + arguments.seconds
    killer = asyncio.create_task(kill(process, arguments.kill or arguments.seconds + 60))
    await asyncio.sleep(0)  # it is begun, so that to cancel it gives its number
    connections = range(arguments.connections)
    await asyncio.gather(*(ask(*address, turns, end, asked) for _ in connections))
    killer.cancel()
    return asked, await killer


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
    parser.add_argument("--workers", type=int, default=1, help="as for windowclf serve (default 1)")
    parser.add_argument(
        "--kill", type=float, metavar="SECONDS", help="end one of two or more workers that often"
    )
    arguments = parser.parse_args()
    if arguments.kill and arguments.workers < 2:
        parser.error("--kill: there are processes to end with --workers 2 and more")
    options = [] if arguments.model is None else ["--model", arguments.model]
    with service(["--workers", str(arguments.workers), *options]) as (process, *address):
        cases = make_cases(arguments.model, "{}:{}".format(*address))
        asked, killed = asyncio.run(ask_all(process, (*address,), cases, arguments))
    tagged = tag_seconds(asked.cases, options)
    tokens, texts = sum(case.tokens for case in asked.cases), len(asked.cases)
    half, most = 1000 * np.percentile(asked.seconds, [50, 99])
    workers = f"{arguments.workers} worker{'s' * (arguments.workers > 1)}"
    print(
        f"serve: {workers}, {texts:,} requests over {arguments.connections} connections, "
        f"{asked.wrong} wrong; "
        f"{texts / arguments.seconds:,.0f} requests/s, {tokens / arguments.seconds:,.0f} tokens/s; "
        f"50 % within {half:.1f} ms, 99 % within {most:.1f} ms"
    )
    if arguments.kill:
        print(f"kill:  {killed} processes ended, {asked.failed} requests answered with an error")
    print(
        f"tag:   the same texts in one file, in {tagged:.1f} s with its start; "
        f"{texts / tagged:,.0f} texts/s, {tokens / tagged:,.0f} tokens/s"
    )
    sys.exit(bool(asked.wrong or (asked.failed and not arguments.kill)))


if __name__ == "__main__":
    main()
