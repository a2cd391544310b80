-- The database of Smithers, version 1.
--
-- A run is a workflow with an input. Its state is the rows below, and nothing else. A run moves in
-- frames, numbered from 0: a frame is one transaction, and everything that the transition changed
-- is in it. Every row of a run carries the frame of its birth (`born`); a row that has an end is
-- filled once, in the frame of its end (`ended`), and the columns that are filled then (`state`,
-- `error`, `answer` ...) count only from that frame on. No row is altered otherwise, and none is
-- deleted. So the state of a run at frame k is a WHERE clause: born <= k, and an end counts where
-- ended <= k. A run's status is a row per change as well; the last one holds.
--
-- The tree of a workflow is in `tree`, one row a node. A task in one iteration of its loops is a
-- row of `tasks`: it is born when the task comes up, that is when everything before it is settled,
-- and ends when the task settles. `path` is the iterations of the enclosing loops, outermost
-- first, from 0, with dots between ('' outside loops, '2.0' in the third round's first). One try of
-- one agent, or of a step's function, is a row of `attempts`; its raw stream is a file, named by
-- `serial`. What a task gave is a row of `outputs`, as JSON; each output model has a typed view
-- `out_<model>` with a column a field, which is made from `models`. `choices` holds what the
-- callables that shape a run have said (a branch's test, a loop's until, the keys of a fan-out), so
-- that a crash never chooses the other arm. `reads` tells which node read which output. `waits` is
-- what a node waits for: a person, a time, data. `resets` names nodes that run again: what was born
-- before that frame no longer counts, and stays.
--
-- A run has at most one owner, a process in `owners`, and a fence number that grows with each
-- claim. Each write of a run checks its fence in the same transaction, so an owner that lost its
-- run can write nothing. Whoever is not the owner writes to `inbox` only, which is append-only; the
-- owner takes those rows in a frame (`frames.inbox` is the last one taken), and only then are they
-- state. `processes` are the children of owners, so that a successor can kill them before it starts.
-- Times are text, ISO 8601 in UTC; money is US dollars as decimal text.

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
) WITHOUT ROWID;

CREATE TABLE frames (
  run_id TEXT NOT NULL,
  frame  INTEGER NOT NULL,
  at     TEXT NOT NULL,
  fence  INTEGER NOT NULL,
  inbox  INTEGER NOT NULL,
  PRIMARY KEY (run_id, frame)
) WITHOUT ROWID;

CREATE TABLE statuses (
  run_id TEXT NOT NULL,
  born   INTEGER NOT NULL,
  status TEXT NOT NULL,
  error  TEXT,                           -- JSON {kind, message, hint, place, then}
  output TEXT,                           -- JSON
  PRIMARY KEY (run_id, born)
) WITHOUT ROWID;

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

CREATE TABLE tasks (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  up     INTEGER NOT NULL,               -- 1: it came up; 0: it was settled without
  ended  INTEGER,
  state  TEXT,                           -- finished, failed, skipped, cancelled
  error  TEXT,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;

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
  ended_at   TEXT,
  PRIMARY KEY (run_id, serial)
) WITHOUT ROWID;

CREATE TABLE sessions (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  born    INTEGER NOT NULL,
  n       INTEGER NOT NULL,              -- its number within the frame, from 0
  session TEXT NOT NULL,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;

CREATE TABLE usage (
  run_id        TEXT NOT NULL,
  serial        INTEGER NOT NULL,
  born          INTEGER NOT NULL,
  n             INTEGER NOT NULL,        -- its number within the frame, from 0
  tokens_in     INTEGER NOT NULL,
  tokens_out    INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  cost_usd      TEXT,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;

CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  model  TEXT,
  json   TEXT NOT NULL,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;

CREATE TABLE models (
  run_id TEXT NOT NULL,
  name   TEXT NOT NULL,
  schema TEXT NOT NULL,                  -- JSON Schema
  PRIMARY KEY (run_id, name, schema)
) WITHOUT ROWID;

CREATE TABLE choices (
  run_id   TEXT NOT NULL,
  node     TEXT NOT NULL,
  path     TEXT NOT NULL,
  kind     TEXT NOT NULL,                -- test, items, until, exhausted, skip_if, same, result
  born     INTEGER NOT NULL,
  value    TEXT NOT NULL,                -- JSON
  children TEXT NOT NULL,
  PRIMARY KEY (run_id, node, path, kind, born)
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
  answer     TEXT,                       -- JSON
  PRIMARY KEY (run_id, node, path, kind, born)
) WITHOUT ROWID;

CREATE TABLE resets (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;

CREATE TABLE owners (
  owner   TEXT PRIMARY KEY,
  host    TEXT NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  beat_ns INTEGER NOT NULL,              -- CLOCK_MONOTONIC, which counts on one host only
  beat_at TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE processes (
  owner   TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  PRIMARY KEY (run_id, serial, pid, started)
) WITHOUT ROWID;

CREATE TABLE inbox (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  run_id TEXT NOT NULL,
  kind   TEXT NOT NULL,                  -- answer, cancel
  node   TEXT,
  path   TEXT,
  opened INTEGER,                        -- the birth of the wait that it answers
  body   TEXT NOT NULL,                  -- JSON
  at     TEXT NOT NULL
);
CREATE UNIQUE INDEX inbox_one_answer ON inbox (run_id, node, path, opened) WHERE kind = 'answer';
CREATE INDEX inbox_of_run ON inbox (run_id, id);
