"""What tasks use is on each worker once, whenever it joins, and goes when it is done with."""

import os
import signal
from pathlib import Path

import pytest
from distributed import get_worker

from windowclf.errors import ClusterError
from windowclf.system.dask import broadcast, broadcasted, connect


class Value:
    """Notes each time that it is unpacked."""

    def __init__(self, log):
        self.log = log

    def __reduce__(self):
        return _unpack, (self.log,)


def _unpack(log):
    with Path(log).open("a") as file:
        file.write(f"{os.getpid()}\n")
    return Value(log)


def _refuse(text):
    raise ValueError(text)


class Refused:
    def __reduce__(self):
        return _refuse, ("no such thing here\nand more",)


def use(name, number):
    assert isinstance(broadcasted(name), Value)
    return os.getpid()


def unpacked(log):
    return sorted(map(int, log.read_text().split()))


def plugins(client):
    return [name for names in client.run(_names).values() for name in names]


def _names(dask_worker):
    return [name for name in dask_worker.plugins if name.startswith("windowclf-")]


@pytest.mark.processes
def test_once_on_each_worker_and_on_those_that_come_later(tmp_path):
    log = tmp_path / "log"
    with connect(workers=2) as client:
        client.wait_for_workers(2, timeout=60)
        first, second = client.run(os.getpid).values()
        with broadcast(client, Value(str(log))) as name:
            assert unpacked(log) == sorted([first, second])
            used = client.gather(client.map(use, [name] * 20, range(20), pure=False))
            assert {*used} <= {first, second}
            os.kill(first, signal.SIGKILL)
            while (now := {*client.run(os.getpid, on_error="ignore").values()}) == {second} or (
                first in now
            ):
                pass
            client.cluster.scale(3)
            client.wait_for_workers(3, timeout=60)
            pids = {*client.run(os.getpid).values()}
            assert len(pids) == 3
            used = client.map(use, [name] * 20, range(20), pure=False)
            assert {*client.gather(used)} <= pids
            assert len(plugins(client)) == 3
            assert unpacked(log) == sorted({first, *pids})
        assert plugins(client) == []


def test_all_threads_of_a_worker_share_it(in_process, tmp_path):
    log = tmp_path / "log"
    with broadcast(in_process, Value(str(log))) as name:
        in_process.gather(in_process.map(use, [name] * 20, range(20), pure=False))
        assert len(unpacked(log)) == 1


def test_two_at_a_time(in_process, tmp_path):
    with broadcast(in_process, Value(str(tmp_path / "a"))) as a:
        with broadcast(in_process, Value(str(tmp_path / "b"))) as b:
            assert len(plugins(in_process)) == 2
            assert in_process.submit(lambda: broadcasted(b).log).result() == str(tmp_path / "b")
        assert plugins(in_process) == [a]


def test_it_is_taken_off_after_an_error(in_process, tmp_path):
    with pytest.raises(KeyError), broadcast(in_process, Value(str(tmp_path / "log"))):
        raise KeyError
    assert plugins(in_process) == []


def test_a_value_that_a_worker_cannot_unpack(in_process):
    with pytest.raises(ClusterError) as told, broadcast(in_process, Refused()):
        pass
    assert str(told.value) == "the workers cannot load the data sent to them: no such thing here"
    assert plugins(in_process) == []


def test_the_packed_bytes_are_not_kept(in_process, tmp_path):
    def packed(name):
        return get_worker().plugins[name]._packed

    with broadcast(in_process, Value(str(tmp_path / "log"))) as name:
        assert in_process.submit(packed, name).result() is None
