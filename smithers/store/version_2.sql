-- Version 2: who wakes a run, agents that cool down, and budgets that were raised.
--
-- A waiting run has no owner and costs rows only. `runs.wake_at` is its next timed wake, written
-- when its owner lets go of it; `runs.called` is the id of the last note in its inbox that no frame
-- has taken. Both are null otherwise, and indexed where they are not, so that whoever wakes runs
-- reads only those to be woken. `supervisors` holds the one process that does so (its heartbeat is
-- in `owners`), `revivals` how often a run was started again without getting further since: without
-- a task, an attempt (but by interruption) or a wait that ended, or a choice. `runs.options` is what
-- starting a run again needs beyond its file (JSON).
--
-- `cooldowns` holds the limits that agents ran into, for every run of this database: `key` is what
-- the limit is shared by, as the agent's adapter says; `until` only grows, but for a person who
-- takes the row away. `attempts.skipped` names the limits because of which earlier agents of the
-- task's array were passed over. `usage.model` is what an agent told of its model, and `usage.calls`
-- are requests beyond an attempt's first. `budgets` tells what an author lets a node use, and by how
-- much a person raised that; at a cap the node has a wait of kind `budget`, and an inbox row of that
-- kind raises it. All but `budgets` and the columns of `attempts` and `usage` are outside the fence.

ALTER TABLE runs ADD COLUMN wake_at TEXT;
ALTER TABLE runs ADD COLUMN called INTEGER;
ALTER TABLE runs ADD COLUMN options TEXT NOT NULL DEFAULT '{}';
ALTER TABLE usage ADD COLUMN model TEXT; -- null where the agent did not say
ALTER TABLE usage ADD COLUMN calls INTEGER NOT NULL DEFAULT 0; -- repairs: calls beyond the first
ALTER TABLE attempts ADD COLUMN skipped TEXT;  -- JSON list of keys of `cooldowns`, null for none
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
) WITHOUT ROWID;
