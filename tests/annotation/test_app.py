"""The answers of a project's service over HTTP."""

import sqlite3
from contextlib import closing

import pytest
from starlette.testclient import TestClient

from annotating import IDLE, make_project, propose
from windowclf.annotation.app import create_app
from windowclf.annotation.store import Store
from windowclf.errors import StoreError

HOST = "http://127.0.0.1"


@pytest.fixture
def store(tmp_path):
    with Store.open(make_project(tmp_path / "names")) as store:
        yield store


@pytest.fixture
def client(store):
    app = create_app(store, who="ada", hosts=("127.0.0.1",), learner=IDLE)
    with TestClient(app, base_url=HOST, raise_server_exceptions=False) as client:
        yield client


def decision(passage, version=0, spans=(), *, request="r1", state="accepted", **more):
    change = {"passage": passage, "version": version, "state": state, "spans": [*spans]}
    return {"request": request, "client": "c", "changes": [change | more]}


def test_passages_come_with_proposals_and_neighbours(tmp_path):
    folder = make_project(tmp_path / "names", [["Ada met Tom .\n\n", "Oslo ."], "France ."])
    with Store.open(folder) as store:
        propose(store, {1: [(0, 3, 1, 0.9), (8, 11, 77, 0.5)]}, 3)
        app = create_app(store, who="ada", learner=IDLE)
        with TestClient(app) as client:
            body = {"client": "c", "count": 3, "exclude": [3]}
            first, second = client.post("/next", json=body).json()["passages"]
    assert first["proposal"] == [[0, 3, 1, 0.9]]  # the other label is gone
    assert (first["before"], first["after"]) == ("", "Oslo .")
    assert first["tokens"][:2] == [[0, 3], [4, 7]]
    assert (second["proposal"], second["before"]) == (None, "Ada met Tom .")


def test_a_window_that_closes_leaves_its_passages_to_others(client):
    def take(window):
        found = client.post("/next", json={"client": window, "count": 3}).json()["passages"]
        return [passage["id"] for passage in found]

    assert take("a") == [1, 2, 3]
    assert take("b") == []
    assert client.post("/release", json={"client": "a"}).status_code == 204
    client.post("/next", json={"client": "a", "exclude": [1, 2]})  # that is open there again
    assert client.post("/release", json={"client": "none"}).status_code == 204
    assert take("b") == []
    assert client.post("/release", json={"client": "a"}).status_code == 204
    assert take("b") == [1, 2, 3]


def test_what_is_decided_is_saved_and_counted(client, store):
    before = client.get("/state").json()
    answer = client.post("/decide", json=decision(1, spans=[[0, 3, 1]]))
    [saved] = answer.json()["saved"]
    assert (answer.status_code, saved["passage"]) == (200, 1)
    assert store.passage(1).version == saved["version"]
    assert store.passage(1).who == "ada"
    after = client.get("/state").json()
    assert after["number"] > before["number"]
    assert (after["counts"]["accepted"], after["counts"]["names"]["PER"]) == (1, 1)
    assert client.get("/state", params={"since": after["number"]}).status_code == 204


