"""Audio to disk: streamed, bounded, and continued where it broke off.

What has come lies in ``NAME.part`` beside the target, with what identifies it in ``NAME.part.json``. A later attempt,
in this process or on another day, asks for the rest (RFC 9110, section 14, Range and If-Range), but only where the
server gave a strong validator or a date: hosts that put adverts in at download time serve another file each time, and
two halves of different files must never be joined.
"""

import json
import logging
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
from tenacity import RetryCallState, retry, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from digest_pipeline.errors import FetchError
from digest_pipeline.feeds.fetching.fetch import BUSY, Fetcher, Transient
from digest_pipeline.feeds.fetching.rests import Resting
from digest_pipeline.feeds.redaction import redact

log = logging.getLogger(__name__)

ATTEMPTS = 5  # each continues where the one before broke off
PAUSE = wait_exponential_jitter(multiplier=0.3, max=10)
LONGEST_REST_SECONDS = 300.0  # that a host may ask for and is waited for, since other episodes are heard meanwhile
# What httpx decodes, a received block at a time. A block of the first two grows a thousandfold at most, to 64 MiB; one
# of the others, or of two codings on each other, to gigabytes before its size can be looked at.
BOUNDED_CODINGS, UNBOUNDED_CODINGS = {"gzip", "deflate"}, {"br", "zstd"}


class NoRoom(Exception):
    """The file does not fit on disk now; ``size`` is its length in bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"no room for {size} bytes")
        self.size = size


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a partial file is the beginning of."""

    url: str
    validator: str | None
    total: int | None


async def download(
    fetcher: Fetcher, url: str, target: Path, most_bytes: int, *, admit: Callable[[int], bool] = lambda _: True
) -> None:
    """Bring ``url`` to ``target``, which appears only when it is complete.

    Args:
        fetcher: the client.
        url: of the audio.
        target: where the file shall lie; its folder exists.
        most_bytes: larger files are refused, by what the server announces and by what comes.
        admit: asked with the file's size (``most_bytes`` where the server does not say) before anything is written.

    Raises:
        AddressRefused: the address is private or not http(s).
        Resting: the host asks to be left alone for longer, or once more. What has come stays.
        FetchError: HTTP error, time-out, too large, or broken off in every attempt. What has come stays for the next.
        NoRoom: ``admit`` said no.
    """
    attempt = retry(
        retry=retry_if_exception(_is_passing),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_pause,
        reraise=True,
    )
    try:
        await attempt(_continue)(fetcher, url, target, most_bytes, admit)
    except FetchError as error:
        is_busy = isinstance(error, Resting) or error.status in BUSY
        is_unfinished = isinstance(error, Transient) or isinstance(error.__cause__, TimeoutError)
        if not (is_busy or is_unfinished):
            forget(target)  # refused or too large: no beginning of a file that is worth keeping
        raise


def forget(target: Path) -> None:
    """Remove a file and what has come of it."""
    for path in (target, _part(target), _note(target)):
        path.unlink(missing_ok=True)


def _is_short_rest(error: BaseException) -> bool:
    """Whether a host asks for a rest that is worth waiting for, and for the first time."""
    if not isinstance(error, Resting):
        return False
    return not error.is_again and (error.retry_after_seconds or 0.0) <= LONGEST_REST_SECONDS


def _is_passing(error: BaseException) -> bool:
    """Whether another attempt may do better, after a moment or after the rest that the host asks for."""
    return isinstance(error, Transient) or _is_short_rest(error)


