INSERT INTO "frames" VALUES
('all-answered',0,'2026-01-02T03:04:11.500000Z',1,0),
('not-taken',0,'2026-01-02T03:04:00.000000Z',1,0),
('one-taken',0,'2026-01-02T03:04:00.500000Z',1,0),
('one-taken',1,'2026-01-02T03:04:11.000000Z',2,2);
INSERT INTO "inbox" VALUES
(1,'not-taken','answer','left','',0,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:00.500000Z"}','2026-01-02T03:04:00.500000Z'),
(2,'one-taken','answer','left','',0,'{"approved":true,"by":"ann","note":"looks good\nto me","at":"2026-01-02T03:04:01Z"}','2026-01-02T03:04:01.000000Z'),
(3,'all-answered','answer','left','',0,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:12Z"}','2026-01-02T03:04:12.000000Z'),
(4,'all-answered','answer','right','',0,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:12Z"}','2026-01-02T03:04:12.000000Z');
INSERT INTO "models" VALUES
('all-answered','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('not-taken','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('one-taken','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('one-taken','left','',1,'Decision','{"approved":true,"by":"ann","note":"looks good\nto me","at":"2026-01-02T03:04:01Z"}',NULL);
INSERT INTO "runs" VALUES
('all-answered','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:11.500000Z',NULL,1,NULL,4,'{}'),
('not-taken','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,1,'{}'),
('one-taken','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.500000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('all-answered',0,'waiting',NULL,NULL,NULL),
('not-taken',0,'waiting',NULL,NULL,NULL),
('one-taken',0,'waiting',NULL,NULL,NULL),
('one-taken',1,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('all-answered','left','',0,1,NULL,NULL,NULL),
('all-answered','right','',0,1,NULL,NULL,NULL),
('not-taken','left','',0,1,NULL,NULL,NULL),
('not-taken','right','',0,1,NULL,NULL,NULL),
('one-taken','left','',0,1,1,'finished',NULL),
('one-taken','right','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('all-answered','last',0,'step','sequence',1,NULL),
('all-answered','left',0,'approval','sequence/parallel1',0,NULL),
('all-answered','right',0,'approval','sequence/parallel1',1,NULL),
('all-answered','sequence',0,'sequence',NULL,0,NULL),
('all-answered','sequence/parallel1',0,'parallel','sequence',0,NULL),
('not-taken','last',0,'step','sequence',1,NULL),
('not-taken','left',0,'approval','sequence/parallel1',0,NULL),
('not-taken','right',0,'approval','sequence/parallel1',1,NULL),
('not-taken','sequence',0,'sequence',NULL,0,NULL),
('not-taken','sequence/parallel1',0,'parallel','sequence',0,NULL),
('one-taken','last',0,'step','sequence',1,NULL),
('one-taken','left',0,'approval','sequence/parallel1',0,NULL),
('one-taken','right',0,'approval','sequence/parallel1',1,NULL),
('one-taken','sequence',0,'sequence',NULL,0,NULL),
('one-taken','sequence/parallel1',0,'parallel','sequence',0,NULL);
INSERT INTO "waits" VALUES
('all-answered','left','','approval',0,NULL,'left?','316d9f6eed4aa75ad3b020ea26d2e3d01cbd490955cb09628f209c6fcf799f07','[]','[]',NULL,NULL),
('all-answered','right','','approval',0,NULL,'right?','c4a16d56257009fe3ee644e71a4ed687ec7b073568a0a2469f2720fb62e1be0d','[]','[]',NULL,NULL),
('not-taken','left','','approval',0,NULL,'left?','316d9f6eed4aa75ad3b020ea26d2e3d01cbd490955cb09628f209c6fcf799f07','[]','[]',NULL,NULL),
('not-taken','right','','approval',0,NULL,'right?','c4a16d56257009fe3ee644e71a4ed687ec7b073568a0a2469f2720fb62e1be0d','[]','[]',NULL,NULL),
('one-taken','left','','approval',0,NULL,'left?','316d9f6eed4aa75ad3b020ea26d2e3d01cbd490955cb09628f209c6fcf799f07','[]','[]',1,'{"approved":true,"by":"ann","note":"looks good\nto me","at":"2026-01-02T03:04:01Z"}'),
('one-taken','right','','approval',0,NULL,'right?','c4a16d56257009fe3ee644e71a4ed687ec7b073568a0a2469f2720fb62e1be0d','[]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',4);
