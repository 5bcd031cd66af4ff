"""Requests' bodies: read with limits, and never written to the disk."""

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, Collection
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from f2p_deploy.service.refusals import Refusal

#: Most bytes of the other fields of a form, with the form's own lines.
FIELD_BYTES = 2**20

#: Most fields of a form.
MOST_FIELDS = 16

#: What the boundary of a form may be; RFC 2046 allows less.
_BOUNDARY = r"[ !#-\[\]-~]{1,200}"


class Form(NamedTuple):
    """A form with one file.

    Args:
        file: its content; None if there is none.
        fields: the other fields.
    """

    file: bytes | None
    fields: dict[str, str]

    def digest_text(self) -> bytes:
        """Return bytes that two forms share only if they are the same."""
        parts = [hashlib.sha256(self.file or b"").hexdigest()]
        parts += [f"{len(name)}:{name}{len(value)}:{value}" for name, value in sorted(self.fields.items())]
        return "\n".join(parts).encode()


async def read_body(request: Request, most: int, seconds: float) -> bytes:
    """Return a request's body.

    Args:
        request: whose body is not read yet.
        most: most bytes.
        seconds: until it must have arrived.

    Raises:
        Refusal: `too-large`, `upload-timeout`, or `invalid-request` for a length that is no number.
        ClientDisconnect: the caller has gone.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal():
        raise Refusal("invalid-request", "Content-Length must be a number")
    refusal = Refusal("too-large", f"the body has more than {most:,} bytes, the most that is accepted")
    if int(declared) > most:
        raise refusal
    content = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                content += part
                if len(content) > most:
                    raise refusal
    except TimeoutError as error:
        raise Refusal("upload-timeout", f"the body did not arrive within {seconds:g} seconds") from error
    return bytes(content)


async def discard_body(request: Request, most: int, seconds: float) -> None:
    """Read the rest of a body and forget it, so that the caller hears the answer instead of a broken connection."""
    left = most
    try:
        async with asyncio.timeout(seconds):
            async for part in request.stream():
                left -= len(part)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect, RuntimeError):
        return


def _utf8(content: bytes, name: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("invalid-request", f"the field {name[:80]!r} is not UTF-8 text") from error


class _InMemory(MultiPartParser):
    """Starlette's parser, which would write a file of more than 1 MB to the disk."""

    spool_max_size = 2**40


async def parse_form(body: bytes, headers: Headers, file_field: str, texts: Collection[str] = ()) -> Form:
    """Parse a `multipart/form-data` body; its text is UTF-8, whatever it says.

    Args:
        body: the whole body.
        headers: of the request.
        file_field: the name of the field with the file.
        texts: names of other fields that may be sent as a file.

    Raises:
        Refusal: `media-type`, `too-large` for such a file of more than `FIELD_BYTES`, or `invalid-request` for a
            damaged form, a field that is given twice, a file where none belongs, or text that is not UTF-8.
    """
    kind = headers.get("content-type", "")
    if kind.split(";")[0].strip().lower() != "multipart/form-data":
        raise Refusal("media-type", "send a form: Content-Type must be multipart/form-data")
    boundary = parse_options_header(kind)[1].get(b"boundary", b"").decode("latin-1")
    if not re.fullmatch(_BOUNDARY, boundary):
        raise Refusal("invalid-request", "the form is damaged: its Content-Type has no usable boundary")

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    # As Latin-1 the parser's text still has every byte; other charsets give text that cannot be written as UTF-8.
    plain = Headers({"content-type": f'multipart/form-data; charset=latin-1; boundary="{boundary}"'})
    most = 1 + len(texts)
    parser = _InMemory(plain, stream(), max_files=most, max_fields=MOST_FIELDS, max_part_size=FIELD_BYTES)
    try:
        parsed = await parser.parse()
    except (MultiPartException, FormParserError, KeyError, LookupError, UnicodeError, ValueError) as error:
        said = f": {error.message}" if isinstance(error, MultiPartException) else ""
        raise Refusal("invalid-request", f"the form is damaged{said}") from error
    file, fields = None, {}
    try:
        for name, value in parsed.multi_items():
            if name in fields or (name == file_field and file is not None):
                raise Refusal("invalid-request", f"the field {name[:80]!r} is given twice")
            content = await value.read() if isinstance(value, UploadFile) else value.encode("latin-1")
            if name == file_field:
                file = content
                continue
            if isinstance(value, UploadFile) and name not in texts:
                raise Refusal("invalid-request", f"the field {name[:80]!r} takes no file; {file_field!r} does")
            if len(content) > FIELD_BYTES:
                raise Refusal("too-large", f"the field {name[:80]!r} has more than {FIELD_BYTES:,} bytes")
            fields[name] = _utf8(content, name)
    finally:
        await parsed.close()
    return Form(file, fields)
