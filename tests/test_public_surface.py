"""The names that users may rely on: what is exported is what is listed, documented and cheap."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module
from types import ModuleType

import pytest

import harnesses
import smithers
from smithers import patterns
from smithers.hub import Hub

PACKAGES = ["harnesses", "smithers", "smithers.store", "smithers.tree"]
MODULES = [
    *PACKAGES,
    "harnesses.models",
    "harnesses.process",
    "smithers.agent",
    "smithers.amounts",
    "smithers.changes",
    "smithers.context",
    "smithers.errors",
    "smithers.patterns",
    "smithers.state",
    "smithers.testing",
    "smithers.workflows",
]
HEAVY = ("aiosqlite", "asyncio", "pexpect", "psutil", "pydantic", "rich", "sqlite3", "typer")


def order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, as ruff sorts them."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def listed(module: ModuleType) -> list[str]:
    names: list[str] = module.__all__
    return names


@pytest.mark.parametrize("name", MODULES)
def test_what_is_listed_is_sorted_and_can_be_imported(name: str) -> None:
    module = import_module(name)
    names = listed(module)
    assert names == sorted(set(names), key=order)
    assert [one for one in names if not hasattr(module, one)] == []


@pytest.mark.parametrize("module", [smithers, harnesses, patterns], ids=lambda one: one.__name__)
def test_a_lazy_package_lists_what_it_knows_the_home_of(module: ModuleType) -> None:
    homes: dict[str, str] = vars(module)["_HOMES"]
    own = {"__version__"} if module is smithers else set[str]()
    assert set(listed(module)) == set(homes) | own
    assert set(listed(module)) <= set(dir(module))
    for name, home in homes.items():
        assert getattr(module, name) is getattr(import_module(home), name)
        assert name in listed(import_module(home))


def test_an_unknown_name_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="Workflo"):
        getattr(smithers, "Workflo")  # noqa: B009  # the checkers flag it written plainly


def test_an_agent_that_is_looked_for_in_smithers_is_found_by_the_error() -> None:
    with pytest.raises(ImportError, match="from 'smithers': write from harnesses import Echo"):
        getattr(smithers, "Echo")  # noqa: B009  # the checkers flag it written plainly


@pytest.mark.parametrize("name", ["harnesses", "smithers", "smithers.patterns", "smithers.tree"])
def test_every_public_class_and_function_has_a_docstring(name: str) -> None:
    module = import_module(name)
    bare = [
        one
        for one in listed(module)
        if (inspect.isclass(found := getattr(module, one)) or inspect.isfunction(found))
        and not _own_docstring(found)
    ]
    assert bare == []


def _own_docstring(found: object) -> bool:
    said = inspect.getdoc(found) if not inspect.isclass(found) else found.__dict__.get("__doc__")
    generated = inspect.isclass(found) and str(said).startswith(f"{found.__name__}(")
    return bool(said) and not generated


@pytest.mark.parametrize("name", ["smithers", "harnesses"])
def test_importing_it_imports_nothing_heavy(name: str) -> None:
    code = f"import sys, {name}; print([one for one in {HEAVY!r} if one in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert smithers.__version__ == version("smithers-orchestrator")


def test_the_hub_returns_typed_values() -> None:
    """Descriptions of workflows alone are JSON, as their schemas are."""
    returned = {
        name: str(inspect.signature(method).return_annotation)
        for name, method in inspect.getmembers(Hub, inspect.isfunction)
        if not name.startswith("_")
    }
    untyped = [name for name, type in returned.items() if "dict" in type or "Json" in type]
    assert untyped == ["workflows"]
