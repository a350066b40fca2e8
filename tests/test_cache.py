from aecore.cache import cache_root


def test_named_folder_comes_first_then_the_users_own(monkeypatch, tmp_path):
    monkeypatch.setenv("AECORE_CACHE", str(tmp_path))
    assert cache_root() == tmp_path
    monkeypatch.delenv("AECORE_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert cache_root() == tmp_path / "caches" / "aecore" / "results"


def test_read_only_data_folder_is_never_used(monkeypatch, tmp_path):
    monkeypatch.delenv("AECORE_CACHE", raising=False)
    monkeypatch.setenv("AECORE_DATA", str(tmp_path))
    assert tmp_path not in cache_root().parents
