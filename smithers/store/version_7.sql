-- Version 7: people, time, signals and child runs.

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
