-- Version 7: people, time, signals and child runs.
--
-- `choices.gone` is the frame in which a choice ceased to count, since what it was made from is done
-- again. `resets.cause` says why a node is done again, if its work was sent back: the node that was
-- denied or failed, by whom, and the note (JSON).

ALTER TABLE choices ADD COLUMN gone INTEGER;
ALTER TABLE resets ADD COLUMN cause TEXT;
