-- Version 9: who has changed something.
--
-- Each change that a person or a program has made through the command line, over HTTP, over MCP, by
-- a hook or in Python is a row of `audit`, which is never changed. `who` is the name that was
-- proved, and `claimed` another one that was given, else ''. `face` is one of those words of
-- `smithers.callers`, `address` where a request came from, and `credential` the id of its token or
-- session. `run_id` is '' for what concerns no run. `what` and `about` are words for a person.

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
