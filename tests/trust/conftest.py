"""The nursery, and how a failure is repeated: `make trust` is at length, others do a slice."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.trust.amounts import SEED
from tests.trust.children import Nursery
from tests.trust.faults import build_shim


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(scope="session")
def disk_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """Commands whose disk can be made to fail (see `faults.c`)."""
    with Nursery(build_shim(tmp_path_factory.mktemp("shim"))) as made:
        yield made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failure tells how it is repeated."""
    report = yield
    if report.failed:
        again = f'TRUST_SEED={SEED} python -m pytest -m "" "{item.nodeid}"'
        report.sections.append(("To repeat it", again))
    return report
