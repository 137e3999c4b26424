"""A stand-in for an OpenAI-compatible server, over real HTTP: it says what a test tells it to say, however wrong."""

import gc
import json
import re
import socket
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.conftest import Web


@dataclass
class Reply:
    """One answer. ``usage`` is counted by the stand-in, four characters a token, as providers count roughly."""

    content: str = ""
    status: int = 200
    wait: float = 0.0
    finish_reason: str = "stop"
    refusal: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    error: str = "no"


Answer = Callable[[dict[str, Any]], Reply]


def _collect_connections() -> None:
    """Litellm leaves its connections to be collected: without this, in whichever test comes then, which fails of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    gc.unfreeze()


class StandIn:
    """Routes of the chat completions interface on a test's web server. ``asked`` holds every request's body."""

    def __init__(self, web: Web, answer: Answer | Reply) -> None:
        self.asked: list[dict[str, Any]] = []
        self.answer = answer
        self.cached_tokens = self.written_tokens = 0  # read from the provider's prompt cache, and written to it
        self.counts_tokens = True
        web.routes["/v1/chat/completions"] = self._complete
        gc.freeze()  # what lives now has not to be looked through at the end
        if _collect_connections not in web.at_close:  # a second time it would look through what is thawed again
            web.at_close.append(_collect_connections)

    def body_for(self, request: dict[str, Any], reply: Reply) -> dict[str, Any]:
        if reply.finish_reason == "no choice":
            return {"id": "c1", "object": "chat.completion", "created": 1, "model": "stand-in", "choices": []}
        usage = self._usage(request, reply) if self.counts_tokens else None
        return {
            "id": "c1", "object": "chat.completion", "created": 1, "model": "stand-in",
            "choices": [{
                "index": 0, "finish_reason": reply.finish_reason,
                "message": {"role": "assistant", "content": reply.content, "refusal": reply.refusal},
            }],
            "usage": usage,
        }  # fmt: skip

    def _usage(self, request: dict[str, Any], reply: Reply) -> dict[str, Any]:
        prompt = sum(len(message["content"]) for message in request["messages"]) // 4
        return {
            "prompt_tokens": prompt, "completion_tokens": len(reply.content) // 4,
            "total_tokens": prompt + len(reply.content) // 4,
            "prompt_tokens_details": {"cached_tokens": self.cached_tokens, "cache_write_tokens": self.written_tokens},
        }  # fmt: skip

    def _complete(self, request: BaseHTTPRequestHandler) -> None:
        body = json.loads(request.rfile.read(int(request.headers["Content-Length"])))
        self.asked.append(body)
        reply = self.answer if isinstance(self.answer, Reply) else self.answer(body)
        time.sleep(reply.wait)
        error = {"error": {"message": reply.error, "type": "error", "code": reply.status}}
        send(request, self.body_for(body, reply) if reply.status == 200 else error, reply.status, reply.headers)


def send(
    request: BaseHTTPRequestHandler, document: object, status: int = 200, headers: dict[str, str] | None = None
) -> None:
    """Answer a request with JSON."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(content)))
    request.end_headers()
    request.wfile.write(content)


def talk_in(request: dict[str, Any]) -> str:
    """What stands between the fences of a prompt: all that a publisher or speaker can influence."""
    user = request["messages"][1]["content"]
    found = re.fullmatch(r"(talk-[0-9a-f]{12})\n(.*)\n\1", user, re.DOTALL)
    assert found is not None, user
    return found[2]


class BatchStandIn(StandIn):
    """OpenAI's batch interface: files, a batch that is done at its ``rounds``-th look, and its output.

    A cancelled one ends at once with its first ``answered`` answers, or, where that is ``None``, never. The first
    ``broken`` looks, and the first ``lost`` batches that are made, get no answer: the connection breaks. The first
    ``refused`` uploads are answered with 503. With ``lists`` the latest batches are told.
    """

    def __init__(
        self, web: Web, answer: Answer | Reply, rounds: int = 2, answered: int | None = 0, broken: int = 0
    ) -> None:
        super().__init__(web, answer)
        self.rounds, self.answered, self.broken, self.looks, self.batches = rounds, answered, broken, 0, 0
        self.lost, self.refused, self.lists, self.uploads = 0, 0, True, 0
        self._inputs: dict[str, str] = {}
        self._is_cancelled = False
        self._web, self._output, self._outputs = web, b"", dict[str, bytes]()
        web.routes |= {"/v1/files": self._upload, "/v1/batches": self._create}

    def _upload(self, request: BaseHTTPRequestHandler) -> None:
        form = request.rfile.read(int(request.headers["Content-Length"])).decode()
        if self.refused:
            self.refused -= 1
            send(request, {"error": {"message": "busy"}}, 503)
            return
        lines = [json.loads(line) for line in form.splitlines() if line.startswith('{"custom_id"')]
        rows = []
        for line in lines:
            reply = self.answer if isinstance(self.answer, Reply) else self.answer(line["body"])
            response = {"status_code": reply.status, "body": self.body_for(line["body"], reply)}
            rows.append({"id": "r", "custom_id": line["custom_id"], "response": response, "error": None})
        self._output = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
        self.uploads += 1
        send(request, {"id": f"input-{self.uploads}", "object": "file", "bytes": len(form), "created_at": 1, "filename": "b.jsonl",
                       "purpose": "batch", "status": "processed"})  # fmt: skip

    def _create(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if request.command == "GET":
            made = [self._batch(batch) for batch in self._outputs]
            send(
                request,
                {"object": "list", "data": made, "has_more": False} if self.lists else {},
                200 if self.lists else 404,
            )
            return
        self.batches += 1
        batch, output = f"batch-{self.batches}", f"file-{self.batches}"
        self._outputs[batch], self._inputs[batch] = self._output, json.loads(body)["input_file_id"]
        self._web.routes |= {
            f"/v1/batches/{batch}": lambda r: self._look(r, batch),
            f"/v1/batches/{batch}/cancel": lambda r: self._cancel(r, batch),
            f"/v1/files/{output}/content": lambda r: send(r, self._outputs[batch]),
        }
        if self.lost:
            self.lost -= 1
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        send(request, self._batch(batch))

    def _look(self, request: BaseHTTPRequestHandler, batch: str) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        self.looks += 1
        if self.looks <= self.broken:
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        send(request, self._batch(batch))

    def _cancel(self, request: BaseHTTPRequestHandler, batch: str) -> None:
        request.rfile.read(int(request.headers.get("Content-Length", 0)))
        if self.answered is not None:
            self._is_cancelled = True
            self._outputs[batch] = b"\n".join(self._outputs[batch].splitlines()[: self.answered])
        send(request, self._batch(batch))

    def _batch(self, batch: str) -> dict[str, Any]:
        is_done = self._is_cancelled or self.looks >= self.rounds
        status = "cancelled" if self._is_cancelled else "completed" if is_done else "in_progress"
        return {
            "id": batch, "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": self._inputs[batch],
            "completion_window": "24h", "created_at": 1, "status": status,
            "output_file_id": batch.replace("batch", "file") if is_done else None,
        }  # fmt: skip
