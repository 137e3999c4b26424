"""Content codings of HTTP, bounded: a kilobyte of compressed zeros must not become a gigabyte in memory.

httpx decodes a received piece in one go, whatever it expands to; here the output is asked for in portions.
"""

import zlib
from collections.abc import Callable

import brotli
import zstandard

from digest_pipeline.errors import FetchError

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
PORTION = 1 << 18
ANY_HEADER = zlib.MAX_WBITS | 32  # the header tells gzip from zlib
GZIP_PIECE = 4096  # what follows a member is copied: a body of many small ones must not be copied as a whole each time
ZSTD_WINDOW = 8 * 1024 * 1024  # what RFC 9659 lets a server use
ZSTD_PIECE = 256  # its decoder has no bound of its own; a block of four bytes may become 128 kB


def decompress(raw: bytes, content_encoding: str, most: int) -> bytes:
    """The body behind its content codings, of at most ``most`` bytes.

    What is no coding that was asked for is passed over, as browsers do: some hosts name the charset there (``UTF-8``),
    or how the file was once uploaded (``aws-chunked``).

    Raises:
        FetchError: the data is damaged or cut short, or it expands to more than ``most``.
    """
    body = raw
    for coding in reversed([c.strip().lower() for c in content_encoding.split(",")]):
        if body and coding in DECODERS:
            body = _decode(coding, body, most)
    return body


def _decode(coding: str, body: bytes, most: int) -> bytes:
    try:
        decoded = DECODERS[coding](body, most + 1)
    except (zlib.error, brotli.error, zstandard.ZstdError) as error:
        raise FetchError(f"the {coding} body is damaged or cut short") from error
    if len(decoded) > most:
        raise FetchError(
            f"the {coding} body is larger than {most} bytes", remedy="raise max_feed_bytes if that is meant"
        )
    return decoded


def _gzip(body: bytes, most: int) -> bytes:
    out = bytearray()
    stream = zlib.decompressobj(wbits=ANY_HEADER)
    for start in range(0, len(body), GZIP_PIECE):
        piece = body[start : start + GZIP_PIECE]
        while piece and len(out) < most:
            out += stream.decompress(piece, most - len(out))
            piece = b""
            if stream.eof and (piece := stream.unused_data.lstrip(b"\0")):  # a gzip file may have several members
                stream = zlib.decompressobj(wbits=ANY_HEADER)
    if not stream.eof and len(out) < most:
        raise zlib.error("cut short")
    return bytes(out)


def _deflate(body: bytes, most: int) -> bytes:
    try:
        return _gzip(body, most)
    except zlib.error:  # some servers send it without the zlib header
        stream = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        out = stream.decompress(body, most)
        if not stream.eof and len(out) < most:
            raise
        return out


def _brotli(body: bytes, most: int) -> bytes:
    stream, out, rest = brotli.Decompressor(), bytearray(), body
    while not stream.is_finished() and len(out) < most:
        piece = stream.process(rest, output_buffer_limit=PORTION)
        if not piece and not rest:
            raise brotli.error("cut short")
        out += piece
        rest = b""
    return bytes(out)


def _zstd(body: bytes, most: int) -> bytes:
    context, out = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW), bytearray()
    stream = context.decompressobj()
    for start in range(0, len(body), ZSTD_PIECE):
        piece = body[start : start + ZSTD_PIECE]
        while piece:
            if stream.eof:  # one frame after the other
                stream = context.decompressobj()
            out += stream.decompress(piece)
            piece = stream.unused_data if stream.eof else b""
        if len(out) >= most:
            return bytes(out)
    if not stream.eof:
        raise zstandard.ZstdError("cut short")
    return bytes(out)


DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
