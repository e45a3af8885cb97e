"""An API server, asked by its administrator around everything that is under test, and without a process in between."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from clusterview.kube.sockets import TLSSocket

SECONDS = 20
JSON, MERGE_PATCH, APPLY_PATCH = "application/json", "application/merge-patch+json", "application/apply-patch+yaml"


class Refused(OSError):
    """The API server's answer where it is no success: `code`, and the Status object in `body`."""

    def __init__(self, *, path: str, code: int, body: dict[str, Any]) -> None:
        super().__init__(f"{code} for {path}: {body.get('message', '')}")
        self.code, self.body = code, body


class ApiServer:
    """Whoever is one says where it is, who vouches for it, and with which token it is asked."""

    @property
    def server(self) -> str:
        raise NotImplementedError

    @property
    def authority(self) -> Path:
        raise NotImplementedError

    @property
    def token(self) -> str:
        raise NotImplementedError

    def get(self, path: str) -> dict[str, Any]:
        """The API server's own answer."""
        return self._read(path=path, method="GET")

    def patch(self, path: str, change: dict[str, Any]) -> dict[str, Any]:
        """This will merge the change into an object; gives the object."""
        return self._read(path=path, method="PATCH", body=change, content_type=MERGE_PATCH)

    def apply(self, path: str, document: dict[str, Any], *, manager: str) -> dict[str, Any]:
        """This will apply the document server-side as this field manager, whoever else owns what it says; gives the object."""
        return self._read(path=f"{path}?fieldManager={manager}&force=true", method="PATCH", body=document, content_type=APPLY_PATCH)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """This will create something; gives the API server's answer. Raises Refused where it is no success."""
        return self._read(path=path, method="POST", body=body)

    def delete(self, path: str) -> dict[str, Any]:
        """This will delete an object; gives the API server's answer."""
        return self._read(path=path, method="DELETE")

    def _read(self, *, path: str, method: str, body: dict[str, Any] | None = None, content_type: str = JSON) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._ask(path=path, timeout=SECONDS, method=method, body=body, content_type=content_type))
        return answer

    def _ask(self, *, path: str, timeout: float, method: str = "GET", body: dict[str, Any] | None = None, content_type: str = JSON) -> bytes:
        if not self.authority.exists():
            raise OSError("no certificate yet")
        context = ssl.create_default_context(cafile=str(self.authority))
        context.sslsocket_class = TLSSocket
        request = urllib.request.Request(self.server + path, headers={"Authorization": f"Bearer {self.token}"}, method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, context=context, timeout=timeout) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as problem:
            with problem:
                text = problem.read().decode(errors="replace")
            code = problem.code
        except (OSError, http.client.HTTPException) as problem:
            raise OSError(f"{path}: {problem!r}") from None
        try:
            said = json.loads(text)
        except ValueError:
            said = {"message": text}
        raise Refused(path=path, code=code, body=said if isinstance(said, dict) else {"message": text})
