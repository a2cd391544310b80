-- Version 7: people, time, signals and child runs.
--
-- `waits.form` is what the answer to a question must be, as JSON: {kind: "text"}, {kind: "choice",
-- choices}, or {kind: "data", schema, model}. An answer is validated against it where it is given,
-- so that nothing of the author's code is loaded for that. If the run has refused an answer, the
-- question is asked anew, in a row whose form also has `refused`, why, and `given`, that answer. It
-- is null for a decision.

ALTER TABLE waits ADD COLUMN form TEXT;
