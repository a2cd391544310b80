-- Version 8: time travel.
--
-- A run that is a fork names the run from which it was copied in `forked_from`, and the last frame
-- that was copied in `forked_at`. Its rows up to that frame are copies with the same frame numbers;
-- what had not ended there is open in them, and attempts that were running there are left out.

ALTER TABLE runs ADD COLUMN forked_from TEXT;
ALTER TABLE runs ADD COLUMN forked_at INTEGER;
CREATE INDEX runs_of_fork ON runs (forked_from) WHERE forked_from IS NOT NULL;
--
-- `attempts.origin` is the run whose attempt a copied row is: its stream is in the folder of that
-- run, under the same serial; it is '' where a row is an attempt under the new id of its task. `attempts.fingerprint` tells what the attempt was made from, as JSON
-- of digests. `attempts.turn` is the point in the agent's session after its last answer, filled with
-- the end of the attempt. `tasks.set_by` is the person who gave the output in place of the task.
-- `resets.cause` is {"anew": true} where an earlier cause no longer counts either.

ALTER TABLE attempts ADD COLUMN origin TEXT;
ALTER TABLE attempts ADD COLUMN fingerprint TEXT;
ALTER TABLE attempts ADD COLUMN turn TEXT;
ALTER TABLE tasks ADD COLUMN set_by TEXT;
--
-- Each claim of a run is a row of `claims`: `source` is the digest of the author's files that the
-- owner has loaded, and `about` the versions of what it runs (JSON). The frames of that owner have
-- the same `fence`. The text of each file is in `sources`, once per digest of all of them; `path` is
-- relative to the folder of the workflow's file, and `digest` the sha256 of the file. A file that is
-- large or not UTF-8 has no `text`.

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
