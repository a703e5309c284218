"""``windowclf tag --engine``: the same from both engines, and one line for what cannot be done."""

import json
import os
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clusters import command, contents, write_partitions
from command_lines import without_model
from windowclf.jobs.job import ERRORS, errors_of

JOB = r"(\d+) partitions?, (\d+) rows?, [\d,]+ tokens in \d+\.\d s: [\d,]+ tokens/s\n"


@pytest.fixture
def tag(run, model_folder, tmp_path, monkeypatch):
    """Return a function that runs a job in a folder; returns exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def tag(*arguments, engine="local", output="out"):
        engine = ["--engine", engine] if engine else []
        output = ["--output", output] if output else []
        return run("tag", "--model", model_folder, *engine, *output, *arguments)

    return tag


@pytest.fixture
def damaged(tmp_path):
    """A folder with good files, a corrupt one, a null text, and a text of 10 MB."""
    write_partitions(tmp_path / "in", 4, 20)
    whole = (tmp_path / "in" / "003.parquet").read_bytes()
    (tmp_path / "in" / "003.parquet").write_bytes(whole[: len(whole) // 2])
    texts = ["Ada met Tom .", None, "Ada " * 2_500_000, "Paris is in France"]
    table = pa.table({"text": texts, "id": [*range(4)]})
    pq.write_table(table, tmp_path / "in" / "010.parquet")
    return "in"


def test_both_engines_and_what_cannot_be_tagged(tag, damaged, tmp_path):
    code, out, err = tag("--input", damaged, output="local")
    assert (code, out) == (0, "")
    assert re.fullmatch(JOB + f"3 errors, listed in the table local/{ERRORS}\n", err).groups() == (
        "4",
        "62",
    )
    code, out, err = tag(
        "--processes", 1, "--json", "--input", damaged, engine="dask", output="dask"
    )
    assert code == 0
    dashboard, rest = err.split("\n", 1)
    assert re.fullmatch(r"dashboard: http://127\.0\.0\.1:\d+/status", dashboard)
    assert re.fullmatch(JOB + f"3 errors, listed in the table dask/{ERRORS}\n", rest)
    facts = json.loads(out)
    assert facts["tokens"] > 0 < facts["seconds"]
    assert {*facts} == {
        *("output", "partitions", "done_before", "done", "failed", "rows", "tokens", "errors"),
        *("seconds", "seconds_of_work"),
    }
    del facts["tokens"], facts["seconds"], facts["seconds_of_work"]
    assert facts == {
        "output": "dask",
        "partitions": 5,
        "done_before": 0,
        "done": 4,
        "failed": 1,
        "rows": 62,
        "errors": 3,
    }
    assert contents(tmp_path / "dask") == contents(tmp_path / "local")
    done, failed = ["000", "001", "002", "010"], ["003", "010"]
    assert [*contents(tmp_path / "dask")] == [
        *(f"{name}.parquet" for name in done),
        *(errors_of(f"{name}.parquet") for name in failed),
    ]
    assert {path.name for path in tmp_path.iterdir()} == {"in", "local", "dask"}


def test_the_same_command_again(tag, damaged, tmp_path):
    tag("--input", damaged)
    before = {path: path.stat() for path in tmp_path.glob("out/*.parquet")}
    code, out, err = tag("--input", damaged, "--json")  # only the corrupt one is tried again
    assert code == 0
    facts = json.loads(out)
    assert (facts["done_before"], facts["done"], facts["failed"]) == (4, 0, 1)
    first, _, last = err.splitlines()
    assert first == "4 of 5 partitions done before"
    assert last == f"1 error, listed in the table out/{ERRORS}"
    for path, stat in before.items():
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stat.st_mtime_ns, stat.st_ino)


def test_a_job_that_is_done(tag, tmp_path):
    """Needs no cluster, not even from --engine dask."""
    pattern = write_partitions(tmp_path / "in", 2, 5)
    assert tag("--input", pattern)[0] == 0
    assert tag("--input", pattern, engine="dask") == (0, "", "2 of 2 partitions done before\n")
    code, out, _ = tag("--input", pattern, "--json", engine="dask")
    assert (code, json.loads(out)["done_before"], json.loads(out)["done"]) == (0, 2, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scheduler", "tcp://x:1"], "--scheduler applies only to jobs: add --engine"),
        (["--scheduler", ""], "--scheduler applies only to jobs: add --engine"),
        (["--max-characters", "5"], "--max-characters applies only to jobs: add --engine"),
        (["--max-characters", "0"], "--max-characters"),
        (["--partition-bytes", "5"], "--partition-bytes applies only to jobs: add --engine"),
        (["--partition-bytes", "0"], "--partition-bytes"),
    ],
)
def test_options_of_jobs_alone(tag, tmp_path, arguments, message):
    write_partitions(tmp_path / "in", 1, 1)
    _refused(tag("--input", "in", *arguments, engine=None), message, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["Ada met Tom"], "leave out TEXT and other formats"),
        (["--input", "in", "--format", "jsonl"], "leave out TEXT and other formats"),
        (["--input", "in", "--input-format", "csv"], "leave out TEXT and other formats"),
        (["--input", "in", "--output", "-"], "a job needs --input and --output"),
        (["--input", "-"], "a job needs --input and --output"),
        ([], "a job needs --input and --output"),
        (["--input", "in", "--scheduler", "tcp://x:1"], "--scheduler needs --engine dask"),
        (["--input", "in", "--scheduler", ""], "--scheduler needs --engine dask"),
        (["--input", "in", "--pretokenized", "--lines"], "not both"),
        (["--input", "in", "--processes", "0"], "--processes"),
        (["--input", "in", "--max-characters", "0"], "--max-characters"),
        (["--input", "in", "--partition-bytes", "0"], "--partition-bytes"),
        (["--input", "in", "--engine", "spark"], "--engine"),
    ],
)
def test_calls_that_are_wrong(tag, tmp_path, arguments, message):
    write_partitions(tmp_path / "in", 1, 1)
    _refused(tag(*arguments), message, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--scheduler", "tcp://x:1", "--processes", "2"],
            "--processes: leave it out; the cluster at --scheduler",
        ),
        (
            ["--scheduler", "", "--processes", "2"],
            "--processes: leave it out; the cluster at --scheduler",
        ),
        (["--scheduler", ""], "no address of a scheduler: expected one such as tcp://"),
    ],
)
def test_calls_of_a_cluster_that_are_wrong(tag, tmp_path, arguments, message):
    write_partitions(tmp_path / "in", 1, 1)
    _refused(tag("--input", "in", *arguments, engine="dask"), message, tmp_path)


def _refused(ran, message, folder):
    code, out, err = ran
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err
    assert {path.name for path in folder.iterdir()} == {"in"}


def test_other_options_than_before(tag, tmp_path, other):
    write_partitions(tmp_path / "in", 2, 5)
    assert tag("--input", "in")[0] == 0
    before = contents(tmp_path / "out")
    other.save(tmp_path / "other")
    for engine in ("local", "dask"):
        for arguments, option in (
            (["--max-characters", "9"], "--max-characters"),
            (["--pretokenized"], "--pretokenized or --lines"),
            (["--model", "other"], "--model"),
        ):
            code, out, err = tag("--input", "in", *arguments, engine=engine)
            assert (code, out, err.count("\n")) == (2, "", 1)
            assert f"contains a job with other options: {option};" in err
    assert contents(tmp_path / "out") == before


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_a_wrong_column(tag, tmp_path, engine):
    write_partitions(tmp_path / "in", 2, 5)
    code, out, err = tag("--input", "in", "--text-column", "body", engine=engine)
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "body" in err
    assert not (tmp_path / "out").exists()


def test_nothing_can_be_tagged(tag, tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        (tmp_path / "in" / f"{name}.parquet").write_bytes(b"no Parquet")
    code, out, err = tag("--input", "in")
    assert (code, out) == (1, "")
    assert "no partition could be tagged; the first error: " in err.splitlines()[-1]
    assert "Traceback" not in err


@pytest.mark.parametrize("engine", ["local", "dask"])
def test_output_that_cannot_be_written(tag, tmp_path, engine):
    write_partitions(tmp_path / "in", 2, 5)
    (tmp_path / "out" / "000.parquet").mkdir(parents=True)
    code, out, err = tag("--input", "in", "--processes", "1", engine=engine)
    assert (code, out) == (1, "")
    dashboard = r"dashboard: \S+\n" if engine == "dask" else ""
    error = rf"windowclf: error: {tmp_path}/out/000.parquet: cannot be written: Is a directory\n"
    assert re.fullmatch(dashboard + error, err)


def test_what_is_half_written_when_a_job_is_stopped(tag, tmp_path, monkeypatch):
    left = tmp_path / "out" / ".000.part"

    def stop(*_, **__):
        left.touch()
        raise KeyboardInterrupt

    write_partitions(tmp_path / "in", 2, 5)
    monkeypatch.setattr("windowclf.jobs.partition.tag_partition", stop)
    said = "interrupted: 0 of 2 partitions done; run the same command to continue\n"
    assert tag("--input", "in") == (130, "", said)
    assert [path.name for path in left.parent.iterdir()] == ["_job.json"]


def test_without_the_extra(tmp_path, model_folder):
    write_partitions(tmp_path / "in", 1, 1)
    arguments = command("--engine", "dask", "--input", "in", "--output", "out")[3:]
    arguments += ["--model", str(model_folder)]
    program = (
        "import sys; from windowclf.cli import main\n"
        "for hidden in ('distributed', 'dask'):\n"
        f"    sys.modules[hidden] = None; print(main({arguments!r})); del sys.modules[hidden]"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ},
    )
    assert (ran.returncode, ran.stdout) == (0, "1\n1\n")
    assert without_model(ran.stderr) == 2 * (
        "windowclf: error: --engine dask needs an optional package: pip install 'windowclf[dask]'\n"
    )
    assert not (tmp_path / "out").exists()


def test_a_person_sees_a_bar(tag, tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    write_partitions(tmp_path / "in", 3, 20)
    code, out, err = tag("--input", "in")
    assert (code, out) == (0, "")
    assert "0 of 3" in err
    assert "3 of 3" in err
    assert re.search(r"[\d,]+ tokens/s", err)
    assert re.search(r"\d:\d\d:\d\d", err)
    assert re.search(JOB + r"\Z", err)


def test_a_program_sees_only_the_end(tag, tmp_path):
    write_partitions(tmp_path / "in", 3, 20)
    code, out, err = tag("--input", "in")
    assert (code, out) == (0, "")
    assert re.fullmatch(JOB, err).groups() == ("3", "60")
