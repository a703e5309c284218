"""What is too large, too slow or too much is refused with the right status, and soon."""

import asyncio
import contextlib
import inspect
import json
import select
import threading
import time

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from serving import Held, connection, read_all, serving
from windowclf.service.app import create_app
from windowclf.service.limits import Limits
from windowclf.service.server import IDLE_SECONDS, make_server

HEAD = (
    b"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n"
)
CHUNKED = (
    b"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
BODY = b'{"text": "Paris is in France"}'
SECONDS = 0.5


@pytest.fixture(scope="module")
def small(classifier):
    """A service of small limits."""
    with serving(classifier, bytes=100, texts=3, seconds=SECONDS) as address:
        yield address


def status(answer):
    return int(answer[9:12])


def reason(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])["error"]


def test_a_body_that_says_how_large_it_is_is_not_read(small):
    with connection(small) as opened:
        opened.sendall(HEAD % 101)
        answer = opened.recv(1 << 16)
    assert status(answer) == 413
    assert reason(answer) == "the body is too large: the limit is 100 bytes"


def test_a_chunked_body_is_refused_before_its_end(small):
    with connection(small) as opened:
        opened.sendall(CHUNKED + b"65\r\n" + b" " * 101 + b"\r\n")
        answer = opened.recv(1 << 16)
    assert status(answer) == 413


def test_small_chunks_are_added_up(small):
    # The body as a whole is good JSON, so only its size can be the reason to refuse it.
    with connection(small) as opened:
        opened.sendall(CHUNKED)
        for part in (BODY.ljust(60), b" " * 60):
            opened.sendall(b"3c\r\n" + part + b"\r\n")
            time.sleep(0.05)  # so that the service reads the chunks one by one
        answer = opened.recv(1 << 16)
    assert status(answer) == 413


def test_a_chunked_body_without_end_is_cut_off(small):
    end = time.monotonic() + 10
    with connection(small) as opened:
        opened.sendall(CHUNKED)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < end:
                opened.sendall(b"64\r\n" + b" " * 100 + b"\r\n")
    assert time.monotonic() < end


def test_the_largest_body_is_answered_and_the_connection_goes_on(small):
    with connection(small) as opened:
        for _ in range(2):
            opened.sendall(HEAD % 100 + BODY.ljust(100))
            assert status(opened.recv(1 << 16)) == 200
        opened.sendall(HEAD % 101 + BODY.ljust(101))
        assert status(opened.recv(1 << 16)) == 413
        opened.sendall(HEAD % 100 + BODY.ljust(100))
        assert status(opened.recv(1 << 16)) == 200


def test_too_many_texts(small):
    assert httpx.post(f"{small}/tag", json={"texts": [""] * 3}, trust_env=False).status_code == 200
    answer = httpx.post(f"{small}/tag", json={"texts": [""] * 4}, trust_env=False)
    assert answer.status_code == 413
    assert answer.json()["error"] == "too many texts: 4; the limit is 3 in a request"


@pytest.mark.parametrize("head", [HEAD % len(BODY) + BODY[:5], CHUNKED, CHUNKED + b"5\r\n"])
def test_a_body_that_does_not_come(small, head):
    start = time.monotonic()
    with connection(small) as opened:
        opened.sendall(head)
        answer = opened.recv(1 << 16)
    assert status(answer) == 408
    assert reason(answer) == "the body did not come within 0.5 seconds"
    assert SECONDS * 0.9 < time.monotonic() - start < 6 * SECONDS


def send_slowly(opened, data):
    """Send data byte by byte until an answer comes."""
    for byte in data:
        opened.sendall(bytes([byte]))
        if select.select([opened], [], [], SECONDS / 10)[0]:
            break


def test_a_body_byte_by_byte(small):
    with connection(small) as opened:
        opened.sendall(HEAD % len(BODY))
        send_slowly(opened, BODY[:20])
        assert status(opened.recv(1 << 16)) == 408


