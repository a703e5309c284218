"""Models from strangers that would fill the memory, or never be read to the end."""

import json
import os
import subprocess
import sys
import zlib
from threading import Timer

import numpy as np
import pytest
from safetensors.numpy import load

from attacks import lexicon_of, with_arrays, with_manifest
from model_folders import change_manifest, path_of, replace

TAG = """
import resource, sys, windowclf
from windowclf.errors import ModelError
resource.setrlimit(resource.RLIMIT_AS, (1_200_000_000, 1_200_000_000))
for line in sys.stdin:
    try:
        windowclf.load(line.strip()).predict([["Ada", "lives", "in", "New", "York", "."]])
    except ModelError as error:
        print(error, flush=True)
    else:
        print("tagged", flush=True)
"""


@pytest.fixture(scope="module")
def start():
    """Return a function that gives a process of little memory: the last one, while it lives."""
    processes = []

    def start():
        if not processes or processes[-1].poll() is not None:
            command = [sys.executable, "-c", TAG]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
            processes.append(subprocess.Popen(command, **pipes, encoding="utf-8", env=environment))
        return processes[-1]

    yield start
    for process in processes:
        process.communicate()


@pytest.fixture
def in_a_gigabyte(start):
    """Return a function that loads a model and tags with little memory and in little time."""

    def tag(folder):
        process = start()
        too_long = Timer(60, process.kill)
        too_long.start()
        process.stdin.write(f"{folder}\n")
        process.stdin.flush()
        line = process.stdout.readline()
        too_long.cancel()
        assert line, process.communicate()[1]  # it was killed, or ended by another error
        return line.removesuffix("\n")

    return tag


def gzipped(size):
    """Pack as many spaces, a megabyte at a time."""
    stream = zlib.compressobj(9, wbits=31)
    megabyte = b" " * 2**20
    packed = [stream.compress(megabyte) for _ in range(size // 2**20)]
    return b"".join([*packed, stream.flush()])


def pipe(kind):
    def attack(folder):
        path = path_of(folder, kind)
        path.unlink()
        os.mkfifo(path)

    return attack


def link(kind, target):
    def attack(folder):
        path = path_of(folder, kind)
        path.unlink()
        path.symlink_to(target)

    return attack


def sparse(kind, size):
    def attack(folder):
        path = path_of(folder, kind)
        os.truncate(path, size)
        if kind != "manifest":
            change_manifest(folder, lambda facts: facts["files"][kind].update(size=size))

    return attack


def header_of(length, text=b""):
    return lambda folder: replace(folder, "parameters", length.to_bytes(8, "little") + text)


def narrow(folder):
    """Take the columns away, so that no array says how wide the window is."""

    def change(arrays):
        for name in arrays:
            if name.startswith("L_"):
                arrays[name] = arrays[name][:, :0]
        H = len(arrays["b1"])
        arrays["W1"] = np.empty((0, 10**9 + 1, H), np.float32)
        arrays["W_s"] = np.empty((0, H), np.float32)

    with_arrays(change)(folder)
    change_manifest(folder, lambda facts: facts["config"].update(window=10**9 + 1))


def wide(window, hidden):
    """Make the network as wide as the memory of tagging, with arrays that fit."""

    def attack(folder):
        def change(arrays):
            for name in arrays:
                if name.startswith("L_"):
                    arrays[name] = arrays[name][:, :1]
            d = sum(name.startswith("L_") for name in arrays)
            arrays["W1"] = np.zeros((d, window, hidden), np.float16)
            arrays["W_s"] = np.zeros((d, hidden), np.float16)
            arrays["b1"] = arrays["g"] = np.zeros(hidden, np.float16)
            arrays["U"] = np.zeros((hidden, len(arrays["b_u"])), np.float16)

        with_arrays(change)(folder)
        change_manifest(folder, lambda f: f["config"].update(window=window, hidden=[hidden]))

    return attack


def many_tables(folder):
    """Let a thousand tables be the same bytes, and double each when it is read."""
    values = lexicon_of(folder) | {f"gazetteer-{i}": [] for i in range(1000)}
    replace(folder, "lexicon", json.dumps(values).encode())
    arrays = load(path_of(folder, "parameters").read_bytes())
    content = bytearray()
    header = {}
    for name, array in arrays.items():
        offsets = len(content), len(content) + array.nbytes
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
        content += array.tobytes()
    columns = 300_000
    offsets = len(content), len(content) + 12 * columns
    for i in range(1000):
        entry = {"dtype": "F16", "shape": (6, columns), "data_offsets": offsets}
        header[f"L_gazetteer-{i}"] = entry
    text = json.dumps(header).encode()
    content += bytes(12 * columns)
    replace(folder, "parameters", len(text).to_bytes(8, "little") + text + content)


BOMBS = {
    "gzip": (lambda f: replace(f, "lexicon", gzipped(2**29)), "cut off, or more than"),
    "small gzip": (lambda f: replace(f, "lexicon", gzipped(2**23)), "more than 1,048,576 bytes"),
    "pipe for the manifest": (pipe("manifest"), "not a regular file"),
    "pipe for a file": (pipe("lexicon"), "not a regular file"),
    "device": (link("manifest", "/dev/zero"), "not a regular file"),
    "device for a file": (link("parameters", "/dev/zero"), "not a regular file"),
    "huge manifest": (sparse("manifest", 2**35), "more than 4,194,304 bytes"),
    "huge lexicon": (sparse("lexicon", 2**35), "34,359,738,368 bytes of lexicon: at most"),
    "huge parameters": (sparse("parameters", 2**35), "bytes of parameters: at most"),
    "header": (header_of(2**63), "a header of 9,223,372,036,854,775,808 bytes"),
    "header of spaces": (header_of(2**27, b" " * 2**27), "a header of 134,217,728 bytes"),
    "window of nothing": (narrow, "a window of 1,000,0"),
    "wide window": (wide(4_001, 16), "a window of 4,001"),
    "wide layer": (wide(3, 70_000), "layers of 70,000"),
    "wide both": (wide(301, 2_000), "window of 301 and layers of 2,000"),
    "tables one upon another": (many_tables, "arrays that overlap"),
    "layers by claim": (
        with_manifest(lambda m: m["config"].update(hidden=[10**9])),
        "layers of 1,000,000,000",
    ),
    "labels": (
        with_manifest(lambda m: m.update(labels=["O", *(f"S-{i}" for i in range(9_999))])),
        "parameter U is",
    ),
    "more labels": (
        with_manifest(lambda m: m.update(labels=["O", *(f"S-{i}" for i in range(10_000))])),
        "10001 labels: expected 1 to 10,000",
    ),
}


@pytest.mark.parametrize(("attack", "message"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_in_little_memory_and_time(folder, in_a_gigabyte, attack, message):
    attack(folder)
    assert message in in_a_gigabyte(folder)


def test_a_whole_model_tags_in_as_little(folder, in_a_gigabyte):
    assert in_a_gigabyte(folder) == "tagged"
