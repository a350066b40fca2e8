import gzip
import hashlib
import io
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from aecore import data
from aecore.data import fetch
from tests.fake_data import IDX_FILES, cifar_files, fill, idx, idx_arrays


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("AECORE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def server(monkeypatch):
    """A web server on this machine: `files[path]` is what it serves, `requests` what it was asked for."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.requests.append(self.path)
            content = self.server.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write((content or b"")[: self.server.cut])

        def log_message(self, *_):
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.requests, server.cut = {}, [], None
        server.url = f"http://127.0.0.1:{server.server_port}/"
        threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
        yield server
        server.shutdown()


def offer(server, monkeypatch, archives: dict[str, bytes], mirrors: tuple[str, ...] = ()) -> None:
    """Lets the server have these archives, and `download` know their addresses."""
    server.files.update({f"/{name}": content for name, content in archives.items()})
    table = {
        name: ((*(m + name for m in mirrors), server.url + name), hashlib.md5(content).hexdigest())
        for name, content in archives.items()
    }
    monkeypatch.setattr(fetch, "_addresses", lambda _: table)


def mnist_archives() -> dict[str, bytes]:
    return {f"{f}.gz": gzip.compress(idx(a)) for f, a in idx_arrays(IDX_FILES).items()}


def files_below(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*")) if folder.exists() else []


def test_download_reports_progress_and_leaves_exactly_the_files(root, server, monkeypatch):
    archives = mnist_archives()
    offer(server, monkeypatch, archives)
    seen = []
    assert data.download("mnist", lambda done, total: seen.append((done, total))) is True
    assert files_below(root) == sorted(["MNIST", "raw", *IDX_FILES])
    size = sum(map(len, archives.values()))
    assert seen[0] == (0, data.DATASETS["mnist"].download_bytes)
    assert seen[-1] == (size, size)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert all(done <= total for done, total in seen)
    assert len(data.load("mnist").train_images) == 7
    assert data.download("mnist") is True
    assert len(server.requests) == 4


def test_download_fetches_only_what_is_missing(root, server, monkeypatch):
    offer(server, monkeypatch, mnist_archives())
    fill("mnist", {f: idx(a) for f, a in list(idx_arrays(IDX_FILES).items())[:3]})
    data.download("mnist")
    assert server.requests == [f"/{IDX_FILES[3]}.gz"]


def test_zip_and_tar_give_only_the_wanted_files(root, server, monkeypatch):
    zipped, tarred = io.BytesIO(), io.BytesIO()
    wanted = data.DATASETS["emnist_letters"].archives[0].files
    with zipfile.ZipFile(zipped, "w") as archive:
        for file, array in idx_arrays(wanted, 1).items():
            archive.writestr(f"gzip/{file}.gz", gzip.compress(idx(array)))
        archive.writestr("../outside", b"x")
    with tarfile.open(fileobj=tarred, mode="w:gz") as archive:
        for file, content in {**cifar_files(), "../../outside": b"x", "readme.html": b"x"}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{file}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    offer(server, monkeypatch, {"gzip.zip": zipped.getvalue(), "cifar-10-binary.tar.gz": tarred.getvalue()})
    data.download("emnist_letters")
    data.download("cifar10")
    assert files_below(root.parent) == sorted(
        ["data", "EMNIST", "raw", *wanted, "cifar-10-batches-bin", *cifar_files()]
    )
    assert data.DATASETS["emnist_balanced"].is_ready()
    assert data.load("emnist_letters").train_labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert len(data.load("cifar10").test_images) == 3


def test_a_file_that_needs_no_unpacking_is_kept_as_it_is(root, server, monkeypatch):
    offer(server, monkeypatch, {"usps.bz2": b"one" * 99_999, "usps.t.bz2": b"two"})
    data.download("usps")
    assert (root / "USPS" / "usps.bz2").read_bytes() == b"one" * 99_999


def test_a_stopped_download_leaves_no_part_of_a_file(root, server, monkeypatch):
    offer(server, monkeypatch, {"usps.bz2": bytes(300_000), "usps.t.bz2": bytes(300_000)})
    assert data.download("usps", lambda done, total: done > 100_000) is False
    assert files_below(root) == ["USPS"]
    # What had arrived whole by then stays.
    assert data.download("usps", lambda done, total: done > 400_000) is False
    assert files_below(root) == ["USPS", "usps.bz2"]
    assert data.download("usps", lambda done, total: True) is False
    assert not data.DATASETS["usps"].is_ready()


@pytest.mark.parametrize(
    "fault", ["offline", "absent", "wrong", "cut", "not an archive", "incomplete archive"]
)
def test_a_failed_download_gives_one_sentence_and_leaves_nothing(fault, root, server, monkeypatch):
    name, archive = ("cifar10", "cifar-10-binary.tar.gz") if "archive" in fault else ("usps", "usps.bz2")
    content = b"something"
    if fault == "incomplete archive":
        stream = io.BytesIO()
        tarfile.open(fileobj=stream, mode="w:gz").close()
        content = stream.getvalue()
    offer(server, monkeypatch, {archive: content})
    if fault == "offline":
        table = {archive: (("http://127.0.0.1:9/" + archive,), "0" * 32)}
        monkeypatch.setattr(fetch, "_addresses", lambda _: table)
    elif fault == "absent":
        server.files.clear()
    elif fault == "wrong":
        server.files[f"/{archive}"] = b"something else"
    elif fault == "cut":
        server.cut = 3
    with pytest.raises(data.DataNotFoundError, match="could not be downloaded") as caught:
        data.download(name)
    message = str(caught.value)
    assert str(data.DATASETS[name].folder()) in message
    assert data.DATASETS[name].files[0] in message
    assert "\n" not in message
    assert files_below(root) == [data.DATASETS[name].folder().name]


def test_the_next_mirror_is_tried(root, server, monkeypatch):
    mirrors = ("http://127.0.0.1:9/", server.url + "nothing-here/")
    offer(server, monkeypatch, mnist_archives(), mirrors)
    assert data.download("mnist") is True
    assert data.load("mnist").shape == (1, 28, 28)


def test_what_is_always_there_needs_no_download(root):
    assert data.download("digits") is True
    assert not root.exists()
