-- A new database, as schema.sql and all later versions make it; they tell what the tables mean.
-- Written by: python -m tests.store.make_newest

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
  output TEXT, stopped_by TEXT, next_run TEXT,                           -- JSON
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
  error  TEXT, set_by TEXT,
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
  ended_at   TEXT, skipped TEXT, origin TEXT, fingerprint TEXT, turn TEXT,
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
  cost_usd      TEXT, model TEXT, calls INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;

CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  model  TEXT,
  json   TEXT NOT NULL, type TEXT,
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
  kind     TEXT NOT NULL,                -- test, items, until, exhausted, skip_if, same, result, caught, began, undoing, ending
  born     INTEGER NOT NULL,
  value    TEXT NOT NULL,                -- JSON
  children TEXT NOT NULL, gone INTEGER,
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
  answer     TEXT, form TEXT,                       -- JSON
  PRIMARY KEY (run_id, node, path, kind, born)
) WITHOUT ROWID;

CREATE TABLE resets (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL, cause TEXT,
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

CREATE UNIQUE INDEX inbox_one_answer ON inbox (run_id, node, path, opened) WHERE kind = 'answer';

CREATE INDEX inbox_of_run ON inbox (run_id, id);

CREATE INDEX runs_owned ON runs (owner) WHERE owner IS NOT NULL;

CREATE INDEX runs_due ON runs (wake_at) WHERE wake_at IS NOT NULL;

CREATE INDEX runs_called ON runs (called) WHERE called IS NOT NULL;

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

CREATE TABLE supervisors (
  name  TEXT PRIMARY KEY,                -- always 'supervise'
  owner TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE revivals (
  run_id  TEXT PRIMARY KEY,
  frame   INTEGER NOT NULL,              -- the last frame in which it got further
  starts  INTEGER NOT NULL,              -- so often it was started since
  at      TEXT NOT NULL,                 -- the last time
  gave_up TEXT,                          -- why it is not started again any more
  said    TEXT                           -- why the last start came to nothing
, spared INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;

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

CREATE TABLE "processes" (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  owner   TEXT NOT NULL, cgroup TEXT,
  PRIMARY KEY (run_id, serial, pid, started)
) WITHOUT ROWID;

CREATE TABLE handled (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;

CREATE TABLE identity (
  id TEXT PRIMARY KEY
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

CREATE TABLE large_outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  bytes  INTEGER NOT NULL,
  digest TEXT NOT NULL,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;

CREATE INDEX runs_of_parent ON runs (parent) WHERE parent IS NOT NULL;

CREATE UNIQUE INDEX inbox_one_signal ON inbox (run_id, signal) WHERE signal IS NOT NULL;

CREATE INDEX waits_for_event ON waits (run_id, waits_on) WHERE kind = 'event' AND ended IS NULL;

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

CREATE TABLE cache (
  key        TEXT PRIMARY KEY,
  task       TEXT NOT NULL,
  model      TEXT,                       -- the name of the output's model, if it has one
  json       TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  created_at TEXT NOT NULL,
  bytes      INTEGER NOT NULL            -- of `json` in UTF-8
) WITHOUT ROWID;

CREATE INDEX waits_for_pools ON waits (kind, run_id) WHERE kind = 'pool' AND ended IS NULL;

CREATE INDEX runs_of_fork ON runs (forked_from) WHERE forked_from IS NOT NULL;

CREATE TABLE claims (
  run_id TEXT NOT NULL,
  fence  INTEGER NOT NULL,
  source TEXT NOT NULL,
  at     TEXT NOT NULL,
  about  TEXT NOT NULL,
  PRIMARY KEY (run_id, fence)
) WITHOUT ROWID;

CREATE TABLE sources (
  source TEXT NOT NULL,
  path   TEXT NOT NULL,
  digest TEXT NOT NULL,
  text   TEXT,
  PRIMARY KEY (source, path)
) WITHOUT ROWID;

CREATE TABLE audit (
  id         INTEGER PRIMARY KEY,
  at         TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  what       TEXT NOT NULL,
  about      TEXT NOT NULL,
  who        TEXT NOT NULL,
  claimed    TEXT NOT NULL,
  face       TEXT NOT NULL,
  address    TEXT NOT NULL,
  credential TEXT NOT NULL
);

CREATE INDEX audit_of_run ON audit (run_id);

INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))));
