"""The scripts that others have written are those of their packages, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

import smithers.web

_FOLDER = Path(smithers.web.__file__).parent / "assets" / "vendor"
_PACKAGES: dict[str, dict[str, Any]] = json.loads((_FOLDER / "packages.json").read_text())


def test_each_file_has_the_digest_of_its_package_and_a_licence() -> None:
    recorded = {name: file for one in _PACKAGES.values() for name, file in one["files"].items()}
    assert {one.name for one in _FOLDER.iterdir()} == {*recorded, "packages.json"}
    for name, file in recorded.items():
        assert hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() == file["sha256"], name
    for one in _PACKAGES.values():
        assert any(name.endswith("-LICENSE.txt") for name in one["files"])


@pytest.mark.browser
@pytest.mark.parametrize("package", _PACKAGES)
def test_each_file_is_that_of_the_published_package(package: str, tmp_path: Path) -> None:
    found = _PACKAGES[package]
    pack = ["npm", "pack", "--silent", f"{package}@{found['version']}"]
    name = subprocess.check_output(pack, cwd=tmp_path, text=True, timeout=100).strip()
    packed = (tmp_path / name).read_bytes()
    digest = base64.b64encode(hashlib.sha512(packed).digest()).decode()
    assert found["integrity"] == f"sha512-{digest}"
    with tarfile.open(tmp_path / name) as archive:
        for ours, file in found["files"].items():
            theirs = archive.extractfile(f"package/{file['from']}")
            assert theirs is not None
            assert theirs.read() == (_FOLDER / ours).read_bytes(), ours
