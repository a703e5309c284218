"""A small loopback server that speaks the Hugging Face hub's HTTP interface.

The real client talks to it when its HF_ENDPOINT names the server. Only what `datasets` and
`huggingface_hub` ask for is here, to fetch and to push; a further endpoint is one more row in
``ROUTES``. Any token is that of the user ana.
"""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Files = dict[str, bytes]
LARGE = ".safetensors"  # such files are uploaded by themselves, before the commit


@dataclass
class Repository:
    """One repository of the hub: its files, by revision and by path."""

    revisions: dict[str, Files]
    kind: str = "dataset"  # or "model", "space"
    gated: bool = False
    private: bool = False

    def commit(self, revision: str) -> str | None:
        """Return the commit of a branch, a ref or a commit id."""
        commits = {name: self._commit_id(files) for name, files in self.revisions.items()}
        return commits.get(revision, revision if revision in commits.values() else None)

    def files(self, commit: str) -> Files:
        return next(files for files in self.revisions.values() if self._commit_id(files) == commit)

    def push(self, branch: str, files: Files) -> str:
        """Make files the newest commit of a branch; earlier ones keep their commit ids."""
        before = self.revisions.get(branch, {})
        self.revisions |= {self._commit_id(before): before, branch: files}
        return self._commit_id(files)

    @staticmethod
    def _commit_id(files: Files) -> str:
        sums = {path: hashlib.sha1(content).hexdigest() for path, content in files.items()}
        return hashlib.sha1(repr(sorted(sums.items())).encode()).hexdigest()


