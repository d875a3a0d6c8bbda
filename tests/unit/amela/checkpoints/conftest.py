"""A web server on this machine that can misbehave, and a hub."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amela.checkpoints import download
from amela.checkpoints.fetch import fetch_checkpoint
from amela.errors import AmelaError

COMMIT = "1234567890" * 4


class Site:
    """Files by path, how the next answers go wrong, and what was asked for."""

    def __init__(self):
        self.files = {}
        self.tags = {}  # path → ETag
        self.ranges = True
        self.shift = 0  # bytes by which a range is missed
        self.cut = []  # bytes after which each of the next answers breaks off
        self.status = []  # of the next answers
        self.asked = []  # (path, Range)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}/{path}"


def handler_of(site):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, wanted = self.path[1:], self.headers.get("Range")
            site.asked.append((path, wanted))
            if site.status:
                return self.send_error(site.status.pop(0))
            if path not in site.files:
                return self.send_error(404)
            content, tag = site.files[path], site.tags.get(path)
            start = int(re.match(r"bytes=(\d+)-$", wanted)[1]) + site.shift if wanted and site.ranges else 0
            if self.headers.get("If-Range", tag) != tag:
                start = 0
            if start and start >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if tag:
                self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            self.wfile.write(content[start:][: site.cut.pop(0) if site.cut else None])

        def log_message(self, *arguments):
            pass

    return Handler


@pytest.fixture
def site():
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def straight_and_at_once(monkeypatch):
    monkeypatch.setattr(download, "PAUSE", 0.0)
    monkeypatch.setenv("no_proxy", "*")


class Hub:
    """Repositories of one revision, as the hub's interface shows them."""

    def __init__(self):
        self.models = {}
        self.closed = set()  # not for everybody
        self.asked = []


def answers_of(hub):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, content, status=200, **headers):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def do_GET(self):
            path = self.path.partition("?")[0].strip("/")
            hub.asked.append(path)
            api = path.startswith("api/models/")
            org, name, *rest = path[len("api/models/") :].split("/") if api else path.split("/")
            files = hub.models.get(f"{org}/{name}")
            if f"{org}/{name}" in hub.closed:
                self.answer(b"{}", 403, X_Error_Code="GatedRepo")
            elif files is None:
                self.answer(b"{}", 401, X_Error_Code="RepoNotFound")
            elif len(rest) > 1 and rest[1] not in ("main", COMMIT):
                self.answer(b"{}", 404, X_Error_Code="RevisionNotFound")
            elif api and "tree" in rest:
                entries = [
                    {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                    for file, content in files.items()
                ]
                self.answer(json.dumps(entries).encode(), Content_Type="application/json")
            elif api:
                told = {"id": f"{org}/{name}", "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
                self.answer(json.dumps(told).encode(), Content_Type="application/json")
            else:
                content = files["/".join(rest[2:])]
                tag = hashlib.sha256(content).hexdigest()
                self.answer(content, X_Repo_Commit=COMMIT, ETag=f'"{tag}"', X_Linked_Etag=f'"{tag}"')

        do_HEAD = do_GET

        def log_message(self, *arguments):
            pass

    return Handler


@pytest.fixture
def hub():
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers_of(hub))
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


@pytest.fixture
def fetch(hub, tmp_path, monkeypatch):
    """Function (checkpoint, offline, registry) → content of the receipt."""
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", hub.address)
    place = constants.HUGGINGFACE_CO_URL_TEMPLATE.partition("/{repo_id}")
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.address + place[1] + place[2])
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)

    def run(checkpoint, offline=False, registry=None):
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
        return fetch_checkpoint(checkpoint, registry or {}, tmp_path)

    return run


@pytest.fixture
def refusal(fetch):
    """Function (checkpoint, offline, registry) → what is said where there is none."""

    def run(checkpoint, offline=False, registry=None):
        with pytest.raises(AmelaError) as told:
            fetch(checkpoint, offline, registry)
        return str(told.value)

    return run
