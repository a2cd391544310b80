"""Each claim keeps what its owner had loaded, in each store."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from smithers.allowed import AllowRuns
from smithers.errors import Fenced
from smithers.sources import MOST_BYTES, Code, SourceFile, Sources, digest_of_files, read_sources
from smithers.store import Claim, Store
from smithers.store.sqlite import SqliteStore
from tests.store.samples import begin, first_frame, frame, live_owner, new_run, whole_run
from tests.store.test_forking import FORKED, fork_of

pytestmark = pytest.mark.anyio


def code(text: str, about: str = '{"smithers": "1"}') -> Code:
    digest = hashlib.sha256(text.encode()).hexdigest()
    files = (
        SourceFile(path="flow.py", digest=digest, text=text),
        SourceFile(path="lib/large.py", digest="00", text=None),
    )
    return Code(sources=Sources(digest=digest_of_files(files), files=files), about=about)


async def created(store: Store, given: Code | None, run_id: str = "r1") -> Claim:
    source = "s" if given is None else given.sources.digest
    run = replace(new_run(run_id), source=source)
    return await store.create(run, live_owner(), first_frame(), (), given)


async def test_a_claim_keeps_the_files_and_what_they_run_with(store: Store) -> None:
    first, second = code("a = 1\n"), code("a = 2\n", about='{"python": "3.11"}')
    claim = await created(store, first)
    await store.release(claim)
    digest = second.sources.digest
    await store.claim("r1", live_owner("second"), source=digest, code=second)
    claims = await store.claims("r1")
    assert [one.fence for one in claims] == [1, 2]
    assert [one.source for one in claims] == [first.sources.digest, digest]
    assert [one.about for one in claims] == [first.about, second.about]
    assert tuple(await store.files(digest)) == second.sources.files
    assert tuple(await store.files(first.sources.digest)) == first.sources.files


async def test_an_owner_goes_on_with_other_code_under_another_fence(store: Store) -> None:
    first, second = code("a = 1\n"), code("a = 2\n")
    claim = await created(store, first)
    digest, allowed = second.sources.digest, AllowRuns(2, depth=3)
    again = await store.reclaim(claim, source=digest, allow_runs=allowed, code=second)
    assert again == replace(claim, fence=2)
    assert [one.source for one in await store.claims("r1")] == [first.sources.digest, digest]
    assert tuple(await store.files(digest)) == second.sources.files
    run = await store.run("r1")
    assert (run.source, run.owner, run.allow_runs) == (digest, claim.owner, allowed)
    with pytest.raises(Fenced):
        await store.commit(claim, whole_run()[1])
    with pytest.raises(Fenced):
        await store.reclaim(claim, source="s", allow_runs=allowed)
    await store.commit(again, whole_run()[1])


async def test_an_owner_that_has_loaded_nothing_is_a_claim_as_well(store: Store) -> None:
    claim = await begin(store)
    await store.release(claim)
    await store.claim("r1", live_owner("second"), source="s")
    assert [(one.fence, one.about) for one in await store.claims("r1")] == [(1, "{}"), (2, "{}")]
    assert await store.files("s") in ((), [])


async def test_a_claim_that_fails_keeps_nothing(store: Store) -> None:
    await created(store, None)
    other = code("b = 1\n")
    with pytest.raises(Exception, match="r1"):
        await store.claim("r1", live_owner("second"), source=other.sources.digest, code=other)
    assert [one.fence for one in await store.claims("r1")] == [1]
    assert not await store.files(other.sources.digest)


async def test_a_fork_has_the_claims_of_its_source_until_its_frame(store: Store) -> None:
    first, second = code("a = 1\n"), code("a = 2\n")
    claim = await created(store, first)
    for each in whole_run()[1:3]:
        await store.commit(claim, each)
    await store.release(claim)
    digest = second.sources.digest
    again = await store.claim("r1", live_owner("second"), source=digest, code=second)
    await store.commit(again.claim, whole_run()[3])
    await store.release(again.claim)
    for at, fences in ((2, [1]), (3, [1, 2])):
        await store.fork(fork_of(f"f{at}", at), frame(at + 1, FORKED))
        assert [one.fence for one in await store.claims(f"f{at}")] == fences
    with pytest.raises(Fenced):
        await store.commit(claim, frame(4))


async def test_the_files_of_a_source_are_stored_once(tmp_path: Path) -> None:
    given = code("a = 1\n")
    async with await SqliteStore.open(tmp_path / "runs.db") as store:
        for run_id in ("r1", "r2", "r3"):
            await created(store, given, run_id)
    with closing(sqlite3.connect(tmp_path / "runs.db")) as db:
        assert db.execute("SELECT count(*) FROM sources").fetchone() == (2,)
        assert db.execute("SELECT count(*) FROM claims").fetchone() == (3,)


def test_of_a_file_that_is_large_or_not_utf_8_the_digest_is_kept(tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_bytes(b"x = 1\r\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "large.py").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "lib" / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\n# \xe9\n")
    found = read_sources(tmp_path.rglob("*.py"), tmp_path)
    assert {one.path: one.text for one in found.files} == {
        "flow.py": "x = 1\r\n",
        "lib/large.py": None,
        "lib/latin.py": None,
    }
    assert found.digest == digest_of_files(found.files)
    for one in found.files:
        assert one.digest == hashlib.sha256((tmp_path / one.path).read_bytes()).hexdigest()
    (tmp_path / "lib" / "latin.py").write_bytes(b"# -*- coding: latin-1 -*-\n# \xe8\n")
    assert read_sources(tmp_path.rglob("*.py"), tmp_path).digest != found.digest
