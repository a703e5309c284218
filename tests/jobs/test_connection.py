"""A cluster of this machine's cores is quiet, keeps to itself and leaves nothing behind."""

import logging
import os
import signal
import socket
import tempfile
import urllib.request
from pathlib import Path

import psutil
import pytest

from clusters import alive, workers_of
from windowclf.errors import ClusterError, UsageError
from windowclf.system import dask as connection
from windowclf.system.dask import connect


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    before = dict(os.environ), logging.root.manager.disable
    with connect(workers=2) as client:
        client.wait_for_workers(2, timeout=60)
        processes = workers_of(os.getpid())
        assert len(processes) == 2
        yield client
    assert alive(processes) == []
    assert (dict(os.environ), logging.root.manager.disable) == before


@pytest.mark.processes
def test_workers_are_processes_with_one_thread(client):
    assert [*client.nthreads().values()] == [1, 1]
    assert len(set(client.run(os.getpid).values()) - {os.getpid()}) == 2


@pytest.mark.processes
def test_nobody_else_can_connect(client):
    processes = [psutil.Process(), *workers_of(os.getpid())]
    listening = [
        at.laddr.ip
        for process in processes
        for at in process.net_connections()
        if at.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 4  # the scheduler, its dashboard, two workers
    assert set(listening) == {"127.0.0.1"}


@pytest.mark.processes
def test_the_dashboard_answers(client):
    assert client.dashboard_link.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(client.dashboard_link, timeout=20) as page:
        assert page.status == 200
        assert b"Dask" in page.read()


@pytest.mark.processes
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no such thing")
def test_workers_do_not_hear_ctrl_c(client):
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    for blocked in client.run(lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [])).values():
        assert blocked == {signal.SIGINT}


@pytest.mark.processes
def test_nobody_logs_or_warns(client):
    assert logging.root.manager.disable == logging.CRITICAL
    levels = client.run(lambda: logging.root.manager.disable).values()
    assert [*levels] == [logging.CRITICAL] * 2
    assert [*client.run(os.environ.get, "PYTHONWARNINGS").values()] == ["ignore"] * 2


@pytest.mark.processes
def test_nothing_lies_in_the_folder_of_the_user(client):
    for folder in client.run(lambda dask_worker: dask_worker.local_directory).values():
        assert Path(folder).is_relative_to(tempfile.gettempdir())


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(connection, "_ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(connection, "_START_SECONDS", 0.01)


@pytest.mark.parametrize(
    "address",
    ["foo", "http://x", "tcp://host.invalid:1", "tcp://127.0.0.1:1", "tcp://127.0.0.1:x", "é"],
)
def test_no_scheduler(impatient, address, capfd):
    with pytest.raises(ClusterError) as told, connect(address):
        pass
    message = str(told.value)
    assert message.startswith(f"{address}: no Dask scheduler answers (")
    assert message.endswith(
        "start one with 'dask scheduler' and workers with 'dask worker ADDRESS'"
    )
    assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_something_else_listens_there(impatient, capfd):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"tcp://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(ClusterError, match="no Dask scheduler answers"), connect(address):
            pass
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("address", ["", " "])
def test_an_empty_address(address):
    with pytest.raises(UsageError, match=r"^no address of a scheduler: expected"), connect(address):
        pass


def test_workers_that_do_not_start(impatient, capfd):
    before = workers_of(os.getpid())
    with pytest.raises(ClusterError, match=r"^no worker has started in 0.01 seconds$"), connect():
        pass
    assert workers_of(os.getpid()) == before
    assert capfd.readouterr() == ("", "")


class Cluster:
    """Answers as a client does of the versions of a cluster."""

    def __init__(self, scheduler, worker):
        self.found = {
            "scheduler": {"packages": {"windowclf": scheduler}},
            "workers": {"tcp://10.0.0.2:1": {"packages": {"windowclf": worker}}},
        }

    def get_versions(self, packages):
        assert packages == ["windowclf"]
        return self.found


def test_versions(monkeypatch):
    monkeypatch.setattr(connection, "version", lambda name: "2.0")
    connection._check_versions(Cluster("2.0", "2.0"))
    end = "; expected 2.0, as here: install the same on all"
    for cluster, told in (
        (Cluster("1.0", "2.0"), "the scheduler of the cluster has windowclf 1.0"),
        (Cluster(None, "2.0"), "the scheduler of the cluster has no windowclf"),
        (Cluster("2.0", "1.0"), "tcp://10.0.0.2:1 of the cluster has windowclf 1.0"),
        (Cluster("2.0", None), "tcp://10.0.0.2:1 of the cluster has no windowclf"),
    ):
        with pytest.raises(ClusterError) as found:
            connection._check_versions(cluster)
        assert str(found.value) == told + end
