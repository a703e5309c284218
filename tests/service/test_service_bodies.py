"""No body brings the service down, and each refused one gets a reason."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

JSON = {"Content-Type": "application/json"}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "texts", "tokens", "token"]), inner, max_size=4)
    ),
    max_leaves=8,
)
bodies = values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40)


@given(path=st.sampled_from(["/tag", "/explain"]), body=bodies)
def test_any_body(client, path, body):
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code in (200, 400, 422)
    if answer.status_code != 200:
        assert list(answer.json()) == ["error"]
        assert len(answer.json()["error"].splitlines()) == 1


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"", 400, "the body is not JSON in UTF-8: "),
        (b"{", 400, "the body is not JSON in UTF-8: "),
        (b'{"text": "\xff"}', 400, "the body is not JSON in UTF-8: "),
        (b'{"text": "\xed\xa0\x80"}', 400, "the body is not JSON in UTF-8: "),
        (rb'{"text": "\ud800"}', 400, "\\ud800 to \\udfff are characters only in pairs"),
        (b'{"a": ' + b"[" * 100_000, 422, "unknown field `a`"),
        (b'{"text": 3}', 422, "Expected `str`, got `int` - at `$.text`"),
        (b'{"text": null}', 422, "at `$.text`"),
        (b'{"texts": "Paris"}', 422, "at `$.texts`"),
        (b'{"texts": ["Paris", 3]}', 422, "at `$.texts[1]`"),
        (b'["Paris"]', 422, "Expected `object`, got `array`"),
        (b"{}", 422, 'expected either "text" or "texts"'),
        (b'{"text": "", "texts": []}', 422, 'expected either "text" or "texts"'),
    ],
)
def test_what_is_refused(client, body, status, reason):
    answer = client.post("/tag", content=body, headers=JSON)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"text": ""}', {"text": "", "entities": []}),
        (b'{"texts": []}', {"texts": []}),
        (rb'{"text": "\u0000"}', {"text": "\0", "entities": []}),
        (rb'{"text": "\ud83d\ude00 is in Paris"}', None),
    ],
)
def test_what_is_odd_but_right(client, body, found):
    answer = client.post("/tag", content=body, headers=JSON)
    assert answer.status_code == 200
    if found is not None:
        assert answer.json() == found
    else:
        *_, entity = answer.json()["entities"]
        assert (entity["text"], entity["start"], entity["end"]) == ("Paris", 8, 13)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_said_to_be_json(client, kind):
    answer = client.post("/tag", content=b'{"text": "a"}', headers={"Content-Type": kind})
    assert answer.status_code == 415
    assert "expected application/json" in answer.json()["error"]


def test_json_with_a_charset(client):
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post("/tag", content=b'{"text": ""}', headers=kind).status_code == 200


def test_a_packed_body(client):
    answer = client.post("/tag", content=b"x", headers={**JSON, "Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.json()["error"].startswith("Content-Encoding: ")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/tag", 405),
        ("DELETE", "/explain", 405),
        ("POST", "/health", 405),
        ("GET", "/nothing", 404),
        ("POST", "/tag/", 404),
        ("GET", "/files/serve.html", 404),
        ("GET", "/files/..%2fpage.py", 404),
    ],
)
def test_wrong_ways(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert ("allow" in answer.headers) == (status == 405)
