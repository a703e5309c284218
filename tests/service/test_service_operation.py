"""Health, metrics, the description, and what stands in every answer."""

import re

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from serving import Held, connection, read_all, serving


def metrics(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {
        (s.name, *sorted(s.labels.values())): s.value for family in families for s in family.samples
    }


def test_health(client, classifier):
    found = client.get("/health").json()
    assert found["status"] == "ok"
    assert found["model"] == "tiny"
    assert found["labels"] == classifier.labels == ["LOC", "PER"]
    assert found["tags"] == classifier.tags
    assert found["limits"]["bytes"] == 1 << 20
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])


@pytest.mark.parametrize("path", ["/", "/health", "/openapi.json"])
def test_heads_alone(client, path):
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(client.get(path).content)


def test_what_is_counted(client):
    before = metrics(client)
    client.post("/tag", json={"texts": ["Paris is in France", "Ada"]})
    client.post("/tag", json={})
    client.get("/no/such/path")
    after = metrics(client)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert grown["windowclf_tokens_total",] == 5
    assert grown["windowclf_batch_texts_sum",] == 2
    assert grown["windowclf_batch_texts_count",] == 1
    assert grown["windowclf_requests_total", "/tag", "200"] == 1
    assert grown["windowclf_requests_total", "/tag", "422"] == 1
    assert grown["windowclf_requests_total", "404", "other"] == 1
    assert grown["windowclf_request_seconds_count", "/tag"] == 2
    assert after["windowclf_requests_under_way",] == 0
    assert after["process_resident_memory_bytes",] > 0


def test_strangers_make_no_metrics(client):
    for number in range(5):
        client.get(f"/strange{number}")
    assert "strange" not in client.get("/metrics").text


def test_two_services_have_metrics_of_their_own(client, classifier):
    client.post("/tag", json={"text": "a"})
    with serving(classifier) as address, connection(address) as opened:
        opened.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"windowclf_tokens_total 0.0" in read_all(opened)


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", "/docs", "/files/style.css"])
def test_headers_of_every_answer(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert not re.search(r"https?:", policy)
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_headers_of_what_the_server_refuses_itself(service):
    with connection(service) as opened:
        opened.sendall(b"no http\r\n\r\n")
        assert b"x-content-type-options" in opened.recv(1 << 16).lower()


def test_no_other_site_may_ask(client):
    asked = {"Origin": "https://other.example", "Access-Control-Request-Method": "POST"}
    answer = client.options("/tag", headers=asked)
    assert answer.status_code == 405
    assert "access-control-allow-origin" not in answer.headers


def test_the_description(client):
    found = client.get("/openapi.json").json()
    assert set(found["paths"]) == {"/tag", "/explain", "/health", "/metrics"}
    known = found["components"]["schemas"]
    text = msgspec.json.encode(found).decode()
    used = set(re.findall(r'"#/components/schemas/(\w+)"', text))
    assert used <= set(known)
    assert '"type":"null"' not in text
    for path in ("/tag", "/explain"):
        described = found["paths"][path]["post"]
        assert {"400", "408", "413", "415", "422", "503"} < set(described["responses"])
        examples = described["requestBody"]["content"]["application/json"]["examples"]
        for example in examples.values():  # each of them works
            assert client.post(path, json=example["value"]).status_code == 200


def test_the_pages_ask_for_files_that_there_are(client):
    for path in ("/", "/docs"):
        page = client.get(path).text
        names = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page)
        assert names
        for name in names:
            assert client.get(f"/{name}").status_code == 200, name
            assert "//" not in name


def test_labels_of_a_model_are_text(classifier):
    odd = Held(classifier)
    odd.labels = ['"><script>alert(1)</script>']
    with serving(odd) as address, connection(address) as opened:
        opened.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        page = read_all(opened)
    assert b"serve.js" in page
    assert b"<script>alert" not in page
