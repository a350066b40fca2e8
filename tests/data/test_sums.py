"""A changed byte in a data set's file is found, by reading each file once."""

import os

import pytest

from aecore import data
from aecore.data import sums
from tests.conftest import find_mnist
from tests.fake_data import IDX_FILES
from tests.trust.bounds import tell


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def reads(monkeypatch):
    """Names of the files whose content was read for its sum."""
    found, original = [], sums._md5

    def counted(path):
        found.append(path.name)
        return original(path)

    monkeypatch.setattr(sums, "_md5", counted)
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with one file that is known."""
    (tmp_path / "file").write_bytes(b"right")
    monkeypatch.setitem(sums.KNOWN, "set", {"file": (5, sums._md5(tmp_path / "file"))})
    return tmp_path


def test_a_file_is_read_once_and_again_when_its_time_changes(folder, reads):
    for _ in range(3):
        assert sums.damaged("set", folder, ["file"]) == []
    assert reads == ["file"]
    os.utime(folder / "file", ns=(1, 1))
    assert sums.damaged("set", folder, ["file"]) == []
    assert reads == ["file", "file"]


def test_a_changed_byte_is_found_each_time_and_another_size_is_another_file(folder):
    assert sums.damaged("set", folder, ["file"]) == []
    (folder / "file").write_bytes(b"wrong")
    os.utime(folder / "file", ns=(1, 1))
    for _ in range(2):
        assert sums.damaged("set", folder, ["file"]) == ["file"]
    (folder / "file").write_bytes(b"much longer")
    assert sums.damaged("set", folder, ["file", "one that is missing"]) == []
    assert sums.damaged("no such set", folder, ["file"]) == []


def test_a_file_of_a_download_is_compared_with_what_it_was(tmp_path, reads):
    (tmp_path / "other").write_bytes(b"right")
    assert sums.damaged("some set", tmp_path, ["other"]) == []
    sums.remember(tmp_path, ["other"])
    assert sums.damaged("some set", tmp_path, ["other"]) == []
    assert reads == ["other"]
    (tmp_path / "other").write_bytes(b"wrong")
    os.utime(tmp_path / "other", ns=(1, 1))
    assert sums.damaged("some set", tmp_path, ["other"]) == ["other"]


def test_without_a_cache_that_can_be_used_sums_are_made_again(folder, reads, tmp_path):
    (tmp_path / "cache").write_text("no folder")
    for _ in range(2):
        assert sums.damaged("set", folder, ["file"]) == []
    assert reads == ["file", "file"]


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_a_damaged_memory_is_no_harm(folder, tmp_path, text):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "sums.json").write_text(text)
    assert sums.damaged("set", folder, ["file"]) == []


@pytest.mark.mnist
def test_a_flipped_byte_in_mnist_is_refused_in_one_sentence(tmp_path, monkeypatch):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in IDX_FILES:
        (raw / name).symlink_to(find_mnist() / "MNIST" / "raw" / name)
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    assert sums.damaged("mnist", raw, IDX_FILES) == []
    labels = raw / "t10k-labels-idx1-ubyte"
    content = bytearray(labels.read_bytes())
    content[-1] = (content[-1] + 1) % 10
    labels.unlink()
    labels.write_bytes(content)
    with pytest.raises(ValueError, match="t10k-labels-idx1-ubyte is wrong") as raised:
        data.load("mnist")
    assert "fetch them again" in str(raised.value)
    assert "\n" not in str(raised.value)
    tell("a byte of a data file changed", 1, 0, "the file and its check sum are named")
