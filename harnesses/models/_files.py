"""Images, PDFs and texts that a model is shown, whole and kept with the session."""

from __future__ import annotations

import base64
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from smithers.errors import Permanent

__all__ = ["File", "shown"]

_LIMIT_BYTES = 20_000_000
_IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")


@dataclass(frozen=True, kw_only=True)
class File:
    """A file as a vendor takes it; `data` is base64."""

    name: str
    media: str
    data: str

    @property
    def is_image(self) -> bool:
        return self.media in _IMAGES

    @property
    def url(self) -> str:
        return f"data:{self.media};base64,{self.data}"

    @property
    def as_text(self) -> str | None:
        """The file in words, between its name; None for an image and a PDF."""
        if not self.media.startswith("text/"):
            return None
        text = base64.b64decode(self.data).decode("utf-8", "replace")
        return f'<file name="{self.name}">\n{text}\n</file>'

    @staticmethod
    def of(kept: Mapping[str, str]) -> File:
        return File(name=kept["name"], media=kept["media"], data=kept["data"])


def shown(path: Path) -> File:
    """The file at `path`. Raises `Permanent` where it is none that a model can be shown."""
    try:
        if path.stat().st_size > _LIMIT_BYTES:
            raise Permanent(f"{path} is larger than {_LIMIT_BYTES // 1_000_000} MB")
        data = path.read_bytes()
    except OSError as error:
        raise Permanent(f"the file {path} cannot be read: {error.strerror}") from error
    return file_of(path.name, data)


def file_of(name: str, data: bytes) -> File:
    """Bytes as a file. Raises `Permanent` where they are neither image, nor PDF, nor text."""
    media = mimetypes.guess_type(name)[0] or ""
    if media not in (*_IMAGES, "application/pdf"):
        media = "text/plain"
        try:
            data.decode()
        except UnicodeDecodeError as error:
            said = f"{name} must be a PNG, JPEG, GIF, WebP or PDF file or UTF-8 text"
            raise Permanent(said) from error
    return File(name=name, media=media, data=base64.b64encode(data).decode())
