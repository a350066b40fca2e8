"""The app as it is served, by its real server: for which hosts, and under which policy."""

import re
import socket
from http.client import HTTPConnection

import pytest

from tests.browser.tools import ROOT, Server, data_folder

PATHS = ("/", "/codes", "/_stcore/health", "/_stcore/host-config", "/static/nothing.js")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    (folder / "checkpoints").mkdir()
    with Server(folder / "checkpoints", data_folder(), folder / "server.log") as server:
        yield server


def ask(server, path: str, host: str, **headers: str):
    """Status and headers of an answer, for a request that names that host."""
    return fetch(server, path, host, **headers)[:2]


def fetch(server, path: str, host: str, **headers: str):
    """Status, headers and body of an answer, for a request that names that host."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", path, headers={"Host": host, **headers})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, answer.headers, body


@pytest.mark.parametrize("path", PATHS)
def test_another_sites_name_for_this_machine_is_refused(server, path):
    """As a page has it that made its own name lead here (DNS rebinding)."""
    for host in ("evil.example", f"evil.example:{server.port}", "127.0.0.1.evil.example", "localhost.evil"):
        status, headers = ask(server, path, host)
        assert status == 400, host
        assert "Access-Control-Allow-Origin" not in headers
    for host in ("localhost", f"127.0.0.1:{server.port}", "LOCALHOST"):
        assert ask(server, path, host)[0] != 400, host


def test_a_socket_for_another_sites_name_or_page_is_refused(server):
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    own = f"127.0.0.1:{server.port}"
    assert ask(server, "/_stcore/stream", own, Origin=f"http://{own}", **upgrade)[0] == 101
    assert ask(server, "/_stcore/stream", "evil.example", **upgrade)[0] in (400, 403)
    assert ask(server, "/_stcore/stream", own, Origin="http://evil.example", **upgrade)[0] in (400, 403)


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_says_who_may_frame_it_and_what_it_may_load(server, path):
    _, headers = ask(server, path, "localhost")
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'self'"
    assert policy["object-src"] == "'none'"
    # Nothing is sent to, or fetched from, another site.
    allowed = {word for sources in policy.values() for word in sources.split()}
    assert allowed <= {"'self'", "'none'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"}
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["/", "/codes"])
def test_a_page_has_our_styles_and_what_it_begins_with_from_its_head_on(server, path):
    status, headers, body = fetch(server, path, "localhost", Accept="text/html")
    head = body.decode().split("</head>")[0]
    assert status == 200
    assert int(headers["Content-Length"]) == len(body)
    for style in ("contrast", "access", "layout", "places"):
        assert (ROOT / "pages" / "shared" / f"{style}.css").read_text() in head
    early = re.findall(r"import\('\.(/static/js/(\w+)\.[^']+)'\)", head)
    assert sorted(kind for _, kind in early) == ["Button", "Html", "Selectbox"]
    for script, _ in early:
        status, headers, _ = fetch(server, script, "localhost")
        assert status == 200
        assert "javascript" in headers["Content-Type"]


def test_it_listens_on_this_machine_alone(server):
    addresses = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in addresses - {"127.0.0.1", "127.0.1.1"}:
        with pytest.raises(OSError):
            socket.create_connection((address, server.port), timeout=5).close()
