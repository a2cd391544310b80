INSERT INTO "attempts" VALUES
('due',1,'draft','',1,0,'python',NULL,NULL,'2026-01-02T03:04:11.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:12.000000Z',NULL),
('r1',1,'draft','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "choices" VALUES
('r1','rounds','0','until',2,'false','');
INSERT INTO "frames" VALUES
('due',0,'2026-01-02T03:04:11.500000Z',1,0),
('due',1,'2026-01-02T03:04:12.000000Z',1,0),
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:11.000000Z',2,1);
INSERT INTO "inbox" VALUES
(1,'r1','answer','ready','0',1,'{"approved":false,"by":"ann","note":null,"at":"2026-01-02T03:04:01Z"}','2026-01-02T03:04:01.000000Z');
INSERT INTO "models" VALUES
('due','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('r1','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('due','draft','',1,NULL,'"a draft"',NULL),
('r1','draft','',1,NULL,'"a draft"',NULL),
('r1','ready','0',2,'Decision','{"approved":false,"by":"ann","note":null,"at":"2026-01-02T03:04:01Z"}',NULL);
INSERT INTO "reads" VALUES
('due','ship it','',1,'draft','',1),
('r1','rounds','0',2,'ready','0',2),
('r1','ship it','',1,'draft','',1);
INSERT INTO "runs" VALUES
('due','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:11.500000Z',NULL,1,'2026-01-02T05:04:12.000000Z',NULL,'{}'),
('r1','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,2,'2026-01-02T05:04:00.500000Z',NULL,'{}');
INSERT INTO "statuses" VALUES
('due',0,'running',NULL,NULL,NULL),
('due',1,'waiting',NULL,NULL,NULL),
('r1',0,'running',NULL,NULL,NULL),
('r1',1,'waiting',NULL,NULL,NULL),
('r1',2,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('due','draft','',0,1,1,'finished',NULL),
('due','ready','0',1,1,NULL,NULL,NULL),
('due','ship it','',1,1,NULL,NULL,NULL),
('r1','draft','',0,1,1,'finished',NULL),
('r1','ready','0',1,1,2,'finished',NULL),
('r1','ready','1',2,1,NULL,NULL,NULL),
('r1','ship it','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('due','draft',0,'step','sequence',0,NULL),
('due','last',0,'step','sequence',2,NULL),
('due','ready',0,'approval','rounds',0,NULL),
('due','rounds',0,'loop','sequence/parallel1',0,NULL),
('due','sequence',0,'sequence',NULL,0,NULL),
('due','sequence/parallel1',0,'parallel','sequence',1,NULL),
('due','ship it',0,'approval','sequence/parallel1',1,NULL),
('r1','draft',0,'step','sequence',0,NULL),
('r1','last',0,'step','sequence',2,NULL),
('r1','ready',0,'approval','rounds',0,NULL),
('r1','rounds',0,'loop','sequence/parallel1',0,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',1,NULL),
('r1','ship it',0,'approval','sequence/parallel1',1,NULL);
INSERT INTO "waits" VALUES
('due','ready','0','approval',1,NULL,'Ready?','c75befc64765c13ec62f9db96a3bbe70e39f62d23915b6896d4363a90b2a543f','[]','[]',NULL,NULL),
('due','ship it','','approval',1,'2026-01-02T05:04:12.000000Z','Ship a draft?

It is 7 long.','924200f93559c26679a91d6031a4ee3d30e16f06e0260e44b43c656b0ef4d546','[]','["ann", "bob"]',NULL,NULL),
('r1','ready','0','approval',1,NULL,'Ready?','c75befc64765c13ec62f9db96a3bbe70e39f62d23915b6896d4363a90b2a543f','[]','[]',2,'{"approved":false,"by":"ann","note":null,"at":"2026-01-02T03:04:01Z"}'),
('r1','ready','1','approval',2,NULL,'Ready?','c75befc64765c13ec62f9db96a3bbe70e39f62d23915b6896d4363a90b2a543f','[]','[]',NULL,NULL),
('r1','ship it','','approval',1,'2026-01-02T05:04:00.500000Z','Ship a draft?

It is 7 long.','924200f93559c26679a91d6031a4ee3d30e16f06e0260e44b43c656b0ef4d546','[]','["ann", "bob"]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