class HubError(Exception):
    """A refusal in the hub's own words: a status and the header X-Error-Code."""

    def __init__(self, status: int, code: str, message: str, commit: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.commit = status, code, commit


@dataclass
class Hub:
    """A running server: where it listens, what it holds and what it was asked."""

    endpoint: str
    repositories: dict[str, Repository]
    requests: list[str] = field(default_factory=list)  # "GET /api/datasets/owner/name"
    outage: HubError | None = None  # while set, the answer to everything
    large: Files = field(default_factory=dict)  # what was uploaded by LFS, by checksum


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub  # set by the subclass that hub_server makes

    def answer(self) -> None:
        url = urlsplit(self.path)
        # Read even when nobody wants it: the connection stays open for the next request.
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.hub.requests.append(f"{self.command} {unquote(url.path)}")
        try:
            if self.hub.outage:
                raise self.hub.outage
            for methods, pattern, action in ROUTES:
                # Matched before unquoting, for a revision's own slashes arrive as %2F.
                match = re.fullmatch(pattern, url.path)
                if match and self.command in methods:
                    parts = {name: unquote(part or "") for name, part in match.groupdict().items()}
                    action(self, **parts)
                    return
            raise HubError(404, "NotFound", f"no such endpoint: {self.command} {url.path}")
        except HubError as error:
            headers = {"X-Error-Code": error.code, "X-Error-Message": str(error)}
            if error.commit:
                headers["X-Repo-Commit"] = error.commit
            self.send(error.status, json.dumps({"error": str(error)}).encode(), headers)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def find(self, kind: str, name: str, revision: str) -> tuple[Repository, str]:
        """Return the repository and the commit, or refuse as the hub does."""
        repository = self.hub.repositories.get(name)
        if (
            repository is None
            or repository.kind != kind.removesuffix("s")
            or (repository.private and not self.headers.get("Authorization"))
        ):
            # The hub does not tell strangers whether a private repository exists.
            raise HubError(self.closed_to_strangers(404), "RepoNotFound", "Repository not found")
        commit = repository.commit(revision or "main")
        if commit is None:
            raise HubError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return repository, commit

    def closed_to_strangers(self, status: int) -> int:
        return status if self.headers.get("Authorization") else 401

    def info(self, kind: str, name: str, revision: str = "") -> None:
        repository, commit = self.find(kind, name, revision)
        self.send_json(
            {
                "id": name,
                "sha": commit,
                "private": repository.private,
                "gated": "auto" if repository.gated else False,
                "disabled": False,
                "tags": [],
                "siblings": [{"rfilename": path} for path in sorted(repository.files(commit))],
            }
        )

    def tree(self, kind: str, name: str, revision: str, folder: str) -> None:
        repository, commit = self.find(kind, name, revision)
        recursive = parse_qs(urlsplit(self.path).query).get("recursive", [""])[0].lower() == "true"
        below = f"{folder.strip('/')}/" if folder.strip("/") else ""
        entries = [
            entry
            for path, entry in _entries(repository.files(commit)).items()
            if path.startswith(below) and (recursive or "/" not in path[len(below) :])
        ]
        if below and not entries:
            raise HubError(404, "EntryNotFound", f"{folder} does not exist", commit)
        self.send_json(entries)

    def paths_info(self, kind: str, name: str, revision: str) -> None:
        repository, commit = self.find(kind, name, revision)
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(self.body)["paths"]
        else:
            wanted = parse_qs(self.body.decode()).get("paths", [])
        entries = _entries(repository.files(commit))
        self.send_json([entries[path] for path in wanted if path in entries])

    def resolve(self, kind: str, name: str, revision: str, path: str) -> None:
        repository, commit = self.find(kind or "models", name, revision)
        if repository.gated:
            message = f"Access to {kind} {name} is restricted"
            raise HubError(self.closed_to_strangers(403), "GatedRepo", message)
        content = repository.files(commit).get(path)
        if content is None:
            raise HubError(404, "EntryNotFound", "Entry not found", commit)
        headers = {
            "X-Repo-Commit": commit,
            "ETag": f'"{_blob_id(content)}"',
            "Accept-Ranges": "bytes",
        }
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked is None:
            self.send(200, content, headers)
            return
        first, last = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
        if first > last:
            raise HubError(416, "RangeNotSatisfiable", f"the file has {len(content)} bytes")
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self.send(206, content[first : last + 1], headers)

    def whoami(self) -> None:
        self.send_json({"type": "user", "name": self.user()})

    def user(self) -> str:
        """Return the name of the token's user, or refuse."""
        if not self.headers.get("Authorization"):
            raise HubError(401, "", "Invalid username or password.")
        return "ana"

    def create(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked['organization'] or self.user()}/{asked['name']}"
        if not name.startswith(f"{self.user()}/"):
            raise HubError(403, "", f"You don't have the rights to create a model under {name}")
        private = asked.get("private") or asked.get("visibility") == "private"
        new = Repository({"main": {}}, asked.get("type", "model"), private=bool(private))
        status = 409 if name in self.hub.repositories else 200
        self.hub.repositories.setdefault(name, new)
        self.send_json({"url": f"{self.hub.endpoint}/{name}", "name": name}, status)

    def validate(self) -> None:
        self.send_json({"errors": [], "warnings": []})

    def preupload(self, kind: str, name: str, revision: str) -> None:
        self.find(kind, name, revision)
        self.send_json(
            {
                "files": [
                    {
                        "path": file["path"],
                        "uploadMode": "lfs" if file["path"].endswith(LARGE) else "regular",
                        "shouldIgnore": False,
                    }
                    for file in json.loads(self.body)["files"]
                ]
            }
        )

    def large_files(self, name: str) -> None:
        self.find("models", name, "main")
        self.send_json(
            {
                "transfer": "basic",
                "objects": [
                    {**file, "actions": {"upload": {"href": f"{self.hub.endpoint}/{file['oid']}"}}}
                    for file in json.loads(self.body)["objects"]
                ],
            }
        )

    def upload(self, checksum: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != checksum:
            raise HubError(400, "", "the checksum is wrong")
        self.hub.large[checksum] = self.body
        self.send_json({})

    def receive(self, kind: str, name: str, revision: str) -> None:
        """Take a commit: JSON lines, each an operation."""
        self.user()
        repository, commit = self.find(kind, name, revision)
        files = dict(repository.files(commit))
        for line in self.body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            match operation["key"]:
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        oid = repository.push(revision, files)
        url = f"{self.hub.endpoint}/{name}/commit/{oid}"
        self.send_json({"success": True, "commitOid": oid, "commitUrl": url})

    def send_json(self, value: Any, status: int = 200) -> None:
        self.send(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def send(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing: Hub.requests is the log."""


_REPOSITORY = r"(?P<kind>datasets|models|spaces)/(?P<name>[^/]+/[^/]+)"
_REVISION = r"(?P<revision>[^/]+)"
ROUTES = [
    (("GET",), rf"/api/{_REPOSITORY}", _Handler.info),
    (("GET",), rf"/api/{_REPOSITORY}/revision/{_REVISION}", _Handler.info),
    (("GET",), rf"/api/{_REPOSITORY}/tree/{_REVISION}(?P<folder>/.*)?", _Handler.tree),
    (("POST",), rf"/api/{_REPOSITORY}/paths-info/{_REVISION}", _Handler.paths_info),
    (
        ("GET", "HEAD"),  # a model's files stand at the root: no kind
        rf"/(?:(?P<kind>datasets|spaces)/)?(?P<name>[^/]+/[^/]+)/resolve/{_REVISION}/(?P<path>.+)",
        _Handler.resolve,
    ),
    (("GET",), "/api/whoami-v2", _Handler.whoami),
    (("POST",), "/api/repos/create", _Handler.create),
    (("POST",), "/api/validate-yaml", _Handler.validate),
    (("POST",), rf"/api/{_REPOSITORY}/preupload/{_REVISION}", _Handler.preupload),
    (("POST",), rf"/api/{_REPOSITORY}/commit/{_REVISION}", _Handler.receive),
    (("POST",), r"/(?P<name>[^/]+/[^/]+)\.git/info/lfs/objects/batch", _Handler.large_files),
    (("PUT",), "/(?P<checksum>[0-9a-f]{64})", _Handler.upload),
]


def _entries(files: Files) -> dict[str, dict[str, Any]]:
    """List files and the folders above them, as a tree listing shows them."""
    entries: dict[str, dict[str, Any]] = {}
    for path, content in sorted(files.items()):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            oid = hashlib.sha1(folder.encode()).hexdigest()
            entries[folder] = {"type": "directory", "oid": oid, "size": 0, "path": folder}
        entries[path] = {
            "type": "file",
            "oid": _blob_id(content),
            "size": len(content),
            "path": path,
        }
    return entries


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()  # as git has it


@contextmanager
def hub_server(repositories: Mapping[str, Repository]) -> Iterator[Hub]:
    """Serve repositories on 127.0.0.1 until the block ends.

    Parameters
    ----------
    repositories : mapping of str to Repository
        By their names, ``"owner/name"``.

    Yields
    ------
    Hub
        Its ``endpoint`` is what HF_ENDPOINT has to name.
    """
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub = Hub(f"http://127.0.0.1:{server.server_port}", dict(repositories))
    handler.hub = hub  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
