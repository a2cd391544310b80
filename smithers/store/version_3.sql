-- Version 3: what people say to agents while these are at work; `processes` begins with its key.
--
-- A message comes as a note of kind `steer` in `inbox`, whose id it keeps; it is born in the frame in
-- which the owner takes it, and ends in that from which it is part of an agent's session: the one of
-- the attempt `serial`. One without an end was never told, or is told to the next attempt.
--
-- SQLite 3.40 takes a table without rowid for damaged whose key is not what its columns begin with.

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

CREATE TABLE processes_3 (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  owner   TEXT NOT NULL,
  PRIMARY KEY (run_id, serial, pid, started)
) WITHOUT ROWID;
INSERT INTO processes_3 (run_id, serial, pid, started, owner)
  SELECT run_id, serial, pid, started, owner FROM processes;
DROP TABLE processes;
ALTER TABLE processes_3 RENAME TO processes;
