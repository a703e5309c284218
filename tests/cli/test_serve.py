import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx
import pytest


@contextmanager
def started(*options):
    """Run the command in a process; give it and its address."""
    command = [sys.executable, "-m", "windowclf", "serve", "--port", "0", *map(str, options)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            lines = iter(process.stderr.readline, "")
            yield process, next(found[0] for x in lines if (found := re.search(r"http://[^;]+", x)))
        finally:
            process.kill()


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
    "option", ["--port=65536", "--port=-1", "--timeout=0", "--max-bytes=0", "--threads=0"]
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
        "windowclf: error: windowclf serve needs an optional package: "
        "pip install 'windowclf[serve]'\n"
    )
