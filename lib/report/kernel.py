"""What the kernel of a run notes about itself: its peak memory, and the modules of lib that it has loaded.

Comes in: nothing; a run starts its kernel with this module as an IPython extension. Goes out: ``usage.json`` in the
folder of the run, written anew after every cell, so that a kernel that is killed has left its notes too.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

USAGE = "usage.json"


def load_ipython_extension(shell: Any) -> None:
    """Note after every cell; IPython calls this when the kernel of a run starts."""
    if "ALIKE_RUN" in os.environ:
        shell.events.register("post_run_cell", lambda result: note(Path(os.environ["ALIKE_RUN"])))


def note(folder: Path) -> None:
    """Write peak memory (MB) and the names of all modules of lib that are loaded."""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # ru_maxrss is in bytes there, kilobytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    modules = sorted(name for name in list(sys.modules) if name.partition(".")[0] == "lib")
    new = folder / f"{USAGE}.new"
    new.write_text(json.dumps({"peak_memory_mb": round(peak), "modules": modules}))
    os.replace(new, folder / USAGE)
