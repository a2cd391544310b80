PRAGMA application_id = 1399682152;
PRAGMA user_version = 1;
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
  ended_at   TEXT,
  PRIMARY KEY (run_id, serial)
) WITHOUT ROWID;
INSERT INTO "attempts" VALUES('r1',1,'a','',1,1,'echo','Go',NULL,'2026-01-02T03:04:05.678901Z',2,'failed','{"kind": "Busy", "message": "over\nits limit", "hint": "wait", "place": "w.py:3:1", "then": null}','2026-01-02T03:04:05.678901Z');
CREATE TABLE choices (
  run_id   TEXT NOT NULL,
  node     TEXT NOT NULL,
  path     TEXT NOT NULL,
  kind     TEXT NOT NULL,                -- test, items, until, exhausted, skip_if
  born     INTEGER NOT NULL,
  value    TEXT NOT NULL,                -- JSON
  children TEXT NOT NULL,
  PRIMARY KEY (run_id, node, path, kind, born)
) WITHOUT ROWID;
INSERT INTO "choices" VALUES('r1','b','2.0','until',4,'true','12ab');
CREATE TABLE frames (
  run_id TEXT NOT NULL,
  frame  INTEGER NOT NULL,
  at     TEXT NOT NULL,
  fence  INTEGER NOT NULL,
  inbox  INTEGER NOT NULL,
  PRIMARY KEY (run_id, frame)
) WITHOUT ROWID;
INSERT INTO "frames" VALUES('r1',0,'2026-01-02T03:04:05.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',1,'2026-01-02T03:04:06.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',2,'2026-01-02T03:04:07.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',3,'2026-01-02T03:04:08.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',4,'2026-01-02T03:04:09.678901Z',1,1);
INSERT INTO "frames" VALUES('r1',5,'2026-01-02T03:04:10.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',6,'2026-01-02T03:04:05.678901Z',1,0);
INSERT INTO "frames" VALUES('r1',7,'2026-01-02T03:04:12.678901Z',1,0);
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
CREATE TABLE models (
  run_id TEXT NOT NULL,
  name   TEXT NOT NULL,
  schema TEXT NOT NULL,                  -- JSON Schema
  PRIMARY KEY (run_id, name, schema)
) WITHOUT ROWID;
INSERT INTO "models" VALUES('r1','Analysis','{"properties": {"good": {}, "lines": {}, "severity": {}}, "type": "object"}');
CREATE TABLE outputs (
  run_id TEXT NOT NULL,
  task   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  model  TEXT,
  json   TEXT NOT NULL,
  PRIMARY KEY (run_id, task, path, born)
) WITHOUT ROWID;
INSERT INTO "outputs" VALUES('r1','a','',3,'Analysis','{"severity": "high", "lines": [1, 2], "good": true}');
CREATE TABLE owners (
  owner   TEXT PRIMARY KEY,
  host    TEXT NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
  beat_ns INTEGER NOT NULL,              -- CLOCK_MONOTONIC, which counts on one host only
  beat_at TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "owners" VALUES('dead','3654d4f6-20b0-4081-9cb7-ae2d03ec877d/pid:[4026531836]',18498,'356573',3565749636762,'2026-11-22T19:46:25.402068Z');
CREATE TABLE processes (
  owner   TEXT NOT NULL,
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  pid     INTEGER NOT NULL,
  started TEXT NOT NULL,
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
INSERT INTO "reads" VALUES('r1','b','2.0',4,'a','',3);
CREATE TABLE resets (
  run_id TEXT NOT NULL,
  node   TEXT NOT NULL,
  path   TEXT NOT NULL,
  born   INTEGER NOT NULL,
  PRIMARY KEY (run_id, node, path, born)
) WITHOUT ROWID;
INSERT INTO "resets" VALUES('r1','b','2.0',5);
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
INSERT INTO "runs" VALUES('r1','ship_it','/w/ship_it.py','/w','/tmp/w/v/bin/python','["PATH", "ÄPFEL"]','{"topic": "apples\u0000"}','digest-1','2026-01-02T03:04:05.678901Z','dead',1);
CREATE TABLE sessions (
  run_id  TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  born    INTEGER NOT NULL,
  n       INTEGER NOT NULL,              -- its number within the frame, from 0
  session TEXT NOT NULL,
  PRIMARY KEY (run_id, serial, born, n)
) WITHOUT ROWID;
INSERT INTO "sessions" VALUES('r1',1,2,0,'s-1');
CREATE TABLE statuses (
  run_id TEXT NOT NULL,
  born   INTEGER NOT NULL,
  status TEXT NOT NULL,
  error  TEXT,                           -- JSON {kind, message, hint, place, then}
  output TEXT,                           -- JSON
  PRIMARY KEY (run_id, born)
) WITHOUT ROWID;
INSERT INTO "statuses" VALUES('r1',0,'running',NULL,NULL);
INSERT INTO "statuses" VALUES('r1',7,'failed','{"kind": "Busy", "message": "over\nits limit", "hint": "wait", "place": "w.py:3:1", "then": null}','null');
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
INSERT INTO "tasks" VALUES('r1','a','',1,1,3,'finished',NULL);
INSERT INTO "tasks" VALUES('r1','b','2.0',3,0,3,'skipped',NULL);
INSERT INTO "tasks" VALUES('r1','ship','',6,1,NULL,NULL,NULL);
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
INSERT INTO "tree" VALUES('r1','a',4,'task','root',1,5);
INSERT INTO "tree" VALUES('r1','root',0,'sequence',NULL,0,NULL);
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
INSERT INTO "usage" VALUES('r1',1,2,0,7,5,2,'0.01');
INSERT INTO "usage" VALUES('r1',1,2,1,7,5,2,'0.01');
CREATE TABLE waits (
  run_id     TEXT NOT NULL,
  node       TEXT NOT NULL,
  path       TEXT NOT NULL,
  kind       TEXT NOT NULL,              -- approval, retry, cooldown, data
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
INSERT INTO "waits" VALUES('r1','a','','retry',2,'2026-01-02T03:04:05.678901Z',NULL,NULL,'["b[2][0]"]','[]',3,NULL);
INSERT INTO "waits" VALUES('r1','ship','','approval',6,NULL,'Ship this?
','ab12','[]','["ana"]',NULL,NULL);
CREATE UNIQUE INDEX inbox_one_answer ON inbox (run_id, node, path, opened) WHERE kind = 'answer';
CREATE INDEX inbox_of_run ON inbox (run_id, id);
CREATE VIEW "out_analysis" AS /* {"models": ["Analysis"], "fields": ["severity", "lines", "good"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.severity') AS "severity",
  json_extract(o.json, '$.lines') AS "lines",
  json_extract(o.json, '$.good') AS "good"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Analysis')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
DELETE FROM "sqlite_sequence";
COMMIT;
