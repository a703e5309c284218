"""What /tag and /explain answer is what the classifier says."""

import concurrent.futures
import time

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from serving import Held, serving
from windowclf.explanation.result import Explanation
from windowclf.tagging.tagged_text import Entity

TEXTS = [tiny.unmarked(marked) for marked in tiny.MARKED]
WORDS = ["Paris", "is", "in", "New York", "Ada", "\U0001f600", "\0", "\n\n", ".", "é", "\u2028"]
texts = st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12).map(" ".join)


def same(found, entities):
    """Compare entities; the last bits of a score depend on what is tagged beside."""
    found = [msgspec.convert(entity, Entity) for entity in found]
    bare = [[msgspec.structs.replace(e, score=0) for e in side] for side in (found, entities)]
    assert bare[0] == bare[1]
    assert [e.score for e in found] == pytest.approx([e.score for e in entities], abs=1e-5)


def test_one_text(client, classifier):
    answer = client.post("/tag", json={"text": "Paris is in France"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found = answer.json()
    assert list(found) == ["text", "entities"]
    assert found["text"] == "Paris is in France"
    assert [(e["text"], e["label"]) for e in found["entities"]] == [
        ("Paris", "LOC"),
        ("France", "LOC"),
    ]
    same(found["entities"], classifier.tag("Paris is in France"))


@given(texts=st.lists(texts, max_size=6))
def test_texts_are_tagged_as_by_pipe(client, classifier, texts):
    found = client.post("/tag", json={"texts": texts, "tokens": True}).json()["texts"]
    assert [answer["text"] for answer in found] == texts
    for answer, tagged in zip(found, classifier.pipe(texts), strict=True):
        same(answer["entities"], tagged.entities)
        for entity in answer["entities"]:  # in code points, as Python counts
            assert entity["text"] == tagged.text[entity["start"] : entity["end"]]
        tokens = [token for sentence in tagged.sentences for token in sentence]
        tags = [tag for sentence in tagged.tags for tag in sentence]
        assert answer["tokens"] == [
            {"text": token.text, "start": token.start, "end": token.end, "tag": tag}
            for token, tag in zip(tokens, tags, strict=True)
        ]


def test_a_megabyte_of_text(client, classifier):
    text = ("Paris is in France . " * 50_000)[:1_000_000]
    answer = client.post("/tag", json={"text": text})
    assert answer.status_code == 200
    same(answer.json()["entities"], classifier.tag(text))


def test_many_at_the_same_time(client, classifier):
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda text: client.post("/tag", json={"text": text}), TEXTS * 3)
    for answer, tagged in zip(answers, classifier.pipe(TEXTS * 3), strict=True):
        assert answer.json()["text"] == tagged.text
        same(answer.json()["entities"], tagged.entities)


def wait_until(true):
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def under_way(address):
    lines = httpx.get(f"{address}/metrics", trust_env=False).text.splitlines()
    return next(
        float(line.split()[1]) for line in lines if line.startswith("windowclf_requests_under_way")
    )


def test_those_who_wait_together_are_tagged_together(classifier):
    held = Held(classifier)
    with serving(held) as address, concurrent.futures.ThreadPoolExecutor(8) as pool:

        def ask(body):
            return httpx.post(f"{address}/tag", json=body, timeout=20, trust_env=False).json()

        first = pool.submit(ask, {"text": TEXTS[0]})
        assert held.begun.wait(20)
        one = [pool.submit(ask, {"text": text}) for text in TEXTS[1:6]]
        two = pool.submit(ask, {"texts": TEXTS[6:9]})
        wait_until(lambda: under_way(address) == 7)
        held.let.set()
        assert [future.result()["text"] for future in [first, *one]] == TEXTS[:6]
        assert [answer["text"] for answer in two.result()["texts"]] == TEXTS[6:9]
    assert held.batches == [1, 8]


def test_one_bad_text_spoils_no_other(classifier):
    class Picky(Held):
        def pipe(self, texts, **settings):
            found = super().pipe(texts, **settings)
            if "bad" in texts:
                raise ValueError("a fault of the service")
            return found

    held = Picky(classifier)
    with serving(held) as address, concurrent.futures.ThreadPoolExecutor(8) as pool:

        def ask(text):
            return httpx.post(f"{address}/tag", json={"text": text}, timeout=20, trust_env=False)

        first = pool.submit(ask, TEXTS[0])
        assert held.begun.wait(20)
        others = [pool.submit(ask, text) for text in (TEXTS[1], "bad", TEXTS[2])]
        wait_until(lambda: under_way(address) == 4)
        held.let.set()
        assert first.result().status_code == 200
        assert [future.result().status_code for future in others] == [200, 500, 200]
        assert others[1].result().json() == {"error": "an error in the service; see its log"}


def test_explain(client, classifier):
    body = {"text": "Ada is here . Paris is in France", "token": 4}
    answer = client.post("/explain", json=body)
    assert answer.status_code == 200, answer.text
    found = msgspec.json.decode(answer.content, type=Explanation)
    assert found == classifier.explain(body["text"], 4)
    assert found.word == "Paris"


def test_explain_as_a_part_of_a_page(client):
    body = {"text": "<b> is in <script>alert(1)</script>", "token": 0}
    answer = client.post("/explain", json=body, headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'class="explanation"' in answer.text
    assert "<script" not in answer.text
    assert "<b>" not in answer.text.partition("</p>")[0]


@pytest.mark.parametrize(("text", "token"), [("Paris is in France", 4), ("", 0)])
def test_no_such_token(client, text, token):
    answer = client.post("/explain", json={"text": text, "token": token})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith(f"token {token}: ")


def test_the_text_unit(client, classifier):
    text = "Ada lives in New\nYork ."
    for unit in ("line", "file"):
        found = client.post("/tag", json={"text": text, "text_unit": unit}).json()["entities"]
        same(found, classifier.tag(text, text_unit=unit))
        assert ("New\nYork" in [entity["text"] for entity in found]) == (unit == "file")
        answer = client.post("/explain", json={"text": text, "token": 4, "text_unit": unit}).json()
        assert answer["tokens"] == (text.split() if unit == "file" else ["York", "."])
    refused = client.post("/tag", json={"text": text, "text_unit": "page"})
    assert refused.status_code == 422
    assert "text_unit" in refused.json()["error"]


def test_requests_with_other_text_units_are_answered_together(classifier):
    text = "Ada lives in New\nYork ."
    units = ["line", "file", "auto", "line", "paragraph"]
    held = Held(classifier)
    with serving(held) as address, concurrent.futures.ThreadPoolExecutor(8) as pool:

        def ask(unit):
            body = {"text": text, "text_unit": unit}
            return httpx.post(f"{address}/tag", json=body, timeout=20, trust_env=False).json()

        first = pool.submit(ask, "auto")
        assert held.begun.wait(20)
        others = [pool.submit(ask, unit) for unit in units]
        wait_until(lambda: under_way(address) == 6)
        held.let.set()
        first.result()
        for unit, answer in zip(units, others, strict=True):
            same(answer.result()["entities"], classifier.tag(text, text_unit=unit))