def _pause(state: RetryCallState) -> float:
    """What the server asked to wait, or a growing moment."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after_seconds if isinstance(error, FetchError) else None
    return PAUSE(state) if asked is None else asked


# For a request that is repeated by itself where that helps at once: once more after its host's rest.
after_rest = retry(retry=retry_if_exception(_is_short_rest), stop=stop_after_attempt(2), wait=_pause, reraise=True)


async def _continue(fetcher: Fetcher, url: str, target: Path, most_bytes: int, admit: Callable[[int], bool]) -> None:
    try:
        await _attempt(fetcher, url, target, most_bytes, admit)
    except FetchError as error:
        if error.status != httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE or not _part(target).exists():
            raise
        forget(target)  # the file is shorter now than what has come of it: another file
        raise Transient(f"{redact(url)} has become shorter than what has come of it") from error


async def _attempt(fetcher: Fetcher, url: str, target: Path, most_bytes: int, admit: Callable[[int], bool]) -> None:
    part, origin = _part(target), _origin_of(target, url)
    headers, begun = {"Accept-Encoding": "identity"}, 0  # a range counts the bytes as they are sent
    if origin and origin.validator:
        begun = part.stat().st_size
        headers |= {"Range": f"bytes={begun}-", "If-Range": origin.validator}
    async with fetcher.stream(url, headers) as response:
        _check_codings(response, url)
        if origin and response.status_code == httpx.codes.PARTIAL_CONTENT:
            if not _continues(response, origin, begun):
                forget(target)
                raise Transient(f"{redact(url)} answered with another file or range than was asked for")
            log.info("%s: continued after %d bytes", redact(url), begun)
        else:
            origin, begun = _Origin(url, _validator(response), _total(response)), 0
            part.unlink(missing_ok=True)
        _check_size(url, origin.total or 0, most_bytes)
        if not admit(most_bytes if origin.total is None else origin.total):
            raise NoRoom(most_bytes if origin.total is None else origin.total)
        _note(target).write_text(json.dumps(asdict(origin)), encoding="utf-8")
        blocks = response.aiter_bytes if "Content-Encoding" in response.headers else response.aiter_raw
        with part.open("ab") as file:
            async for block in blocks():
                begun += len(block)
                _check_size(url, begun, most_bytes)
                file.write(block)
    if origin.total is not None and begun != origin.total:  # a host may send less than the range that was asked for
        raise Transient(f"{redact(url)} has sent {begun} of {origin.total} bytes")
    part.replace(target)
    _note(target).unlink(missing_ok=True)


def _origin_of(target: Path, url: str) -> _Origin | None:
    """What the partial file is the beginning of, where it can be continued."""
    try:
        origin = _Origin(**json.loads(_note(target).read_text(encoding="utf-8")))
        size = _part(target).stat().st_size
    except (FileNotFoundError, ValueError, TypeError):  # there is none, or a crash left half a note
        return None
    is_open = origin.total is not None and 0 < size < origin.total
    return origin if origin.url == url and origin.validator and is_open else None


def _validator(response: httpx.Response) -> str | None:
    """A strong ETag or a date; none where the body was compressed on the way, since ranges count other bytes then."""
    etag: str = response.headers.get("ETag", "")
    if "Content-Encoding" in response.headers or response.headers.get("Accept-Ranges") == "none":
        return None
    if etag and not etag.startswith("W/"):
        return etag
    date: str | None = response.headers.get("Last-Modified")
    return date


def _continues(response: httpx.Response, origin: _Origin, begun: int) -> bool:
    """Whether a partial answer is the rest of the file that was begun: there are servers that ignore If-Range."""
    span = re.match(r"bytes (\d+)-\d+/(\d+|\*)$", response.headers.get("Content-Range", ""))
    if not span or int(span[1]) != begun or span[2] not in {"*", str(origin.total)}:
        return False
    # the answer may leave the date out, as it may leave out all that the first one said (RFC 9110, 15.3.7)
    is_etag = (origin.validator or "").startswith('"')
    return bool(response.headers.get("ETag" if is_etag else "Last-Modified", origin.validator) == origin.validator)


def _total(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdigit() and "Content-Encoding" not in response.headers else None


def _check_codings(response: httpx.Response, url: str) -> None:
    codings = [c.lower() for c in response.headers.get_list("Content-Encoding", split_commas=True)]
    known = [c for c in codings if c in BOUNDED_CODINGS | UNBOUNDED_CODINGS]
    if len(known) > 1 or UNBOUNDED_CODINGS.intersection(known):
        raise FetchError(f"{redact(url)} is coded as {', '.join(known)}, which was not asked for")


def _check_size(url: str, size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise FetchError(f"{redact(url)} is larger than {most_bytes} bytes", remedy="raise max_audio_bytes")


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _note(target: Path) -> Path:
    return target.with_name(f"{target.name}.part.json")
