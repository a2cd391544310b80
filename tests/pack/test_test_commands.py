"""The command that tests a project is found in its files."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.places import HARNESSES


@pytest.fixture(scope="module")
def find() -> Callable[[Path], str | None]:
    path = HARNESSES / "pack" / "workflows" / "_project.py"
    spec = importlib.util.spec_from_file_location("project_of_the_pack", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[Path], str | None] = module.test_command
    return found


PACKAGE = '{"scripts": {"test": "vitest"}}'
NOTHING = '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"Makefile": "build:\n\ntest: build\n\tpytest\n"}, "make test"),
        ({"Makefile": "tests: x\ntest := 1\n"}, None),
        ({"justfile": "build:\n  x\n\ntest *args:\n  y\n"}, "just test"),
        ({"package.json": PACKAGE}, "npm test"),
        ({"package.json": PACKAGE, "pnpm-lock.yaml": ""}, "pnpm test"),
        ({"package.json": PACKAGE, "yarn.lock": ""}, "yarn test"),
        ({"package.json": NOTHING, "Cargo.toml": ""}, "cargo test"),
        ({"package.json": "[1"}, None),
        ({"package.json": "[1]"}, None),
        ({"tox.ini": "[tox]\n", "pyproject.toml": "[tool.pytest]\n"}, "tox"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n"}, "pytest"),
        ({"pyproject.toml": "[tool.pytest.ini_options]\n", "uv.lock": ""}, "uv run pytest"),
        ({"tests/unit/test_a.py": ""}, "pytest"),
        ({"pyproject.toml": "[project]\n"}, None),
        ({"go.mod": "module x\n"}, "go test ./..."),
        ({"gradlew": ""}, "./gradlew test"),
        ({"pom.xml": ""}, "mvn test"),
        ({"README.md": "pytest"}, None),
        ({}, None),
    ],
)
def test_a_command(
    tmp_path: Path, find: Callable[[Path], str | None], files: dict[str, str], command: str | None
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert find(tmp_path) == command
