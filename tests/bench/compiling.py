"""The C programs of `floors/`, compiled by the machine's own compiler when one is needed and kept beside the other state."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

FOLDER = Path(__file__).parent / "floors"


def program(name: str) -> Path:
    """This will give the compiled program. Raises RuntimeError where there is no compiler."""
    source = FOLDER / f"{name}.c"
    compiler = shutil.which("cc")
    if compiler is None:
        raise RuntimeError("There is no C compiler (cc) here, so this cannot be compared with its floor.")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "clusterview" / "bench"
    made = cache / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"
    if not made.exists():
        cache.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-Wall", "-o", str(made), str(source)], check=True)
    return made
