"""Requests' bodies: read with limits, and never written to the disk."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from typing import NamedTuple

from python_multipart.exceptions import FormParserError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from f2p_deploy.service.refusals import Refusal

#: Most bytes of the other fields of a form, with the form's own lines.
FIELD_BYTES = 2**20

#: Most fields of a form.
MOST_FIELDS = 16


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


class _InMemory(MultiPartParser):
    """Starlette's parser, which would write a file of more than 1 MB to the disk."""

    spool_max_size = 2**40


async def parse_form(body: bytes, headers: Headers, file_field: str) -> Form:
    """Parse a `multipart/form-data` body.

    Args:
        body: the whole body.
        headers: of the request.
        file_field: the name of the field with the file.

    Raises:
        Refusal: `media-type`, or `invalid-request` for a damaged form, a field that is given twice, or a file where
            none belongs.
    """
    kind = headers.get("content-type", "")
    if kind.split(";")[0].strip().lower() != "multipart/form-data":
        raise Refusal("media-type", "send a form: Content-Type must be multipart/form-data")

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body
        yield b""

    parser = _InMemory(headers, stream(), max_files=1, max_fields=MOST_FIELDS, max_part_size=FIELD_BYTES)
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
            if isinstance(value, UploadFile):
                if name != file_field:
                    raise Refusal("invalid-request", f"the field {name[:80]!r} takes no file; {file_field!r} does")
                file = await value.read()
            elif name == file_field:
                file = value.encode("utf-8", "surrogateescape")
            else:
                fields[name] = value
    finally:
        await parsed.close()
    return Form(file, fields)
