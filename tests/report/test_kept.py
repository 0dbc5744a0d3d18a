"""What is kept on disk comes back as it was, and is computed again where it is not whole."""

import numpy as np
import xarray as xr

from lib.report.cache import kept


def test_arrays_come_back_with_their_labels(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    calls = []

    def compute():
        calls.append(1)
        coords = {"subject": ["a", "b"], "lag": [0.0, 0.5, 1.0]}
        return {"waves": xr.DataArray(np.arange(6.0).reshape(2, 3), dims=list(coords), coords=coords)}

    first = kept("test", ("one",), compute)["waves"]
    again = kept("test", ("one",), compute)["waves"]
    xr.testing.assert_identical(first, again)
    assert len(calls) == 1
    kept("test", ("two",), compute)
    assert len(calls) == 2


def test_a_file_that_is_not_whole_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("ALIKE_CACHE", str(tmp_path))
    compute = lambda: {"x": xr.DataArray(np.ones(3), dims="k")}  # noqa: E731
    kept("test", ("one",), compute)
    (file,) = (tmp_path / "results").glob("*.npz")
    file.write_bytes(file.read_bytes()[:40])
    assert kept("test", ("one",), compute)["x"].sum() == 3
    np.testing.assert_array_equal(kept("test", ("one",), lambda: {})["x"], np.ones(3))
