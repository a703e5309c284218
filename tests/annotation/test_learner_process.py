"""The server's side of the learner."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from windowclf.annotation import learner_process
from windowclf.annotation.learner_process import LearnerProcess

ECHO = """
import sys
print('{"event": "proposals"}', flush=True)
print('no JSON', flush=True)
for line in sys.stdin:
    print('{"event": "round"}', flush=True)
"""
FAILS = """
import sys
print("warm up", file=sys.stderr)
print("there is no model", file=sys.stderr)
sys.exit(3)
"""

DEAF = (sys.executable, "-c", "import time; time.sleep(60)")


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setattr(learner_process, "PAUSES", (0.01, 0.01))


def listen_to(code, until, act=lambda process: None):
    """Run a program instead of the learner until it reports an event; return all events."""
    events = []

    async def run():
        found = asyncio.Event()

        def heard(event):
            events.append(event)
            if until(events):
                found.set()
            else:
                act(process)

        process = LearnerProcess(Path("names"), heard, (sys.executable, "-c", code))
        async with process:
            await asyncio.wait_for(found.wait(), 20)
        return process._process

    return events, asyncio.run(run())


def test_it_reports_and_is_woken():
    def act(process):
        if process._process:
            process.wake()

    events, process = listen_to(ECHO, lambda events: events[-1]["event"] == "round", act)
    assert [event["event"] for event in events[:2]] == ["starting", "proposals"]
    assert process.returncode == 0  # it ended by itself


def test_it_is_started_again_and_given_up():
    events, _ = listen_to(FAILS, lambda events: events[-1]["event"] == "error")
    assert [event["event"] for event in events].count("starting") == 3 + 2
    assert events[-1]["message"] == "its process ended: there is no model (exit code 3)"
    assert {event.get("message") for event in events[1:-1]} <= {None, events[-1]["message"]}


def test_what_it_reports_itself_is_the_reason():
    code = 'print(\'{"event": "error", "message": "no space"}\', flush=True)'
    given_up = 2 * 3 + 3
    events, _ = listen_to(code, lambda events: len(events) == given_up)
    assert events[-1] == {"event": "error", "message": "no space"}


def test_a_program_that_is_not_there():
    events = []

    async def run():
        async with LearnerProcess(Path("names"), events.append, ("/no/such/program",)):
            while events[-1]["event"] != "error":
                await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 20))
    assert events[-1]["message"] == "its process ended: No such file or directory"


def test_one_that_does_not_listen_holds_nothing_up(monkeypatch):
    monkeypatch.setattr(learner_process, "_END", 0.2)

    async def run():
        async with LearnerProcess(Path("names"), lambda event: None, DEAF) as process:
            for _ in range(30_000):  # more than a pipe holds
                process.wake()
            ended = process._process
        assert ended.returncode == -signal.SIGKILL

    asyncio.run(asyncio.wait_for(run(), 20))