@pytest.mark.parametrize("head", [b"", b"\r\n", b"PO", HEAD[:60]])
@pytest.mark.parametrize("before", [b"", HEAD % len(BODY) + BODY])
def test_a_head_that_does_not_come(small, before, head):
    if before and not head:
        pytest.skip("an idle connection is kept for longer")
    start = time.monotonic()
    with connection(small) as opened:
        if before:
            opened.sendall(before)
            assert status(opened.recv(1 << 16)) == 200
        opened.sendall(head)
        answer = read_all(opened)
    assert status(answer) == 408
    assert reason(answer) == "the head of the request did not come in time"
    assert SECONDS * 0.9 < time.monotonic() - start < 6 * SECONDS


def test_a_head_byte_by_byte(small):
    with connection(small) as opened:
        send_slowly(opened, HEAD[:20])
        assert status(read_all(opened)) == 408


def test_an_answer_that_nobody_reads(classifier):
    text = "is " * 60_000
    body = json.dumps({"text": text, "tokens": True}).encode()
    known = Held(classifier)
    answer = list(classifier.pipe([text]))
    known.pipe = lambda *_, **__: answer  # no time goes by for the tagger
    asked = 6
    with serving(known, seconds=SECONDS) as address, connection(address) as opened:
        opened.sendall((HEAD % len(body) + body) * asked)
        time.sleep(4 * SECONDS)
        answers = read_all(opened)  # what the buffers of the system hold
    assert 0 < answers.count(b"HTTP/1.1 200") < asked


def test_uvicorn_has_what_the_deadlines_use(classifier):
    server = make_server(create_app(classifier, "tiny"), Limits())
    connection = server.config.http
    for method in ("on_headers_complete", "on_message_complete", "timeout_keep_alive_handler"):
        assert callable(getattr(HttpToolsProtocol, method))
    loop = asyncio.new_event_loop()
    opened = connection(server.config, server.server_state, {}, loop)
    loop.close()
    assert opened.cycle is None
    assert opened.timeout_keep_alive_task is None
    assert opened.timeout_keep_alive == IDLE_SECONDS
    assert "response_complete" in inspect.getsource(RequestResponseCycle)


def test_no_http(small):
    with connection(small) as opened:
        opened.sendall(b"\x16\x03\x01\x00\xa5\x01\r\n\r\n")
        assert status(read_all(opened)) == 400


def test_too_many_requests_at_the_same_time(classifier):
    held = Held(classifier)
    with serving(held, waiting=1) as address, connection(address) as first:
        first.sendall(HEAD % len(BODY) + BODY)
        assert held.begun.wait(20)
        answer = httpx.post(f"{address}/tag", json={"text": ""}, trust_env=False)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        held.let.set()
        assert status(first.recv(1 << 16)) == 200
        again = httpx.post(f"{address}/tag", json={"text": ""}, trust_env=False)
        assert again.status_code == 200


def test_tagging_that_takes_too_long(classifier):
    held = Held(classifier)
    with serving(held, seconds=SECONDS) as address:
        answer = httpx.post(f"{address}/tag", json={"text": "a"}, timeout=20, trust_env=False)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["error"] == "not done within 0.5 seconds; send less, or later"
        held.let.set()
        answer = httpx.post(f"{address}/tag", json={"text": "a"}, timeout=20, trust_env=False)
        assert answer.status_code == 200


def test_requests_under_way_are_answered_at_the_end(classifier):
    held = Held(classifier)
    with contextlib.ExitStack() as stack:
        with serving(held) as address:
            opened = stack.enter_context(connection(address))
            opened.sendall(HEAD % len(BODY) + BODY)
            assert held.begun.wait(20)
            threading.Timer(0.5, held.let.set).start()
        assert status(read_all(opened)) == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_another_name_does_not_lead_here(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1"])
def test_its_own_names_do(client, host):
    assert client.get("/health", headers={"Host": host}).status_code == 200
