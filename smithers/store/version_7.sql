-- Version 7: people, time, signals and child runs.
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
