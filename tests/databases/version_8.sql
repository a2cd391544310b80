PRAGMA application_id = 1399682152;
PRAGMA user_version = 8;
BEGIN TRANSACTION;
CREATE TABLE attempts (
  run_id     TEXT NOT NULL,
  serial     INTEGER NOT NULL,
  task       TEXT NOT NULL,
  path       TEXT NOT NULL,
  attempt    INTEGER NOT NULL,
  born       INTEGER NOT NULL,
  agent      TEXT NOT NULL,
  prompt     TEXT,
  session    TEXT,                       -- the session it goes on in; its own are in `sessions`
  started_at TEXT NOT NULL,
  ended      INTEGER,
  state      TEXT,                       -- succeeded, failed, interrupted, deferred, cancelled
  error      TEXT,
  ended_at   TEXT, skipped TEXT, origin TEXT, fingerprint TEXT, turn TEXT,
  PRIMARY KEY (run_id, serial)
) WITHOUT ROWID;
INSERT INTO "attempts" VALUES('crashed',1,'note','',1,0,'python',NULL,NULL,'2026-11-29T12:54:33.290671Z',1,'succeeded',NULL,'2026-11-29T12:54:33.303379Z',NULL,NULL,'{"code":"defca8a97598","schema":"3927ac8e1965"}',NULL);
INSERT INTO "attempts" VALUES('crashed',2,'echo','',1,1,'echo','Say it back.',NULL,'2026-11-29T12:54:33.303790Z',4,'succeeded',NULL,'2026-11-29T12:54:33.307627Z',NULL,NULL,'{"prompt":"4c72936b2147","agent":"092c79e8f80e"}',NULL);
INSERT INTO "attempts" VALUES('crashed',3,'draft','0',1,1,'python',NULL,NULL,'2026-11-29T12:54:33.303790Z',3,'succeeded',NULL,'2026-11-29T12:54:33.306377Z',NULL,NULL,'{"code":"02d19236a882"}',NULL);
INSERT INTO "attempts" VALUES('crashed',4,'arm','',1,4,'python',NULL,NULL,'2026-11-29T12:54:33.307627Z',5,'succeeded',NULL,'2026-11-29T12:54:33.308976Z',NULL,NULL,'{"code":"652c9a000697"}',NULL);
INSERT INTO "attempts" VALUES('crashed',5,'last','',1,5,'python',NULL,NULL,'2026-11-29T12:54:33.308976Z',NULL,NULL,NULL,NULL,NULL,NULL,'{"code":"03812edfba2b"}',NULL);
INSERT INTO "attempts" VALUES('failed',1,'note','',1,0,'python',NULL,NULL,'2026-11-29T12:54:31.895496Z',1,'succeeded',NULL,'2026-11-29T12:54:31.909620Z',NULL,NULL,'{"code":"defca8a97598","schema":"3927ac8e1965"}',NULL);
INSERT INTO "attempts" VALUES('failed',2,'echo','',1,1,'echo','Say it back.',NULL,'2026-11-29T12:54:31.910122Z',4,'succeeded',NULL,'2026-11-29T12:54:31.915350Z',NULL,NULL,'{"prompt":"4c72936b2147","agent":"092c79e8f80e"}',NULL);
INSERT INTO "attempts" VALUES('failed',3,'draft','0',1,1,'python',NULL,NULL,'2026-11-29T12:54:31.910122Z',3,'succeeded',NULL,'2026-11-29T12:54:31.913508Z',NULL,NULL,'{"code":"02d19236a882"}',NULL);
INSERT INTO "attempts" VALUES('failed',4,'arm','',1,4,'python',NULL,NULL,'2026-11-29T12:54:31.915350Z',5,'succeeded',NULL,'2026-11-29T12:54:31.917229Z',NULL,NULL,'{"code":"652c9a000697"}',NULL);
INSERT INTO "attempts" VALUES('failed',5,'last','',1,5,'python',NULL,NULL,'2026-11-29T12:54:31.917229Z',6,'failed','{"kind": "ValueError", "message": "ValueError: there is no file go", "hint": "for the traceback and the output, type `smithers logs failed last`", "place": "/project/flow.py:72:13", "then": null}','2026-11-29T12:54:31.919946Z',NULL,NULL,'{"code":"7f2b0aed16f5"}',NULL);
INSERT INTO "attempts" VALUES('finished',1,'note','',1,0,'python',NULL,NULL,'2026-11-29T12:54:32.576502Z',1,'succeeded',NULL,'2026-11-29T12:54:32.589126Z',NULL,NULL,'{"code":"defca8a97598","schema":"3927ac8e1965"}',NULL);
INSERT INTO "attempts" VALUES('finished',2,'echo','',1,1,'echo','Say it back.',NULL,'2026-11-29T12:54:32.589619Z',4,'succeeded',NULL,'2026-11-29T12:54:32.593968Z',NULL,NULL,'{"prompt":"4c72936b2147","agent":"092c79e8f80e"}',NULL);
INSERT INTO "attempts" VALUES('finished',3,'draft','0',1,1,'python',NULL,NULL,'2026-11-29T12:54:32.589619Z',3,'succeeded',NULL,'2026-11-29T12:54:32.592453Z',NULL,NULL,'{"code":"02d19236a882"}',NULL);
INSERT INTO "attempts" VALUES('finished',4,'arm','',1,4,'python',NULL,NULL,'2026-11-29T12:54:32.593968Z',5,'succeeded',NULL,'2026-11-29T12:54:32.595849Z',NULL,NULL,'{"code":"652c9a000697"}',NULL);
INSERT INTO "attempts" VALUES('finished',5,'item good','',1,5,'python',NULL,NULL,'2026-11-29T12:54:32.595849Z',6,'succeeded',NULL,'2026-11-29T12:54:32.599181Z',NULL,NULL,'{"code":"6d42e2a550aa","values":"38ffc0ffff21"}',NULL);
INSERT INTO "attempts" VALUES('finished',6,'item bad','',1,5,'python',NULL,NULL,'2026-11-29T12:54:32.595849Z',6,'failed','{"kind": "ValueError", "message": "ValueError: bad is bad", "hint": "for the traceback and the output, type `smithers logs finished ''item bad''`", "place": "/project/flow.py:84:17", "then": null}','2026-11-29T12:54:32.599181Z',NULL,NULL,'{"code":"6d42e2a550aa","values":"81d331b7c772"}',NULL);
INSERT INTO "attempts" VALUES('finished',7,'last','',1,6,'python',NULL,NULL,'2026-11-29T12:54:32.599181Z',7,'succeeded',NULL,'2026-11-29T12:54:32.601192Z',NULL,NULL,'{"code":"205c7a6965cb"}',NULL);
INSERT INTO "attempts" VALUES('waiting',1,'note','',1,0,'python',NULL,NULL,'2026-11-29T12:54:31.236174Z',1,'succeeded',NULL,'2026-11-29T12:54:31.272137Z',NULL,NULL,'{"code":"defca8a97598","schema":"3927ac8e1965"}',NULL);
INSERT INTO "attempts" VALUES('waiting',2,'echo','',1,1,'echo','Say it back.',NULL,'2026-11-29T12:54:31.272579Z',4,'succeeded',NULL,'2026-11-29T12:54:31.276879Z',NULL,NULL,'{"prompt":"4c72936b2147","agent":"092c79e8f80e"}',NULL);
INSERT INTO "attempts" VALUES('waiting',3,'draft','0',1,1,'python',NULL,NULL,'2026-11-29T12:54:31.272579Z',3,'succeeded',NULL,'2026-11-29T12:54:31.275417Z',NULL,NULL,'{"code":"02d19236a882"}',NULL);
INSERT INTO "attempts" VALUES('waiting',4,'arm','',1,4,'python',NULL,NULL,'2026-11-29T12:54:31.276879Z',5,'succeeded',NULL,'2026-11-29T12:54:31.278374Z',NULL,NULL,'{"code":"652c9a000697"}',NULL);
CREATE TABLE budgets (
  run_id  TEXT NOT NULL,
  node    TEXT NOT NULL,                 -- '' for the run as a whole
  path    TEXT NOT NULL,
  born    INTEGER NOT NULL,
  n       INTEGER NOT NULL,              -- its number within the frame, from 0
  kind    TEXT NOT NULL,                 -- set: by its author, null to take it away; raised
  amounts TEXT NOT NULL,                 -- JSON, per measure, and by whom
  PRIMARY KEY (run_id, node, path, born, n)
) WITHOUT ROWID;
CREATE TABLE cache (
  key        TEXT PRIMARY KEY,
  task       TEXT NOT NULL,
  model      TEXT,                       -- the name of the output's model, if it has one
  json       TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  created_at TEXT NOT NULL,
  bytes      INTEGER NOT NULL            -- of `json` in UTF-8
) WITHOUT ROWID;
CREATE TABLE choices (
  run_id   TEXT NOT NULL,
  node     TEXT NOT NULL,
  path     TEXT NOT NULL,
  kind     TEXT NOT NULL,                -- test, items, until, exhausted, skip_if, same, result, caught, began, undoing, ending
  born     INTEGER NOT NULL,
  value    TEXT NOT NULL,                -- JSON
  children TEXT NOT NULL, gone INTEGER,
  PRIMARY KEY (run_id, node, path, kind, born)
) WITHOUT ROWID;
INSERT INTO "choices" VALUES('crashed','branch','','test',4,'true','',NULL);
INSERT INTO "choices" VALUES('crashed','loop','0','until',3,'true','',NULL);
INSERT INTO "choices" VALUES('failed','branch','','test',4,'true','',NULL);
INSERT INTO "choices" VALUES('failed','loop','0','until',3,'true','',NULL);
INSERT INTO "choices" VALUES('finished','branch','','test',4,'true','',NULL);
INSERT INTO "choices" VALUES('finished','each','','items',5,'{"keys": ["good", "bad"], "digests": ["d3acc91467a03907", "cbfeda2b1f044ccc"], "source": "44e09a9586afb9cc"}','',NULL);
INSERT INTO "choices" VALUES('finished','loop','0','until',3,'true','',NULL);
INSERT INTO "choices" VALUES('finished','skipped','','skip_if',6,'true','',NULL);
INSERT INTO "choices" VALUES('waiting','branch','','test',4,'true','',NULL);
INSERT INTO "choices" VALUES('waiting','loop','0','until',3,'true','',NULL);
CREATE TABLE claims (
  run_id TEXT NOT NULL,
  fence  INTEGER NOT NULL,
  source TEXT NOT NULL,
  at     TEXT NOT NULL,
  about  TEXT NOT NULL,
  PRIMARY KEY (run_id, fence)
) WITHOUT ROWID;
INSERT INTO "claims" VALUES('crashed',1,'44e09a9586afb9cc','2026-11-29T12:54:33.283649Z','{"smithers": "0.1.0", "python": "3.11.7", "programs": {}}');
INSERT INTO "claims" VALUES('failed',1,'44e09a9586afb9cc','2026-11-29T12:54:31.887020Z','{"smithers": "0.1.0", "python": "3.11.7", "programs": {}}');
INSERT INTO "claims" VALUES('finished',1,'44e09a9586afb9cc','2026-11-29T12:54:32.569580Z','{"smithers": "0.1.0", "python": "3.11.7", "programs": {}}');
INSERT INTO "claims" VALUES('waiting',1,'44e09a9586afb9cc','2026-11-29T12:54:31.232472Z','{"smithers": "0.1.0", "python": "3.11.7", "programs": {}}');
CREATE TABLE cooldowns (
  key     TEXT PRIMARY KEY,
  agent   TEXT NOT NULL,                 -- the name of the agent that ran into it
  until   TEXT NOT NULL,
  told    INTEGER NOT NULL,              -- 1: the provider told the time; 0: our backoff
  refused INTEGER NOT NULL,              -- so often in a row, by which the backoff grows
  reason  TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  at      TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE ends (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  state  TEXT NOT NULL,                  -- finished, failed, skipped, cancelled
  gone   INTEGER,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;
INSERT INTO "ends" VALUES('crashed','branch','',5,'finished',NULL);
INSERT INTO "ends" VALUES('crashed','loop','',3,'finished',NULL);
INSERT INTO "ends" VALUES('crashed','loop','0',3,'finished',NULL);
INSERT INTO "ends" VALUES('crashed','sequence/parallel1','',4,'finished',NULL);
INSERT INTO "ends" VALUES('failed','branch','',5,'finished',NULL);
INSERT INTO "ends" VALUES('failed','loop','',3,'finished',NULL);
INSERT INTO "ends" VALUES('failed','loop','0',3,'finished',NULL);
INSERT INTO "ends" VALUES('failed','sequence','',6,'failed',NULL);
INSERT INTO "ends" VALUES('failed','sequence/parallel1','',4,'finished',NULL);
INSERT INTO "ends" VALUES('finished','branch','',5,'finished',NULL);
INSERT INTO "ends" VALUES('finished','each','',6,'finished',NULL);
INSERT INTO "ends" VALUES('finished','loop','',3,'finished',NULL);
INSERT INTO "ends" VALUES('finished','loop','0',3,'finished',NULL);
INSERT INTO "ends" VALUES('finished','sequence','',7,'finished',NULL);
INSERT INTO "ends" VALUES('finished','sequence/parallel1','',4,'finished',NULL);
INSERT INTO "ends" VALUES('waiting','branch','',5,'finished',NULL);
INSERT INTO "ends" VALUES('waiting','loop','',3,'finished',NULL);
INSERT INTO "ends" VALUES('waiting','loop','0',3,'finished',NULL);
INSERT INTO "ends" VALUES('waiting','sequence/parallel1','',4,'finished',NULL);
CREATE TABLE frames (
  run_id TEXT NOT NULL,
  frame  INTEGER NOT NULL,
  at     TEXT NOT NULL,
  fence  INTEGER NOT NULL,
  inbox  INTEGER NOT NULL,
  PRIMARY KEY (run_id, frame)
) WITHOUT ROWID;
INSERT INTO "frames" VALUES('crashed',0,'2026-11-29T12:54:33.290671Z',1,0);
INSERT INTO "frames" VALUES('crashed',1,'2026-11-29T12:54:33.303790Z',1,0);
INSERT INTO "frames" VALUES('crashed',2,'2026-11-29T12:54:33.305731Z',1,0);
INSERT INTO "frames" VALUES('crashed',3,'2026-11-29T12:54:33.306377Z',1,0);
INSERT INTO "frames" VALUES('crashed',4,'2026-11-29T12:54:33.307627Z',1,0);
INSERT INTO "frames" VALUES('crashed',5,'2026-11-29T12:54:33.308976Z',1,0);
INSERT INTO "frames" VALUES('failed',0,'2026-11-29T12:54:31.895496Z',1,0);
INSERT INTO "frames" VALUES('failed',1,'2026-11-29T12:54:31.910122Z',1,0);
INSERT INTO "frames" VALUES('failed',2,'2026-11-29T12:54:31.912508Z',1,0);
INSERT INTO "frames" VALUES('failed',3,'2026-11-29T12:54:31.913508Z',1,0);
INSERT INTO "frames" VALUES('failed',4,'2026-11-29T12:54:31.915350Z',1,0);
INSERT INTO "frames" VALUES('failed',5,'2026-11-29T12:54:31.917229Z',1,0);
INSERT INTO "frames" VALUES('failed',6,'2026-11-29T12:54:31.919946Z',1,0);
INSERT INTO "frames" VALUES('finished',0,'2026-11-29T12:54:32.576502Z',1,0);
INSERT INTO "frames" VALUES('finished',1,'2026-11-29T12:54:32.589619Z',1,0);
INSERT INTO "frames" VALUES('finished',2,'2026-11-29T12:54:32.591628Z',1,0);
INSERT INTO "frames" VALUES('finished',3,'2026-11-29T12:54:32.592453Z',1,0);
INSERT INTO "frames" VALUES('finished',4,'2026-11-29T12:54:32.593968Z',1,0);
INSERT INTO "frames" VALUES('finished',5,'2026-11-29T12:54:32.595849Z',1,0);
INSERT INTO "frames" VALUES('finished',6,'2026-11-29T12:54:32.599181Z',1,0);
INSERT INTO "frames" VALUES('finished',7,'2026-11-29T12:54:32.601192Z',1,0);
INSERT INTO "frames" VALUES('waiting',0,'2026-11-29T12:54:31.236174Z',1,0);
INSERT INTO "frames" VALUES('waiting',1,'2026-11-29T12:54:31.272579Z',1,0);
INSERT INTO "frames" VALUES('waiting',2,'2026-11-29T12:54:31.274573Z',1,0);
INSERT INTO "frames" VALUES('waiting',3,'2026-11-29T12:54:31.275417Z',1,0);
INSERT INTO "frames" VALUES('waiting',4,'2026-11-29T12:54:31.276879Z',1,0);
INSERT INTO "frames" VALUES('waiting',5,'2026-11-29T12:54:31.278374Z',1,0);
CREATE TABLE handled (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;
INSERT INTO "handled" VALUES('finished','item bad','',6);
CREATE TABLE identity (
  id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO "identity" VALUES('8a7e31f1a54069c7c90c840acd1ebf32');
CREATE TABLE inbox (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  kind   TEXT NOT NULL,                  -- answer, cancel
  node   TEXT,
  path   TEXT,
  opened INTEGER,                        -- the birth of the wait that it answers
  body   TEXT NOT NULL,                  -- JSON
  at     TEXT NOT NULL
, signal TEXT);
CREATE TABLE large_outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  bytes  INTEGER NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;
CREATE TABLE messages (
  run_id  TEXT NOT NULL,
  id      INTEGER NOT NULL,
  task    TEXT NOT NULL,
  path    TEXT NOT NULL,
  born    INTEGER NOT NULL,
  text    TEXT NOT NULL,
  said_by TEXT NOT NULL,
  said_at TEXT NOT NULL,
  ended   INTEGER,
  serial  INTEGER,
  PRIMARY KEY (run_id, id)
) WITHOUT ROWID;
CREATE TABLE models (
  run_id TEXT NOT NULL,
  name   TEXT NOT NULL,
  schema TEXT NOT NULL,                  -- JSON Schema
  PRIMARY KEY (run_id, name, schema)
) WITHOUT ROWID;
INSERT INTO "models" VALUES('crashed','Note','{"properties": {"words": {"items": {"type": "string"}, "title": "Words", "type": "array"}}, "required": ["words"], "title": "Note", "type": "object"}');
INSERT INTO "models" VALUES('failed','Note','{"properties": {"words": {"items": {"type": "string"}, "title": "Words", "type": "array"}}, "required": ["words"], "title": "Note", "type": "object"}');
INSERT INTO "models" VALUES('finished','Note','{"properties": {"words": {"items": {"type": "string"}, "title": "Words", "type": "array"}}, "required": ["words"], "title": "Note", "type": "object"}');
INSERT INTO "models" VALUES('waiting','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "models" VALUES('waiting','Note','{"properties": {"words": {"items": {"type": "string"}, "title": "Words", "type": "array"}}, "required": ["words"], "title": "Note", "type": "object"}');
CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  model  TEXT,
  json   TEXT NOT NULL, type TEXT,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;
INSERT INTO "outputs" VALUES('crashed','arm','',5,NULL,'"arm"',NULL);
INSERT INTO "outputs" VALUES('crashed','draft','0',3,NULL,'"draft"',NULL);
INSERT INTO "outputs" VALUES('crashed','echo','',4,NULL,'"Say it back."',NULL);
INSERT INTO "outputs" VALUES('crashed','note','',1,'Note','{"words":["a","b"]}',NULL);
INSERT INTO "outputs" VALUES('failed','arm','',5,NULL,'"arm"',NULL);
INSERT INTO "outputs" VALUES('failed','draft','0',3,NULL,'"draft"',NULL);
INSERT INTO "outputs" VALUES('failed','echo','',4,NULL,'"Say it back."',NULL);
INSERT INTO "outputs" VALUES('failed','note','',1,'Note','{"words":["a","b"]}',NULL);
INSERT INTO "outputs" VALUES('finished','arm','',5,NULL,'"arm"',NULL);
INSERT INTO "outputs" VALUES('finished','draft','0',3,NULL,'"draft"',NULL);
INSERT INTO "outputs" VALUES('finished','echo','',4,NULL,'"Say it back."',NULL);
INSERT INTO "outputs" VALUES('finished','item good','',6,NULL,'"good"',NULL);
INSERT INTO "outputs" VALUES('finished','last','',7,NULL,'"done"',NULL);
INSERT INTO "outputs" VALUES('finished','note','',1,'Note','{"words":["a","b"]}',NULL);
INSERT INTO "outputs" VALUES('waiting','arm','',5,NULL,'"arm"',NULL);
INSERT INTO "outputs" VALUES('waiting','draft','0',3,NULL,'"draft"',NULL);
INSERT INTO "outputs" VALUES('waiting','echo','',4,NULL,'"Say it back."',NULL);
INSERT INTO "outputs" VALUES('waiting','note','',1,'Note','{"words":["a","b"]}',NULL);
CREATE TABLE owners (
  owner   TEXT PRIMARY KEY,
  host    TEXT NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  beat_ns INTEGER NOT NULL,              -- CLOCK_MONOTONIC, which counts on one host only
  beat_at TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "owners" VALUES('24152-c645dab8696f','493284b8-86c5-42d0-87f7-1680a33cd743/pid:[4026531836]',24152,'1979392',19794494245715,'2026-11-29T12:54:33.300556Z');
CREATE TABLE "processes" (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  owner   TEXT NOT NULL, cgroup TEXT,
  PRIMARY KEY (run_id, serial, pid, started)
) WITHOUT ROWID;
CREATE TABLE reads (
  run_id      TEXT NOT NULL,
  reader      TEXT NOT NULL,
  reader_path TEXT NOT NULL,
  born        INTEGER NOT NULL,
  source      TEXT NOT NULL,
  source_path TEXT NOT NULL,
  at          INTEGER NOT NULL,
  PRIMARY KEY (run_id, reader, reader_path, born, source, source_path, at)
) WITHOUT ROWID;
CREATE TABLE resets (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL, cause TEXT,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;
CREATE TABLE revivals (
  run_id  TEXT PRIMARY KEY,
  frame   INTEGER NOT NULL,              -- the last frame in which it got further
  starts  INTEGER NOT NULL,              -- so often it was started since
  at      TEXT NOT NULL,                 -- the last time
  gave_up TEXT,                          -- why it is not started again any more
  said    TEXT                           -- why the last start came to nothing
, spared INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE runs (
  run_id      TEXT PRIMARY KEY,
  workflow    TEXT NOT NULL,
  file        TEXT NOT NULL,
  folder      TEXT NOT NULL,
  interpreter TEXT NOT NULL,
  environment TEXT NOT NULL,             -- JSON list of variable names
  input       TEXT NOT NULL,             -- JSON
  source      TEXT NOT NULL,             -- digest of the author's code, as of the last claim
  created_at  TEXT NOT NULL,
  owner       TEXT,
  fence       INTEGER NOT NULL
, wake_at TEXT, called INTEGER, options TEXT NOT NULL DEFAULT '{}', parent TEXT, parent_task TEXT, parent_path TEXT, first_run TEXT, number INTEGER NOT NULL DEFAULT 1, parent_waits INTEGER NOT NULL DEFAULT 1, allow_runs INTEGER NOT NULL DEFAULT 0, allow_depth INTEGER NOT NULL DEFAULT 0, forked_from TEXT, forked_at INTEGER) WITHOUT ROWID;
INSERT INTO "runs" VALUES('crashed','crashed','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','44e09a9586afb9cc','2026-11-29T12:54:33.283649Z','24152-c645dab8696f',1,NULL,NULL,'{}',NULL,NULL,NULL,NULL,1,1,0,0,NULL,NULL);
INSERT INTO "runs" VALUES('failed','failed','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','44e09a9586afb9cc','2026-11-29T12:54:31.887020Z',NULL,1,NULL,NULL,'{}',NULL,NULL,NULL,NULL,1,1,0,0,NULL,NULL);
INSERT INTO "runs" VALUES('finished','finished','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','44e09a9586afb9cc','2026-11-29T12:54:32.569580Z',NULL,1,NULL,NULL,'{}',NULL,NULL,NULL,NULL,1,1,0,0,NULL,NULL);
INSERT INTO "runs" VALUES('waiting','waiting','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','44e09a9586afb9cc','2026-11-29T12:54:31.232472Z',NULL,1,NULL,NULL,'{}',NULL,NULL,NULL,NULL,1,1,0,0,NULL,NULL);
CREATE TABLE sessions (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  born    INTEGER NOT NULL,
  n       INTEGER NOT NULL,              -- its number within the frame, from 0
  session TEXT NOT NULL,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;
INSERT INTO "sessions" VALUES('crashed',2,2,0,'echo-1');
INSERT INTO "sessions" VALUES('failed',2,2,0,'echo-1');
INSERT INTO "sessions" VALUES('finished',2,2,0,'echo-1');
INSERT INTO "sessions" VALUES('waiting',2,2,0,'echo-1');
CREATE TABLE signals (
  run_id      TEXT NOT NULL,
  number      INTEGER NOT NULL,
  born        INTEGER NOT NULL,
  id          TEXT NOT NULL,
  event       TEXT NOT NULL,
  correlation TEXT,
  data        TEXT NOT NULL,             -- JSON
  sent_by     TEXT NOT NULL,
  sent_at     TEXT NOT NULL,
  ended       INTEGER,
  node        TEXT,
  path        TEXT,
  misfit      TEXT,
  PRIMARY KEY (run_id, number)
) WITHOUT ROWID;
CREATE TABLE sources (
  source TEXT NOT NULL,
  path   TEXT NOT NULL,
  digest TEXT NOT NULL,
  text   TEXT,
  PRIMARY KEY (source, path)
) WITHOUT ROWID;
INSERT INTO "sources" VALUES('44e09a9586afb9cc','flow.py','d8066ce4d419925cf62f3199d423bfd9b897fdd0d840b23411e97f821004db13','"""What the runs of the kept databases run, in words that each version knew.

A step that finds no file `go` in the run''s folder hangs (`crashed`) or fails (`failed`). So the
script that makes a database can leave the run there, and the test that resumes it can let it end.
"""

import time
from pathlib import Path

from pydantic import BaseModel

from harnesses import Echo
from smithers import (
    Approval,
    Branch,
    Context,
    ForEach,
    Loop,
    Node,
    NoInput,
    Parallel,
    Sequence,
    Step,
    Task,
    workflow,
)


class Note(BaseModel):
    words: list[str]


def _may_go() -> bool:
    return Path("go").exists()


def _start() -> list[Node]:
    """Steps before the point at which a run was left: a read, a loop, a branch, a fan-out."""
    note = Step("note", lambda: Note(words=["a", "b"]), output=Note)
    echo = Task("echo", agent=Echo(), prompt="Say it back.")
    draft = Step("draft", lambda: "draft")
    loop = Loop(draft, until=lambda: True, max_iterations=3, on_exhausted="finish", id="loop")
    arm = Step("arm", lambda: "arm")
    branch = Branch(lambda: True, arm, Step("other", lambda: "other"), id="branch")
    return [note, Parallel(echo, loop), branch]


@workflow
def waiting(ctx: Context[NoInput]) -> Node:
    start = _start()
    ship = Approval("ship", ask="Ship it?")
    last = Step("last", lambda: f"shipped: {ctx[ship].approved}")
    return Sequence(*start, ship, last, result=last)


@workflow
def crashed(ctx: Context[NoInput]) -> Node:
    def hang() -> str:
        Path("hanging").touch()
        while not _may_go():
            time.sleep(0.05)
        return "went on"

    last = Step("last", hang)
    return Sequence(*_start(), last, result=last)


@workflow
def failed(ctx: Context[NoInput]) -> Node:
    def fail() -> str:
        if not _may_go():
            raise ValueError("there is no file go")
        return "mended"

    last = Step("last", fail)
    return Sequence(*_start(), last, Step("after", lambda: "after"), result=last)


@workflow
def finished(ctx: Context[NoInput]) -> Node:
    def item(name: str) -> Node:
        def work() -> str:
            if name == "bad":
                raise ValueError("bad is bad")
            return name

        return Step(f"item {name}", work)

    each = ForEach(
        ["good", "bad"], key=lambda name: name, each=item, on_failure="continue", id="each"
    )
    skipped = Task("skipped", agent=Echo(), prompt="Nothing.", skip_if=lambda: True)
    last = Step("last", lambda: "done")
    return Sequence(*_start(), each, skipped, last, result=last)
');
CREATE TABLE statuses (
  run_id TEXT NOT NULL,
  born   INTEGER NOT NULL,
  status TEXT NOT NULL,
  error  TEXT,                           -- JSON {kind, message, hint, place, then}
  output TEXT, stopped_by TEXT, next_run TEXT,                           -- JSON
  PRIMARY KEY (run_id, born)
) WITHOUT ROWID;
INSERT INTO "statuses" VALUES('crashed',0,'running',NULL,NULL,NULL,NULL);
INSERT INTO "statuses" VALUES('failed',0,'running',NULL,NULL,NULL,NULL);
INSERT INTO "statuses" VALUES('failed',6,'failed','{"kind": "ValueError", "message": "last failed: ValueError: there is no file go", "hint": "for the traceback and the output, type `smithers logs failed last`", "place": "/project/flow.py:72:13", "then": null}',NULL,NULL,NULL);
INSERT INTO "statuses" VALUES('finished',0,'running',NULL,NULL,NULL,NULL);
INSERT INTO "statuses" VALUES('finished',7,'finished',NULL,'"done"',NULL,NULL);
INSERT INTO "statuses" VALUES('waiting',0,'running',NULL,NULL,NULL,NULL);
INSERT INTO "statuses" VALUES('waiting',5,'waiting',NULL,NULL,NULL,NULL);
CREATE TABLE supervisors (
  name  TEXT PRIMARY KEY,                -- always 'supervise'
  owner TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE tasks (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  up     INTEGER NOT NULL,               -- 1: it came up; 0: it was settled without
  ended  INTEGER,
  state  TEXT,                           -- finished, failed, skipped, cancelled
  error  TEXT, set_by TEXT,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;
INSERT INTO "tasks" VALUES('crashed','arm','',4,1,5,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('crashed','draft','0',1,1,3,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('crashed','echo','',1,1,4,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('crashed','last','',5,1,NULL,NULL,NULL,NULL);
INSERT INTO "tasks" VALUES('crashed','note','',0,1,1,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('crashed','other','',4,0,4,'skipped',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','after','',6,0,6,'cancelled',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','arm','',4,1,5,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','draft','0',1,1,3,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','echo','',1,1,4,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','last','',5,1,6,'failed','{"kind": "ValueError", "message": "ValueError: there is no file go", "hint": "for the traceback and the output, type `smithers logs failed last`", "place": "/project/flow.py:72:13", "then": null}',NULL);
INSERT INTO "tasks" VALUES('failed','note','',0,1,1,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('failed','other','',4,0,4,'skipped',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','arm','',4,1,5,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','draft','0',1,1,3,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','echo','',1,1,4,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','item bad','',5,1,6,'failed','{"kind": "ValueError", "message": "ValueError: bad is bad", "hint": "for the traceback and the output, type `smithers logs finished ''item bad''`", "place": "/project/flow.py:84:17", "then": null}',NULL);
INSERT INTO "tasks" VALUES('finished','item good','',5,1,6,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','last','',6,1,7,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','note','',0,1,1,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','other','',4,0,4,'skipped',NULL,NULL);
INSERT INTO "tasks" VALUES('finished','skipped','',6,1,6,'skipped',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','arm','',4,1,5,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','draft','0',1,1,3,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','echo','',1,1,4,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','note','',0,1,1,'finished',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','other','',4,0,4,'skipped',NULL,NULL);
INSERT INTO "tasks" VALUES('waiting','ship','',5,1,NULL,NULL,NULL,NULL);
CREATE TABLE tree (
  run_id TEXT NOT NULL,
  id     TEXT NOT NULL,
  born   INTEGER NOT NULL,
  kind   TEXT NOT NULL,
  parent TEXT,
  place  INTEGER NOT NULL,
  gone   INTEGER,
  PRIMARY KEY (run_id, id, born)
) WITHOUT ROWID;
INSERT INTO "tree" VALUES('crashed','arm',0,'step','branch',0,NULL);
INSERT INTO "tree" VALUES('crashed','branch',0,'branch','sequence',2,NULL);
INSERT INTO "tree" VALUES('crashed','draft',0,'step','loop',0,NULL);
INSERT INTO "tree" VALUES('crashed','echo',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "tree" VALUES('crashed','last',0,'step','sequence',3,NULL);
INSERT INTO "tree" VALUES('crashed','loop',0,'loop','sequence/parallel1',1,NULL);
INSERT INTO "tree" VALUES('crashed','note',0,'step','sequence',0,NULL);
INSERT INTO "tree" VALUES('crashed','other',0,'step','branch',1,NULL);
INSERT INTO "tree" VALUES('crashed','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "tree" VALUES('crashed','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "tree" VALUES('failed','after',0,'step','sequence',4,NULL);
INSERT INTO "tree" VALUES('failed','arm',0,'step','branch',0,NULL);
INSERT INTO "tree" VALUES('failed','branch',0,'branch','sequence',2,NULL);
INSERT INTO "tree" VALUES('failed','draft',0,'step','loop',0,NULL);
INSERT INTO "tree" VALUES('failed','echo',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "tree" VALUES('failed','last',0,'step','sequence',3,NULL);
INSERT INTO "tree" VALUES('failed','loop',0,'loop','sequence/parallel1',1,NULL);
INSERT INTO "tree" VALUES('failed','note',0,'step','sequence',0,NULL);
INSERT INTO "tree" VALUES('failed','other',0,'step','branch',1,NULL);
INSERT INTO "tree" VALUES('failed','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "tree" VALUES('failed','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "tree" VALUES('finished','arm',0,'step','branch',0,NULL);
INSERT INTO "tree" VALUES('finished','branch',0,'branch','sequence',2,NULL);
INSERT INTO "tree" VALUES('finished','draft',0,'step','loop',0,NULL);
INSERT INTO "tree" VALUES('finished','each',0,'foreach','sequence',3,NULL);
INSERT INTO "tree" VALUES('finished','echo',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "tree" VALUES('finished','item bad',5,'step','each',1,NULL);
INSERT INTO "tree" VALUES('finished','item good',5,'step','each',0,NULL);
INSERT INTO "tree" VALUES('finished','last',0,'step','sequence',5,NULL);
INSERT INTO "tree" VALUES('finished','loop',0,'loop','sequence/parallel1',1,NULL);
INSERT INTO "tree" VALUES('finished','note',0,'step','sequence',0,NULL);
INSERT INTO "tree" VALUES('finished','other',0,'step','branch',1,NULL);
INSERT INTO "tree" VALUES('finished','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "tree" VALUES('finished','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "tree" VALUES('finished','skipped',0,'task','sequence',4,NULL);
INSERT INTO "tree" VALUES('waiting','arm',0,'step','branch',0,NULL);
INSERT INTO "tree" VALUES('waiting','branch',0,'branch','sequence',2,NULL);
INSERT INTO "tree" VALUES('waiting','draft',0,'step','loop',0,NULL);
INSERT INTO "tree" VALUES('waiting','echo',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "tree" VALUES('waiting','last',0,'step','sequence',4,NULL);
INSERT INTO "tree" VALUES('waiting','loop',0,'loop','sequence/parallel1',1,NULL);
INSERT INTO "tree" VALUES('waiting','note',0,'step','sequence',0,NULL);
INSERT INTO "tree" VALUES('waiting','other',0,'step','branch',1,NULL);
INSERT INTO "tree" VALUES('waiting','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "tree" VALUES('waiting','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "tree" VALUES('waiting','ship',0,'approval','sequence',3,NULL);
CREATE TABLE usage (
  run_id        TEXT NOT NULL,
  serial        INTEGER NOT NULL,
  born          INTEGER NOT NULL,
  n             INTEGER NOT NULL,        -- its number within the frame, from 0
  tokens_in     INTEGER NOT NULL,
  tokens_out    INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  cost_usd      TEXT, model TEXT, calls INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;
INSERT INTO "usage" VALUES('crashed',2,4,0,3,0,0,NULL,NULL,0);
INSERT INTO "usage" VALUES('failed',2,4,0,3,0,0,NULL,NULL,0);
INSERT INTO "usage" VALUES('finished',2,4,0,3,0,0,NULL,NULL,0);
INSERT INTO "usage" VALUES('waiting',2,4,0,3,0,0,NULL,NULL,0);
CREATE TABLE waits (
  run_id     TEXT NOT NULL,
  node       TEXT NOT NULL,
  path       TEXT NOT NULL,
  kind       TEXT NOT NULL,              -- approval, repeat, retry, cooldown, data
  born       INTEGER NOT NULL,
  due        TEXT,
  asked      TEXT,
  digest     TEXT,
  waits_on   TEXT NOT NULL,              -- JSON list of node keys
  allowed_by TEXT NOT NULL,              -- JSON list of names
  ended      INTEGER,
  answer     TEXT, form TEXT,                       -- JSON
  PRIMARY KEY (run_id, node, path, kind, born)
) WITHOUT ROWID;
INSERT INTO "waits" VALUES('waiting','ship','','approval',5,NULL,'Ship it?','9bc09a039728f6d164c790b140a96694fa15dc1609eac8bb76ccad074f33d953','[]','[]',NULL,NULL,NULL);
CREATE UNIQUE INDEX inbox_one_answer ON inbox (run_id, node, path, opened) WHERE kind = 'answer';
CREATE INDEX inbox_of_run ON inbox (run_id, id);
CREATE INDEX runs_owned ON runs (owner) WHERE owner IS NOT NULL;
CREATE INDEX runs_due ON runs (wake_at) WHERE wake_at IS NOT NULL;
CREATE INDEX runs_called ON runs (called) WHERE called IS NOT NULL;
CREATE INDEX runs_of_parent ON runs (parent) WHERE parent IS NOT NULL;
CREATE UNIQUE INDEX inbox_one_signal ON inbox (run_id, signal) WHERE signal IS NOT NULL;
CREATE INDEX waits_for_event ON waits (run_id, waits_on) WHERE kind = 'event' AND ended IS NULL;
CREATE INDEX waits_for_pools ON waits (kind, run_id) WHERE kind = 'pool' AND ended IS NULL;
CREATE INDEX runs_of_fork ON runs (forked_from) WHERE forked_from IS NOT NULL;
CREATE VIEW "out_note" AS /* {"models": ["Note"], "fields": ["words"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.words') AS "words"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Note')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
CREATE VIEW "out_decision" AS /* {"models": ["Decision"], "fields": ["approved", "by", "note", "at"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.approved') AS "approved",
  json_extract(o.json, '$.by') AS "by",
  json_extract(o.json, '$.note') AS "note",
  json_extract(o.json, '$.at') AS "at"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Decision')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
DELETE FROM "sqlite_sequence";
COMMIT;
