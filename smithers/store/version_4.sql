-- Version 4: which failures were handled, who stopped a run, the class of an output, and the control
-- group of an attempt.
--
-- `handled` names the nodes whose failure was absorbed by an `on_failure="continue"`, their own or
-- that of a container around them, and those that were cancelled because of such a failure, from the
-- frame `born` on. What is handled is final: a resume does not run it again, and no view calls the
-- run or a container failed because of it. Runs that finished before this version have no such
-- rows, so they are added here once: in a finished run, a failure or what it cancelled was allowed.
--
-- `statuses.stopped_by` is the signal by which a person or the machine stopped the owner (SIGINT,
-- SIGTERM, SIGHUP), or null. `outputs.type` is the importable class of a step's output
-- (`module:qualified name`), or null where the node declares its output.

CREATE TABLE handled (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;

INSERT INTO handled (run_id, node, path, born)
  SELECT t.run_id, t.task, t.path, t.ended
  FROM tasks t
  JOIN tree n ON n.run_id = t.run_id AND n.id = t.task AND n.gone IS NULL
  WHERE t.state IN ('failed', 'cancelled')
    AND (SELECT s.status FROM statuses s WHERE s.run_id = t.run_id ORDER BY s.born DESC LIMIT 1)
      = 'finished'
    AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = t.run_id AND r.node = t.task
      AND r.path = t.path AND r.born > t.ended);

ALTER TABLE statuses ADD COLUMN stopped_by TEXT;
ALTER TABLE outputs ADD COLUMN type TEXT;

-- `processes` also has what the program of an attempt has started, as far as its guard saw it, and the
-- control group of the attempt if one could be made, so that the next owner finds what left its
-- parents.
ALTER TABLE processes ADD COLUMN cgroup TEXT;

-- `revivals.spared` is how many of the starts failed because of the machine (no space, no memory, a
-- disk error): they make the pause longer, and do not count towards giving up.
ALTER TABLE revivals ADD COLUMN spared INTEGER NOT NULL DEFAULT 0;
