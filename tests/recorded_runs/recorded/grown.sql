INSERT INTO "attempts" VALUES
('ends',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('ends',2,'grown','',1,1,'python',NULL,NULL,'2026-01-02T03:04:02.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL),
('ends',3,'grown too','',1,2,'python',NULL,NULL,'2026-01-02T03:04:03.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:03.500000Z',NULL),
('ends',4,'last','',1,4,'python',NULL,NULL,'2026-01-02T03:04:14.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:14.500000Z',NULL),
('waits',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('waits',2,'grown','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('waits',3,'grown too','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "frames" VALUES
('ends',0,'2026-01-02T03:04:02.000000Z',1,0),
('ends',1,'2026-01-02T03:04:02.500000Z',1,0),
('ends',2,'2026-01-02T03:04:03.000000Z',1,0),
('ends',3,'2026-01-02T03:04:03.500000Z',1,0),
('ends',4,'2026-01-02T03:04:14.000000Z',2,1),
('ends',5,'2026-01-02T03:04:14.500000Z',2,1),
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:00.500000Z',1,0),
('waits',2,'2026-01-02T03:04:01.000000Z',1,0),
('waits',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'ends','answer','look','',3,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:04Z"}','2026-01-02T03:04:04.000000Z');
INSERT INTO "models" VALUES
('ends','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('waits','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('ends','first','',1,NULL,'"first is done"',NULL),
('ends','grown','',2,NULL,'"grown is done"',NULL),
('ends','grown too','',3,NULL,'"grown too is done"',NULL),
('ends','last','',5,NULL,'"last is done"',NULL),
('ends','look','',4,'Decision','{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:04Z"}',NULL),
('waits','first','',1,NULL,'"first is done"',NULL),
('waits','grown','',2,NULL,'"grown is done"',NULL),
('waits','grown too','',3,NULL,'"grown too is done"',NULL);
INSERT INTO "runs" VALUES
('ends','grows','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.000000Z',NULL,2,NULL,NULL,'{}'),
('waits','grows','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('ends',0,'running',NULL,NULL,NULL),
('ends',3,'waiting',NULL,NULL,NULL),
('ends',4,'running',NULL,NULL,NULL),
('ends',5,'finished',NULL,NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',3,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('ends','first','',0,1,1,'finished',NULL),
('ends','grown','',1,1,2,'finished',NULL),
('ends','grown too','',2,1,3,'finished',NULL),
('ends','last','',4,1,5,'finished',NULL),
('ends','look','',3,1,4,'finished',NULL),
('waits','first','',0,1,1,'finished',NULL),
('waits','grown','',1,1,2,'finished',NULL),
('waits','grown too','',2,1,3,'finished',NULL),
('waits','look','',3,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('ends','first',0,'step','sequence',0,NULL),
('ends','grown',1,'step','sequence',1,NULL),
('ends','grown too',1,'step','sequence',2,NULL),
('ends','last',0,'step','sequence',3,1),
('ends','last',1,'step','sequence',4,NULL),
('ends','look',0,'approval','sequence',1,1),
('ends','look',1,'approval','sequence',3,NULL),
('ends','not yet needed',0,'step','sequence',2,1),
('ends','sequence',0,'sequence',NULL,0,NULL),
('waits','first',0,'step','sequence',0,NULL),
('waits','grown',1,'step','sequence',1,NULL),
('waits','grown too',1,'step','sequence',2,NULL),
('waits','last',0,'step','sequence',3,1),
('waits','last',1,'step','sequence',4,NULL),
('waits','look',0,'approval','sequence',1,1),
('waits','look',1,'approval','sequence',3,NULL),
('waits','not yet needed',0,'step','sequence',2,1),
('waits','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "waits" VALUES
('ends','look','','approval',3,NULL,'Is it grown?','c0255e1bf8aef4fdac920a17205d2865ed2495febb49df7589add1b3f7f4dd37','[]','[]',4,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:04Z"}'),
('waits','look','','approval',3,NULL,'Is it grown?','c0255e1bf8aef4fdac920a17205d2865ed2495febb49df7589add1b3f7f4dd37','[]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
