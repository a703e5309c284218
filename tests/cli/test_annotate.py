"""The command annotate: a project is created, continued, killed, and its status printed."""

import json
import random
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress
from uuid import uuid4

import httpx
import pytest

from serving import command_serving
from windowclf.annotation.entries import Change, StoredSpan
from windowclf.annotation.store import Store
from windowclf.cli import main

TEXTS = [f"Dr Hill gave dose {number} of Aspirin to Ana." for number in range(40)]
SEVERAL = pytest.mark.parametrize(
    "kills",
    [
        pytest.param(8, marks=pytest.mark.processes),
        pytest.param(200, marks=pytest.mark.slow),
    ],
)


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.jsonl"
    records = [{"text": text} for text in [*TEXTS, "", TEXTS[0]]]
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    return path


@pytest.fixture
def project(tmp_path):
    return tmp_path / "drugs"


@contextmanager
def labelling(*options):
    """Run the command in a process; yield the process and a client."""
    with (
        command_serving("annotate", *options) as (process, url),
        httpx.Client(base_url=url, trust_env=False, timeout=20) as client,
    ):
        yield process, client


def accept(client, passage, request=None, spans=()):
    change = {
        "passage": passage["id"],
        "version": passage["version"],
        "state": "accepted",
        "spans": [*spans],
        "comment": "",
    }
    body = {"request": request or uuid4().hex, "client": "c", "who": "me", "changes": [change]}
    return client.post("/decide", json=body)


def take(client, count=1):
    asked = {"client": "c", "count": count, "exclude": []}
    return client.post("/next", json=asked).json()["passages"]


def test_it_begins_goes_on_and_ends_well(texts, project, capfd):
    options = ["--output", project, "--model", "none", "--who", "me"]
    with labelling(texts, "--labels", "DRUG,DOSE", *options) as (process, client):
        [passage] = take(client)
        start = passage["text"].index("Aspirin")
        spans = [[start, start + len("Aspirin"), 1]]
        assert accept(client, passage, spans=spans).status_code == 200
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, "")
    with labelling(texts, "--labels", "dose,FORM", *options) as (process, client):
        state = client.get("/state").json()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert [label["name"] for label in state["labels"]] == ["DRUG", "DOSE", "FORM"]
    assert state["counts"]["accepted"] == 1
    assert state["counts"]["documents"] == len(TEXTS)
    assert main(["annotate", "--status", str(project)]) == 0
    out = capfd.readouterr().out
    assert out.splitlines()[0].endswith(
        "40 passages of 40 documents: 1 accepted, 0 skipped, 0 flagged, 39 open"
    )
    assert "names: DRUG 1, DOSE 0, FORM 0; in 1 accepted sentence" in out


def test_the_status_for_machines(project, capfd):
    with Store.create(project, ["DRUG"], {}, 1) as store:
        fill(store)
        [number] = store.take("c", 1)
        store.decide("r", "me", [Change(number, 0, "accepted", [StoredSpan(0, 2, 1)])])
    assert main(["annotate", "--status", str(project), "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["accepted"], found["open"], found["names"]) == (1, 39, {"DRUG": 1})
    assert (found["measure"], found["rounds"], found["advice"]) == (None, [], None)


def fill(store):
    from windowclf.annotation.intake import take_texts

    path = store.folder / "texts.txt"
    path.write_text("\n".join(TEXTS), encoding="utf-8")
    take_texts(store, [str(path)])


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        ([], 2, "--output: expected the folder of the project"),
        (["--output", "new"], 2, "new: no project; expected a file of texts to create one"),
        (["texts.jsonl", "--output", "new"], 2, "--labels: expected at least one label"),
        (["--output", "new", "--json"], 2, "--json needs --status"),
        (["texts.jsonl", "--status", "new"], 2, "--status prints a project's progress"),
        (["--status", "new"], 1, "new/annotation.sqlite: no such file"),
        (
            ["texts.jsonl", "--labels", "A", "--output", "new", "--map", "PER"],
            2,
            "--map 'PER': expected LABEL=LABEL",
        ),
        (
            ["texts.jsonl", "--labels", "A", "--output", "new", "--map", "PER=B"],
            2,
            "--map: the project has no label 'B'; expected one of A",
        ),
        (
            ["texts.jsonl", "--labels", "A", "--output", "new", "--gazetteer", "B=texts.jsonl"],
            2,
            "--gazetteer: the project has no label 'B'; expected one of A",
        ),
        (["gone.jsonl", "--labels", "A", "--output", "new"], 1, "gone.jsonl: "),
        (["texts.jsonl", "--labels", "A,a", "--output", "new"], 2, "label"),
    ],
)
def test_a_wrong_call_ends_in_one_line(arguments, code, expected, texts, monkeypatch, capfd):
    monkeypatch.chdir(texts.parent)
    assert main(["annotate", "--port", "0", *arguments]) == code
    err = capfd.readouterr().err
    assert err.startswith("windowclf: error: ")
    assert expected in err
    assert err.count("\n") == 1
    assert not (texts.parent / "new" / "annotation.sqlite").exists()


def test_the_text_unit_is_that_of_the_project(tmp_path, project, capfd):
    path = tmp_path / "lines.jsonl"
    path.write_text(json.dumps({"text": "Aspirin helped\nJo left"}), encoding="utf-8")
    options = ["--output", project, "--model", "none", "--order", "given"]
    with labelling(path, "--labels", "DRUG", *options, "--text-unit", "line") as (_, client):
        assert [passage["text"] for passage in take(client, 2)] == ["Aspirin helped\n", "Jo left"]
    assert main(["annotate", *map(str, options), "--port", "0", "--text-unit", "file"]) == 2
    assert "--text-unit: the passages of" in capfd.readouterr().err


@SEVERAL
def test_nothing_confirmed_is_lost_when_it_is_killed(kills, texts, project):
    rng = random.Random(kills)
    confirmed, unsure = {}, []
    options = ["--output", project, "--model", "none", "--order", "given"]
    begin = [texts, "--labels", "DRUG"]
    for _ in range(kills):
        with labelling(*begin, *options) as (process, client):
            begin = []
            threading.Timer(rng.uniform(0, 0.5), process.kill).start()
            with suppress(httpx.HTTPError):
                annotate(client, confirmed, unsure)
            process.wait(30)
        check(project, confirmed)
    assert len(confirmed) > kills
    with labelling(*options) as (_, client):  # what was not confirmed is sent again
        for passage, request in unsure:
            assert accept(client, passage, request).status_code in (200, 409)
    check(project, confirmed)


def annotate(client, confirmed, unsure):
    """Decide on passages again and again, until the server is gone."""
    while True:
        for number in range(1, len(TEXTS) + 1):
            passage = client.get(f"/passage/{number}").json()
            request = uuid4().hex
            unsure.append((passage, request))
            found = accept(client, passage, request)
            assert found.status_code == 200
            [saved] = found.json()["saved"]
            confirmed[request] = saved["passage"], saved["version"]
            unsure.pop()


def check(project, confirmed):
    with closing(sqlite3.connect(project / "annotation.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT request, passage, id FROM decision").fetchall()
        stale = connection.execute(
            "SELECT COUNT(*) FROM passage WHERE version != COALESCE("
            "(SELECT MAX(id) FROM decision WHERE decision.passage = passage.id), 0)"
        ).fetchone()
    assert len(rows) == len({request for request, _, _ in rows})
    found = {request: (passage, number) for request, passage, number in rows}
    assert confirmed.items() <= found.items()
    assert stale == (0,)
