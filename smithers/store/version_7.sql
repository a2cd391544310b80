-- Version 7: people, time, signals and child runs.
--
-- `waits.form` is what the answer to a question must be, as JSON: {kind: "text"}, {kind: "choice",
-- choices}, or {kind: "data", schema, model}. An answer is validated against it where it is given,
-- so that nothing of the author's code is loaded for that. If the run has refused an answer, the
-- question is asked anew, in a row whose form also has `refused`, why, and `given`, that answer. It
-- is null for a decision.

ALTER TABLE waits ADD COLUMN form TEXT;
--
-- `choices.gone` is the frame in which a choice ceased to count, since what it was made from is done
-- again. `resets.cause` says why a node is done again, if its work was sent back: the node that was
-- denied or failed, by whom, and the note (JSON).

ALTER TABLE choices ADD COLUMN gone INTEGER;
ALTER TABLE resets ADD COLUMN cause TEXT;
--
-- A run that a node of another run started has that run in `parent`, and the node in `parent_task`
-- and `parent_path`. Its end writes a row of the kind `child_ended` into the inbox of its parent, in
-- the same transaction.

ALTER TABLE runs ADD COLUMN parent TEXT;
ALTER TABLE runs ADD COLUMN parent_task TEXT;
ALTER TABLE runs ADD COLUMN parent_path TEXT;
CREATE INDEX runs_of_parent ON runs (parent) WHERE parent IS NOT NULL;
--
-- A run that has continued as another one names it in `next_run`. That run names the first run of
-- the chain in `first_run`, and its `number` in it. Its row and its first frame are written in the
-- transaction in which the run before it ends.

ALTER TABLE statuses ADD COLUMN next_run TEXT;
ALTER TABLE runs ADD COLUMN first_run TEXT;
ALTER TABLE runs ADD COLUMN number INTEGER NOT NULL DEFAULT 1;

-- A signal is sent as a row of `inbox` of the kind `signal`, whose id, given by its sender, is in
-- `signal`: once in a run. The owner takes it into `signals`, where `number` is the id of that row.
-- There it waits until a node takes it (`ended`, `node`, `path`), or sets it aside since its data
-- does not fit: `misfit` says why.

ALTER TABLE inbox ADD COLUMN signal TEXT;
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

-- `cache` keeps the answers of tasks with a `cache=`, for later runs: `key` is the digest of what the
-- agent was asked, `run_id` the run that paid for the answer, which may be gone. A row is written
-- with the frame in which the task settles, and is replaced or deleted as a whole. A task that takes
-- an answer has a choice of the kind `cached` ({run_id, created_at, key}), and no attempt.

CREATE TABLE cache (
  key        TEXT PRIMARY KEY,
  task       TEXT NOT NULL,
  model      TEXT,                       -- the name of the output's model, if it has one
  json       TEXT NOT NULL,
  run_id     TEXT NOT NULL,
  created_at TEXT NOT NULL,
  bytes      INTEGER NOT NULL            -- of `json` in UTF-8
) WITHOUT ROWID;

-- A run that waits for a slot of a pool on this machine has a wait of the kind `pool`: `waits_on` is
-- the pool, `asked` its limit. Whoever wakes runs finds by this index those that no process drives.

CREATE INDEX waits_for_pools ON waits (kind, run_id) WHERE kind = 'pool' AND ended IS NULL;
--
-- `runs.parent_waits` is 0 if a process below the node has started the run, so that nobody waits for
-- its end. `allow_runs` and `allow_depth` are how many runs may be started from below a run in all,
-- and how deep, as of the last claim; whoever starts one checks them in the transaction in which the
-- run begins.

ALTER TABLE runs ADD COLUMN parent_waits INTEGER NOT NULL DEFAULT 1;
ALTER TABLE runs ADD COLUMN allow_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN allow_depth INTEGER NOT NULL DEFAULT 0;
