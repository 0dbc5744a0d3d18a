"""Runs in a copy of the project: changes one file after the other there and tells what noticed it, as JSON."""

import json
import sys
from functools import partial
from importlib import import_module
from pathlib import Path

from lib import models, provenance, recordings
from lib.ground import DATA, ROOT
from lib.report import cache, runs

PROBE = """# %% tags=["parameters"]
recording: str = "natsound165"
model: str = "logmel"

# %%
import pandas as pd
from lib.ground import PUBLISHED
from lib.compare import compared
from lib.models import load

published = pd.read_csv(PUBLISHED / "cortex_alignment.csv")
"""
MODULES = {
    "lib/compare/staleness_probe.py": '"""Probe."""\nfrom lib.compare.staleness_helper import helped\n\n\n'
    "def compared(extra=None):\n    return helped()\n",
    "lib/compare/staleness_helper.py": '"""Helper."""\nimport xarray as xr\n\nfrom lib import provenance\n'
    "from lib.compare import staleness_worker\n\n\ndef helped():\n    from lib import models, recordings\n\n"
    "    models.load('mfcc')\n"
    "    provenance.loaded('recordings', 'song-ecog', recordings.fingerprint('song-ecog'))\n"
    "    return {'x': xr.DataArray([1.0], dims='k')}\n",
    "lib/compare/staleness_worker.py": '"""Worker."""\n',
    "lib/compare/staleness_given.py": '"""Given."""\n\n\ndef given():\n    return 0\n',
}


def changed(file, old="", new="\n# changed\n"):
    """Change a file while the block lasts."""
    return _Changed(ROOT / file, old, new)


class _Changed:
    def __init__(self, path, old, new):
        self.path, self.before = path, path.read_text()
        assert old in self.before
        self.after = self.before.replace(old, new, 1) if old else self.before + new

    def __enter__(self):
        self.path.write_text(self.after)
        forget_cards()

    def __exit__(self, *error):
        self.path.write_text(self.before)
        forget_cards()


def forget_cards():
    """Cards of recordings are read once in a process; a run is a process of its own."""
    getattr(import_module("lib.recordings.cards").cards, "cache_clear", int)()


def run_name(chapter="probe", **given):
    return runs.run_id(chapter, runs.fingerprints(chapter, runs.check_parameters(chapter, given)))


EDITS = {
    "the chapter": ("notebooks/probe.py",),
    "a module it imports through a room": ("lib/compare/staleness_probe.py",),
    "a module of lib three imports away": ("lib/compare/staleness_worker.py",),
    "the package of a module it imports": ("lib/__init__.py",),
    "the versions": ("requirements.lock",),
    "a table it names": ("data/published/cortex_alignment.csv",),
    "the card of its recording": ("data/recordings.yml", "title: 165 natural", "title: changed"),
    "published files of its recording": ("data/registries/natsound165.sha256", "00", "11"),
    "the loader of its recording": ("lib/recordings/public/natsound.py",),
    "the card of its model": ("data/models.yml", "title: Log-mel spectrum\n", "title: changed\n"),
    "the loader of its model": ("lib/models/loaders/baselines.py",),
    "NOT a table it does not name": ("data/published/cortex_components.csv",),
    "NOT figures of another chapter": ("lib/chapters/cortex/figures.py",),
    "NOT a module of a room it uses": ("lib/compare/prosody.py",),
    "NOT the card of another model": ("data/models.yml", "title: Mel-frequency cepstrum\n", "title: changed\n"),
}


def names_of_runs():
    """Which edits give a run another name."""
    base, out = run_name(), {}
    for what, edit in EDITS.items():
        with changed(*edit):
            out[what] = run_name() != base
    out["another value of a parameter"] = run_name(model="mfcc") != base
    out["NOT nothing"] = run_name() != base
    return out


def recomputed():
    """Which edits make the cache compute again."""
    from lib.compare import staleness_given, staleness_probe

    calls = []
    counted = staleness_probe.helped

    def once(key="a", extra=staleness_given.given):
        before = len(calls)
        compute = partial(staleness_probe.compared, extra=extra)
        with provenance.watching() as seen:
            cache.kept("probe", (key,), compute)
        watched.append(sorted(seen.get("models", {})) + sorted(seen.get("recordings", {})))
        return len(calls) > before

    def count():
        calls.append(1)
        return counted()

    staleness_probe.helped, watched = count, []  # the real function, counted
    out = {"the first time": once(), "NOT the second time": once(), "another key": once("b")}
    edits = {
        "the module": ("lib/compare/staleness_probe.py",),
        "a module it imports": ("lib/compare/staleness_helper.py",),
        "the module of a function it is given": ("lib/compare/staleness_given.py",),
        "the versions": ("requirements.lock",),
        "the card of a model it loads": EDITS["NOT the card of another model"],
        "the card of a recording it loads": (
            "data/recordings.yml", "title: time courses of human", "title: changed"
        ),
        "NOT the card of another model": EDITS["the card of its model"],
        "NOT figures of a chapter": ("lib/chapters/cortex/figures.py",),
    }  # fmt: skip
    for what, edit in edits.items():
        once()
        with changed(*edit):
            out[what] = once()
        once()
    return out, all(names == ["mfcc", "song-ecog"] for names in watched)


def found_again():
    """Whether a run is found when what it loaded besides its parameters has changed."""
    folder = ROOT / "runs"
    marks = runs.fingerprints("probe", runs.check_parameters("probe"))
    loaded = {"models": {"mfcc": models.fingerprint("mfcc")}, "recordings": {"alice": recordings.fingerprint("alice")}}
    manifest = {"chapter": "probe", "status": "ok", "started": "2020", "seconds": 1, "loaded": loaded, "outside": []}
    manifest |= {"parameters": runs.check_parameters("probe"), "fingerprints": marks}
    place = folder / f"{runs.run_id('probe', marks)}-000000"
    place.mkdir(parents=True)
    file = place / "manifest.json"
    file.write_text(json.dumps(manifest))

    def found():
        one, listed = runs.find("probe", marks, folder), runs.of_this_source("probe", folder)
        assert bool(one) == bool(listed)
        return bool(one)

    out = {"unchanged": found()}
    with changed(*EDITS["NOT the card of another model"]):
        out["NOT with another card of a model it loaded"] = found()
    with changed("data/recordings.yml", "title: the first chapter", "title: changed"):
        out["NOT with another card of a recording it loaded"] = found()
    for what, damage in {
        "NOT if it failed": {"status": "failed"},
        "NOT with a model that is gone": {"loaded": {"models": {"gone": "0"}}},
    }.items():
        file.write_text(json.dumps(manifest | damage))
        out[what] = found()
    del manifest["loaded"]
    file.write_text(json.dumps(manifest))
    out["NOT without a note of what it loaded"] = found()
    file.write_text("{")
    out["NOT with half a manifest"] = found()
    return out


def main():
    for name, text in MODULES.items():
        (ROOT / name).write_text(text)
    (ROOT / "notebooks" / "probe.py").write_text(PROBE)
    room = ROOT / "lib" / "compare" / "__init__.py"
    room.write_text(room.read_text().replace("submod_attrs={", 'submod_attrs={"staleness_probe": ["compared"],'))
    assert Path(DATA).is_relative_to(ROOT)
    kept, noted = recomputed()
    return {"run": names_of_runs(), "cache": kept, "noted": noted, "found": found_again()}


if __name__ == "__main__":
    print(json.dumps(main()), file=sys.stdout)
