import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Every test of this room writes to a cache of its own."""
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
