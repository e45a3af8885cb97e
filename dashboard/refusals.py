"""How the two commands say no: one sentence with its remedy, and exit code 1."""

from __future__ import annotations

import errno

FULL = "The disk is full: make room and try again."
UNREACHABLE = "The package registry could not be reached: check the network and the proxy settings, then try again."
DATABASE_AWAY = "The server could not be reached or turned us away: check that it runs, DATABASE_URL, and DATABASE_OWNER_URL where it is set."

FULL_SIGNS = ("No space left on device", "ENOSPC", "database or disk is full")
NETWORK_SIGNS = (
    "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH", "getaddrinfo", "NewConnectionError", "ConnectTimeout",
    "ReadTimeout", "ProxyError", "Failed to fetch", "dns error", "error sending request", "name resolution", "Failed to establish", "SSLError",
    "Connection refused", "No matching distribution found",
)  # fmt: skip
DATABASE_SIGNS = (
    "connection failed", "connection to server", "failed to resolve host", "connection timeout expired", "the database did not answer",
)  # fmt: skip


class Refused(Exception):
    """A step that cannot go on; the text is the whole message, remedy included."""


def explain(*, problem: OSError) -> str:
    """The sentence for a failing file system."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full while writing {problem.filename or 'a file'}: make room and try again."
    if problem.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{problem.filename} may not be written: give this user the right, or choose another folder with --state DIR."
    return str(problem)


def remedy(*, output: str) -> str:
    """The sentence for what pip, uv or npm said when it failed; empty when it is none of the usual reasons."""
    if any(sign in output for sign in FULL_SIGNS):
        return FULL
    if "DO NOT MATCH THE HASHES" in output or "Hash mismatch" in output or "EINTEGRITY" in output:
        return "A package is not the one that the lock file names, so it was not installed. Fetch the lock files anew with git."
    return UNREACHABLE if any(sign in output for sign in NETWORK_SIGNS) else ""


def remedy_for_database(*, output: str) -> str:
    """The sentence for what the database said when it could not be prepared; empty when it is none of the usual reasons."""
    if any(sign in output for sign in FULL_SIGNS):
        return FULL
    return DATABASE_AWAY if any(sign in output for sign in DATABASE_SIGNS) else ""
