import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import httpx
import psutil
import pytest

from serving import command_serving
from windowclf.system.processes import can_fork

KILLS = 5
NEEDS_FORK = pytest.mark.skipif(not can_fork(), reason="this system copies no process")


started = partial(command_serving, "serve")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_answers_and_ends_well(model_folder, number):
    with started("--model", model_folder, "--max-bytes", 100, "--max-texts", 2) as (process, url):
        with httpx.Client(base_url=url, trust_env=False, timeout=20) as client:
            found = client.post("/tag", json={"text": "Paris is in France"}).json()
            limits = client.get("/health").json()["limits"]
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert [entity["label"] for entity in found["entities"]] == ["LOC", "LOC"]
    assert (limits["bytes"], limits["texts"]) == (100, 2)
    assert (process.returncode, out, err) == (0, "", "")


@NEEDS_FORK
@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.processes)]
)
def test_its_processes_end_with_it(model_folder, number):
    with started("--model", model_folder, "--workers", 2) as (process, url):
        found = httpx.post(f"{url}/tag", json={"text": "Paris"}, timeout=20, trust_env=False)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        _, left = psutil.wait_procs(children, timeout=10)
    assert [entity["label"] for entity in found.json()["entities"]] == ["LOC"]
    assert len(children) == 3  # two that tag, one that explains
    assert left == []
    assert (process.returncode, out, err) == (-9 if number == signal.SIGKILL else 0, "", "")


@NEEDS_FORK
@pytest.mark.processes
def test_processes_that_are_killed_under_load(model_folder):
    text = "Paris is in France . " * 5
    with started("--model", model_folder, "--workers", 2) as (process, url):
        with (
            httpx.Client(base_url=url, trust_env=False, timeout=20) as client,
            ThreadPoolExecutor(20) as pool,
        ):
            right = client.post("/tag", json={"text": text}).json()
            stopped = Event()

            def ask():
                answers = []
                while not stopped.is_set():
                    answers.append(client.post("/tag", json={"text": text}))
                return answers

            asked = [pool.submit(ask) for _ in range(20)]
            for _ in range(KILLS):
                time.sleep(0.4)
                psutil.Process(process.pid).children()[0].kill()  # the oldest
            stopped.set()
            answers = [answer for future in asked for answer in future.result()]
            after = [client.post("/tag", json={"text": text}) for _ in range(5)]
            health = client.get("/health")
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert all(list(answer.json()) == ["error"] for answer in answers if answer.status_code == 503)
    assert sum(answer.status_code == 503 for answer in answers) <= 20 * KILLS
    entities = [(e["start"], e["end"], e["label"]) for e in right["entities"]]
    for answer in [*after, *(answer for answer in answers if answer.status_code == 200)]:
        found = answer.json()
        assert found["text"] == text
        assert [(e["start"], e["end"], e["label"]) for e in found["entities"]] == entities
    assert health.status_code == 200


def test_workers_where_processes_cannot_be_copied(run, monkeypatch):
    monkeypatch.setattr("windowclf.system.processes.can_fork", lambda: False)
    code, out, err = run("serve", "--workers", 2)
    assert (code, out) == (2, "")
    assert err == (
        "windowclf: error: --workers: more than 1 need os.fork, which this system does not have; "
        "run several services behind a proxy\n"
    )


def test_an_ignored_signal_stays_ignored(model_folder):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with started("--model", model_folder) as (process, url):
            signal.signal(signal.SIGINT, before)
            assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
            process.send_signal(signal.SIGINT)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            assert httpx.get(f"{url}/health", trust_env=False).status_code == 200
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_port_that_is_taken(run, model_folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, out, err = run("serve", "--model", model_folder, "--port", port)
    assert (code, out) == (1, "")
    assert err == (
        f"windowclf: error: cannot listen at 127.0.0.1, port {port}: Address already in use; "
        "name another with --host or --port\n"
    )


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", "a" * 70])
def test_a_host_that_is_not_here(run, model_folder, host):
    code, out, err = run("serve", "--model", model_folder, "--host", host, "--port", 0)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith(f"windowclf: error: cannot listen at {host}, port 0: ")


def test_no_model(run, tmp_path):
    code, out, err = run("serve", "--model", tmp_path / "none", "--port", 0)
    assert (code, out, err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize(
    "option", ["--port=65536", "--port=-1", "--timeout=0", "--max-bytes=0", "--workers=0"]
)
def test_options_out_of_range(run, option):
    code, out, err = run("serve", option)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_without_the_extra():
    program = (
        "import sys; sys.modules['uvicorn'] = None; "
        "from windowclf.cli import main; sys.exit(main(['serve']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ}
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        "windowclf: error: the web server of windowclf serve and windowclf annotate needs an "
        "optional package: pip install 'windowclf[serve]'\n"
    )
