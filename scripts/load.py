"""Load the service from a second process, check every answer and print the speed.

With --kill, one of its processes is killed every few seconds: its current requests must get an
error, and all other answers must be correct.

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
"""Number of sentences of the texts, in turn."""


class Answer(msgspec.Struct):
    """An answer of the service to a text."""

    text: str
    entities: list[Entity]


class Refusal(msgspec.Struct):
    """An error of the service."""

    error: str


class Case(msgspec.Struct):
    """A text with its correct answer.

    Parameters
    ----------
    text : str
        The text.
    entities : list of Entity
        Its correct entities.
    tokens : int
        Number of its tokens.
    request : bytes
        The HTTP request.
    right : set of bytes
        Correct answers that were checked before.
    """

    text: str
    entities: list[Entity]
    tokens: int
    request: bytes
    right: set[bytes] = set()

    def check(self, status: int, body: bytes) -> bool:
        """Compare an answer with the correct one, except for the last bits of scores."""
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
    """The outcome of requests.

    Parameters
    ----------
    cases : list of Case
        The cases with a correct answer.
    seconds : list of float
        The time of each of these.
    failed, wrong : int
        Number of answers with the error of a lost process, and of other wrong answers.
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
    """Run the service in a separate process; yield its process id, host and port."""
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
    """Send requests over one connection until the end of the time."""
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
    """Kill a child of a process every few seconds; return the number when cancelled."""
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
    """Send requests over many connections; return the outcome and the number of kills."""
    asked, turns = Asked(), itertools.cycle(cases)
    end = perf_counter() + arguments.seconds
    killer = asyncio.create_task(kill(process, arguments.kill or arguments.seconds + 60))
    await asyncio.sleep(0)  # starts the task, so that it returns its number when cancelled
    connections = range(arguments.connections)
    await asyncio.gather(*(ask(*address, turns, end, asked) for _ in connections))
    killer.cancel()
    return asked, await killer


def tag_seconds(cases: list[Case], options: list[str]) -> float:
    """Time windowclf tag on texts, one per line."""
    with tempfile.TemporaryDirectory() as work:
        source = Path(work, "texts.txt")
        source.write_text("".join(f"{case.text}\n" for case in cases), "utf-8")
        command = [sys.executable, "-m", "windowclf", "tag", "--input", str(source), *options]
        start = perf_counter()
        subprocess.run([*command, "--output", str(Path(work, "tagged.jsonl"))], check=True)
        return perf_counter() - start


def main() -> None:
    """Load the service, then tag the same texts with the command; print a line for each."""
    parser = argparse.ArgumentParser(
        prog="scripts/load", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="duration (default 60)")
    parser.add_argument("--connections", type=int, default=50, help="how many (default 50)")
    parser.add_argument("--model", help="a folder (default: that of windowclf tag)")
    parser.add_argument("--workers", type=int, default=1, help="as for windowclf serve (default 1)")
    parser.add_argument(
        "--kill",
        type=float,
        metavar="SECONDS",
        help="kill one of two or more workers at this interval",
    )
    arguments = parser.parse_args()
    if arguments.kill and arguments.workers < 2:
        parser.error("--kill needs --workers 2 or more")
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
