"""A state folder of its own for every test run, and nothing of the machine's own settings. Loaded with `-p`, before Django reads them.

The tests use SQLite, or the server that CLUSTERVIEW_TESTS_DATABASE_URL and CLUSTERVIEW_TESTS_DATABASE_OWNER_URL name.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

FOREIGN = ("DATABASE_", "REDIS_URL", "PUBLIC_URL", "KUBECONFIG", "DJANGO_SETTINGS_MODULE", "CLUSTERVIEW_")
LAB, TESTS = "CLUSTERVIEW_LAB", "CLUSTERVIEW_TESTS_"

for name in [name for name in os.environ if name.startswith(FOREIGN) and not name.startswith((LAB, TESTS))]:
    del os.environ[name]
os.environ.update({name.removeprefix(TESTS): url for name, url in os.environ.items() if name.startswith(f"{TESTS}DATABASE_")})
STATE = Path(tempfile.mkdtemp(prefix="clusterview-tests-"))
(STATE / "secret-key").write_text("a key for tests only, as long as a real one")
(STATE / "secret-key").chmod(0o600)
os.environ["CLUSTERVIEW_STATE"] = str(STATE)
os.environ["CLUSTERVIEW_FOLLOW_SECONDS"] = "0"  # what nodes need to follow is waited for where a test is about that
atexit.register(shutil.rmtree, STATE, ignore_errors=True)
