INSERT INTO "attempts" VALUES
('came',1,'reads','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',1,'deferred',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('came',2,'late','',1,2,'python',NULL,NULL,'2026-01-02T03:04:12.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:12.500000Z',NULL),
('came',3,'reads','',2,3,'python',NULL,NULL,'2026-01-02T03:04:12.500000Z',4,'succeeded',NULL,'2026-01-02T03:04:13.000000Z',NULL),
('came',4,'needs','',1,3,'python',NULL,NULL,'2026-01-02T03:04:12.500000Z',4,'succeeded',NULL,'2026-01-02T03:04:13.000000Z',NULL),
('came',5,'last','',1,4,'python',NULL,NULL,'2026-01-02T03:04:13.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:13.500000Z',NULL),
('waits',1,'reads','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'deferred',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "frames" VALUES
('came',0,'2026-01-02T03:04:01.000000Z',1,0),
('came',1,'2026-01-02T03:04:01.500000Z',1,0),
('came',2,'2026-01-02T03:04:12.000000Z',2,1),
('came',3,'2026-01-02T03:04:12.500000Z',2,1),
('came',4,'2026-01-02T03:04:13.000000Z',2,1),
('came',5,'2026-01-02T03:04:13.500000Z',2,1),
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:00.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'came','answer','ship','',0,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:02Z"}','2026-01-02T03:04:02.000000Z');
INSERT INTO "models" VALUES
('came','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('waits','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('came','last','',5,NULL,'"last is done"',NULL),
('came','late','',3,NULL,'"late is done"',NULL),
('came','needs','',4,NULL,'"at last"',NULL),
('came','reads','',4,NULL,'"late is done and more"',NULL),
('came','ship','',2,'Decision','{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:02Z"}',NULL);
INSERT INTO "reads" VALUES
('came','reads','',4,'late','',3);
INSERT INTO "runs" VALUES
('came','reads','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.000000Z',NULL,2,NULL,NULL,'{}'),
('waits','reads','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('came',0,'running',NULL,NULL,NULL),
('came',1,'waiting',NULL,NULL,NULL),
('came',2,'running',NULL,NULL,NULL),
('came',5,'finished',NULL,NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',1,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('came','last','',4,1,5,'finished',NULL),
('came','late','',2,1,3,'finished',NULL),
('came','needs','',0,1,4,'finished',NULL),
('came','reads','',0,1,4,'finished',NULL),
('came','ship','',0,1,2,'finished',NULL),
('waits','needs','',0,1,NULL,NULL,NULL),
('waits','reads','',0,1,NULL,NULL,NULL),
('waits','ship','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('came','last',0,'step','sequence',1,NULL),
('came','late',0,'step','sequence/parallel1/sequence1',1,NULL),
('came','needs',0,'step','sequence/parallel1',1,NULL),
('came','reads',0,'step','sequence/parallel1',0,NULL),
('came','sequence',0,'sequence',NULL,0,NULL),
('came','sequence/parallel1',0,'parallel','sequence',0,NULL),
('came','sequence/parallel1/sequence1',0,'sequence','sequence/parallel1',2,NULL),
('came','ship',0,'approval','sequence/parallel1/sequence1',0,NULL),
('waits','last',0,'step','sequence',1,NULL),
('waits','late',0,'step','sequence/parallel1/sequence1',1,NULL),
('waits','needs',0,'step','sequence/parallel1',1,NULL),
('waits','reads',0,'step','sequence/parallel1',0,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL),
('waits','sequence/parallel1',0,'parallel','sequence',0,NULL),
('waits','sequence/parallel1/sequence1',0,'sequence','sequence/parallel1',2,NULL),
('waits','ship',0,'approval','sequence/parallel1/sequence1',0,NULL);
INSERT INTO "waits" VALUES
('came','needs','','data',0,NULL,NULL,NULL,'["late"]','[]',3,NULL),
('came','reads','','data',1,NULL,NULL,NULL,'["late"]','[]',3,NULL),
('came','ship','','approval',0,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T03:04:02Z"}'),
('waits','needs','','data',0,NULL,NULL,NULL,'["late"]','[]',NULL,NULL),
('waits','reads','','data',1,NULL,NULL,NULL,'["late"]','[]',NULL,NULL),
('waits','ship','','approval',0,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
