"""A web server on this machine that can misbehave."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from amela.checkpoints import download


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
