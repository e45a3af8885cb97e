"""`manage.py test`: everything that CI runs, in one order, with one last line.

Without arguments: ruff, mypy, import-linter, the front end's build, vitest, the build of the lab, and pytest in as many processes as there are
processors and in one more, which is nice (tests/distributing.py says what that one gets). What nothing waits for runs beside pytest and is told
after it. `--quick` leaves out the lab, the browser, what needs root, and what is slow; what is left
waits for nothing, and has a process for each processor. Any other argument goes to pytest, and then only pytest runs, in one process. With CI=true a
skipped test is a failure, except one that needs root where there is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from dashboard import installing
from dashboard.refusals import Refused
from tests.lab import building, namespaces

BIN = installing.ENVIRONMENT / "bin"
QUICK = ["-m", "not lab and not browser and not root and not slow"]
PROCESSORS = min(os.cpu_count() or 1, 4)
TOGETHER = ["--dist", "loadscope", "--no-loadscope-reorder"]
AT_ONCE, QUICKLY = ["-n", str(PROCESSORS + 1), "--spare", *TOGETHER], ["-n", str(PROCESSORS), *TOGETHER]
NICE = ["nice", "-n", "10"]
BESIDE = ("mypy",)  # nobody waits for it, and it knows no time limits
CHECKS = {"ruff": ["ruff", "check", "."], "mypy": ["mypy"], "import-linter": ["lint-imports"]}


@dataclass
class Tally:
    """What passed and failed, and the names of what was skipped, each with its reason."""

    passed: int = 0
    failed: int = 0
    skipped: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def main(*, arguments: list[str]) -> int:
    """This will run what the arguments ask for, print the closing lines, and return the exit code."""
    selected = [word for word in arguments if word != "--quick"]
    is_quick = "--quick" in arguments
    chosen = [*(QUICK if is_quick else []), *(selected or (QUICKLY if is_quick else AT_ONCE))]
    total = Tally()
    with ThreadPoolExecutor(1) as beside:
        later: list[Future[tuple[str, Tally]]] = []
        for name, run in parts(only_pytest=bool(selected), is_quick=is_quick, pytest_arguments=chosen):
            if name in BESIDE:
                later.append(beside.submit(timed, name=name, run=run))
                continue
            print(f"{name} ...", flush=True)
            words, tally = timed(name=name, run=run)
            print(words, flush=True)
            total.add(tally)
        for words, tally in (one.result() for one in later):
            print(words, flush=True)
            total.add(tally)
    return close(tally=total, strict=os.environ.get("CI") == "true", is_root=os.geteuid() == 0)


def timed(*, name: str, run: Callable[[], Tally]) -> tuple[str, Tally]:
    """What came of a part, in a line and counted."""
    begun = time.monotonic()
    tally = run()
    return f"{name}: {'failed' if tally.failed else 'passed'} after {time.monotonic() - begun:.1f} s", tally


def parts(*, only_pytest: bool, is_quick: bool, pytest_arguments: list[str]) -> list[tuple[str, Callable[[], Tally]]]:
    """What runs, by name and in order."""
    tests: list[tuple[str, Callable[[], Tally]]] = [("pytest", lambda: run_pytest(arguments=pytest_arguments))]
    if only_pytest:
        return tests
    checks = [(name, lambda line=line: run_check(line=line)) for name, line in CHECKS.items()]
    first = [*checks, ("front end", run_build), ("vitest", run_vitest)]
    return [*first, *tests] if is_quick else [*first, ("lab build", run_lab_build), *tests]


def run_lab_build() -> Tally:
    """This will build what the lab's tests need, its progress seen by who waits for it; where Go is missing they are left out, and so is this."""
    wanted = [name for name in building.PARTS if name not in building.NETWORK_ONLY or not namespaces.missing()]
    if (reason := building.missing()) and not all(building.PARTS[name].folder().is_dir() for name in wanted):
        return Tally(skipped=[f"lab build: {reason}"])
    line = [sys.executable, str(installing.ROOT / "manage.py"), "lab", "build", *wanted]
    code = subprocess.run(line, cwd=installing.ROOT, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603
    return Tally(passed=int(not code), failed=int(bool(code)))


def run_check(*, line: list[str]) -> Tally:
    """This will run a tool of the environment; its words are printed when it fails."""
    done = subprocess.run([*NICE, BIN / line[0], *line[1:]], cwd=installing.ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
    return Tally(passed=int(not done.returncode), failed=int(bool(done.returncode)))


def run_build() -> Tally:
    """This will build the front end from exactly the sources in this clone; an older build is no excuse here."""
    stamp = installing.STATIC / "dist" / ".stamp"
    try:
        installing.build_front_end()
    except Refused as problem:
        print(problem, flush=True)
    sources = installing.fingerprint(paths=installing.front_end_sources())
    built = not (installing.STATIC / "package.json").exists() or (stamp.exists() and stamp.read_text() == sources)
    return Tally(passed=int(built), failed=int(not built))


def run_vitest() -> Tally:
    """This will run the front end's own tests and read their JSON report."""
    if not (installing.STATIC / "package.json").exists():
        return Tally(skipped=["vitest: there is no static/package.json in this clone"])
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "vitest.json"
        line = installing.node("npm", "test", "--", "--reporter=default", "--reporter=json", f"--outputFile.json={report}")
        done = subprocess.run(line, cwd=installing.STATIC, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603
        tally = read_vitest(text=report.read_text()) if report.exists() else Tally(failed=1)
    if done.returncode:
        print(done.stdout + done.stderr, flush=True)
        tally.failed = max(tally.failed, 1)
    return tally


def read_vitest(*, text: str) -> Tally:
    """The counts of vitest's JSON report."""
    tally = Tally()
    for case in [case for file in json.loads(text)["testResults"] for case in file["assertionResults"]]:
        if case["status"] == "passed":
            tally.passed += 1
        elif case["status"] == "failed":
            tally.failed += 1
        else:
            tally.skipped.append(f"vitest {case['fullName']}: {case['status']}")
    return tally


def run_pytest(*, arguments: list[str]) -> Tally:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        line = [sys.executable, "-m", "pytest", "-q", f"--junitxml={report}", *arguments]
        code = subprocess.run(line, cwd=installing.ROOT, stdin=subprocess.DEVNULL, check=False).returncode  # noqa: S603
        tally = read_junit(text=report.read_text()) if report.exists() else Tally()
    tally.failed = max(tally.failed, int(bool(code)))
    return tally


def read_junit(*, text: str) -> Tally:
    """The counts of a JUnit file as pytest writes it. A test that fails in its body and in its fixture's end counts once."""
    outcomes: dict[str, str] = {}
    for case in ElementTree.fromstring(text).iter("testcase"):  # noqa: S314 (our own pytest wrote it a moment ago)
        name, skipped = f"{case.get('classname')}.{case.get('name')}", case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[name] = "failed"
        elif skipped is not None:
            outcomes.setdefault(name, f"{skipped.get('message')}")
        else:
            outcomes.setdefault(name, "")
    failed = sum(outcome == "failed" for outcome in outcomes.values())
    skipped_names = [f"{name}: {outcome}" for name, outcome in outcomes.items() if outcome not in ("", "failed")]
    return Tally(passed=len(outcomes) - failed - len(skipped_names), failed=failed, skipped=skipped_names)


def close(*, tally: Tally, strict: bool, is_root: bool) -> int:
    """This will print what was skipped, by name and with the reason, and the counts; it returns the exit code."""
    for line in tally.skipped:
        print(f"skipped {line}")
    forbidden = [line for line in tally.skipped if strict and (is_root or "needs root" not in line)]
    if forbidden:
        print(f"{len(forbidden)} skipped, although nothing may be skipped with CI=true" + ("" if is_root else " but what needs root"))
    print(f"{tally.passed} passed, {tally.failed + len(forbidden)} failed, {len(tally.skipped) - len(forbidden)} skipped", flush=True)
    return int(bool(tally.failed or forbidden))
