-- Version 5: `identity` holds the id of this database, by which the trust record of a user
-- recognises it.

CREATE TABLE identity (
  id TEXT PRIMARY KEY
) WITHOUT ROWID;
INSERT INTO identity (id) VALUES (lower(hex(randomblob(16))));
