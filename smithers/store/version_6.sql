-- Version 6: how containers ended, and which outputs are large.
--
-- `ends` has a row for each end of a container (sequence, parallel, branch, loop, foreach) and of an
-- iteration of a loop: the frame `born` in which it settled and its `state`. An edit or a resume may
-- open it again: then `gone` is the frame of that, and its next end is a row of its own. Runs of
-- earlier versions get rows where all below a container has ended (version_6.py).
--
-- `large_outputs` names the outputs of more than 4096 bytes: their size in `bytes` of UTF-8 and their
-- sha256 in hex. An owner and a view hold these two, and read the text when it is needed.

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

INSERT INTO large_outputs (run_id, task, path, born, bytes, digest)
SELECT run_id, task, path, born, length(CAST(json AS BLOB)), sha256(json) FROM outputs
WHERE length(CAST(json AS BLOB)) > 4096;