def test_a_request_that_comes_again_is_answered_alike(client, store):
    body = decision(1)
    answers = [client.post("/decide", json=body) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(store.history(10)) == 1


def test_a_conflict_shows_what_stands(client):
    client.post("/decide", json=decision(1, spans=[[0, 3, 1]]) | {"who": "grace"})
    answer = client.post("/decide", json=decision(1, request="r2"))
    assert answer.status_code == 409
    [passage] = answer.json()["passages"]
    assert (passage["who"], passage["spans"], passage["id"]) == ("grace", [[0, 3, 1]], 1)


def test_an_undo_gives_the_passage_back(client):
    client.post("/decide", json=decision(1))
    body = {"request": "r2", "client": "c"}
    [passage] = client.post("/undo", json=body).json()["passages"]
    assert (passage["id"], passage["state"]) == (1, None)
    body = {"request": "r3", "client": "c"}
    assert client.post("/undo", json=body).json() == {"passages": []}


def test_labels_are_added_and_renamed(client):
    labels = client.post("/labels", json={"add": "ORG"}).json()["labels"]
    assert [(label["name"], label["key"]) for label in labels][2] == ("ORG", "3")
    renamed = client.post("/labels", json={"rename": 1, "name": "PATIENT"}).json()["labels"]
    assert renamed[0]["name"] == "PATIENT"
    taken = client.post("/labels", json={"add": "patient"})
    assert taken.status_code == 422
    assert "PATIENT" in taken.json()["error"]
    assert client.post("/labels", json={"rename": 1}).status_code == 422


def test_the_eleventh_label_has_no_key(client):
    for number in range(9):
        labels = client.post("/labels", json={"add": f"L{number}"}).json()["labels"]
    assert [label["key"] for label in labels] == [*"1234567890", None]


def test_guidelines_are_not_overwritten(client):
    assert client.get("/guidelines").json() == {"text": "", "version": 0}
    assert client.post("/guidelines", json={"text": "a", "version": 0}).json() == {"version": 1}
    answer = client.post("/guidelines", json={"text": "b", "version": 0})
    assert answer.status_code == 409
    assert (answer.json()["text"], answer.json()["version"]) == ("a", 1)


def test_the_history_is_paged(client):
    for passage in (1, 2):
        client.post("/decide", json=decision(passage, request=f"r{passage}"))
    decisions = client.get("/history").json()["decisions"]
    assert [one["passage"] for one in decisions] == [2, 1]
    params = {"before": decisions[0]["id"]}
    [older] = client.get("/history", params=params).json()["decisions"]
    assert older["passage"] == 1
    assert client.get("/history", params={"before": "x"}).status_code == 422


def accept(client, *spans):
    """Accept the passages one after another, each with its spans."""
    for passage, found in enumerate(spans, 1):
        client.post("/decide", json=decision(passage, spans=found, request=f"a{passage}"))


FIX = {"request": "f", "client": "c"}


def test_names_are_listed_and_relabelled(client, store):
    accept(client, [[0, 3, 1], [13, 21, 1]], [[0, 4, 2]])
    params = {"label": 1, "query": "new", "page": 0}
    found = client.get("/review", params=params).json()
    assert [(one["text"], one["count"]) for one in found["names"]] == [("New York", 1)]
    fix = FIX | {"text": "New York", "label": 1, "new": 2, "labelled": True}
    [saved] = client.post("/fix", json=fix).json()["saved"]
    assert saved["passage"] == 1
    assert [span.label for span in store.passage(1).spans] == [1, 2]
    assert client.post("/fix", json=fix | {"request": "g"}).json() == {"saved": []}


def test_a_contradiction_is_fixed_and_undone_in_one_go(tmp_path):
    texts = ["Ada took Aspirin .", "Tom took Aspirin .", "Aspirin and Aspirin ."]
    folder = make_project(tmp_path / "names", texts)
    with (
        Store.open(folder) as store,
        TestClient(create_app(store, who="ada", learner=IDLE)) as client,
    ):
        accept(client, [[9, 16, 1]], [], [[0, 7, 1]])
        [found] = client.get("/contradictions").json()["contradictions"]
        assert [(r["label"], r["count"]) for r in found["readings"]] == [(1, 2), (None, 2)]
        fix = FIX | {"text": found["text"], "label": None, "new": 1}
        assert len(client.post("/fix", json=fix).json()["saved"]) == 2
        assert client.get("/contradictions").json()["contradictions"] == []
        body = {"request": "u", "client": "c"}
        assert len(client.post("/undo", json=body).json()["passages"]) == 2
        assert store.passage(2).spans == []


def test_the_model_is_followed_where_it_disagrees(client, store):
    accept(client, [[0, 3, 2]])
    propose(store, {1: [(0, 3, 1, 0.9)]})
    [found] = client.get("/contradictions").json()["disagreements"]
    assert (found["proposed"], found["score"]) == ([0, 3, 1], 0.9)
    client.post("/adopt", json=FIX | {"chosen": [found]})
    assert [span.label for span in store.passage(1).spans] == [1]


@pytest.mark.parametrize(
    "path", ["next", "decide", "undo", "labels", "guidelines", "fix", "adopt", "release"]
)
def test_another_site_writes_nothing(client, store, path):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:81"):
        answer = client.post(f"/{path}", json=decision(1), headers={"Origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"].startswith("Origin: expected the page of this service")
    kind = {"Content-Type": "text/plain"}
    assert client.post(f"/{path}", content=b"{}", headers=kind).status_code == 415
    assert store.history(10) == []
    own = client.post("/decide", json=decision(1), headers={"Origin": HOST})
    assert own.status_code == 200


def test_another_host_reads_nothing(client):
    assert client.get("/state", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b'{"client": "c", "count": 6}', "<= 5"),
        (b'{"client": 1}', "client"),
        (b'{"client": "c", "more": 1}', "more"),
    ],
)
def test_a_body_that_cannot_be_used(client, body, reason):
    kind = {"Content-Type": "application/json"}
    answer = client.post("/next", content=body, headers=kind)
    assert answer.status_code in (400, 422)
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        decision(99),
        decision(1, spans=[[0, 3, 99]]),
        decision(1, spans=[[0, 300, 1]]),
        decision(1, spans=[[0, 3, 1], [2, 5, 1]]),
        decision(1, state="perhaps"),
        {"request": "r", "client": "c", "changes": []},
    ],
)
def test_a_decision_that_cannot_be(client, store, body):
    assert client.post("/decide", json=body).status_code == 422
    assert store.history(10) == []


def test_a_full_disk_is_reported(client, store, monkeypatch):
    def fail(*_):
        raise StoreError("names: not saved: database or disk is full; free some space")

    with monkeypatch.context() as patch:
        patch.setattr(store, "decide", fail)
        answer = client.post("/decide", json=decision(1))
    assert answer.status_code == 507
    assert "disk is full" in answer.json()["error"]
    assert client.post("/decide", json=decision(1)).status_code == 200


def test_a_disk_that_is_really_full(client, store):
    pages = store.database.connection.execute("PRAGMA page_count").fetchone()[0]
    store.database.connection.execute(f"PRAGMA max_page_count = {pages}")
    answers = [
        client.post("/decide", json=decision(p, request=f"r{p}", comment="x" * 9000))
        for p in (1, 2, 3)
    ]
    assert answers[-1].status_code == 507
    assert "full" in answers[-1].json()["error"]
    store.database.connection.execute("PRAGMA max_page_count = 100000")
    again = client.post("/decide", json=decision(3, request="r3", comment="x" * 9000))
    assert again.status_code == 200


def test_the_page_and_its_files(client):
    assert "text/html" in client.get("/").headers["content-type"]
    script = client.get("/files/annotate.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cache-control"] == "no-cache"
    assert client.get("/files/annotate.html").status_code == 404
    assert client.get("/nowhere").json() == {"error": "no such path; begin at /"}


def test_every_file_of_the_page_is_served(client):
    seen, found = set(), ["annotate.js", "annotate.css", "style.css"]
    while found:
        name = found.pop()
        seen.add(name)
        text = client.get(f"/files/{name}").text
        parts = text.split('from "./')[1:]
        found += {part.partition('"')[0] for part in parts} - seen
    assert len(seen) > 8


def test_the_project_is_whole_after_all(client, store):
    client.post("/decide", json=decision(1))
    with closing(sqlite3.connect(store.database.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
