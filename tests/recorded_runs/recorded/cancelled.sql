INSERT INTO "attempts" VALUES
('at-work',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('at-work',2,'works','',1,1,'at-work','Find the leak of whales',NULL,'2026-01-02T03:04:00.500000Z',5,'cancelled',NULL,'2026-01-02T03:04:05.000000Z',NULL),
('at-work',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('not-taken',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:17.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:17.500000Z',NULL),
('waits',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:05.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:06.000000Z',NULL);
INSERT INTO "choices" VALUES
('at-work','loop','0','until',3,'true',''),
('not-taken','each','','items',1,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('waits','each','','items',1,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}','');
INSERT INTO "frames" VALUES
('at-work',0,'2026-01-02T03:04:00.000000Z',1,0),
('at-work',1,'2026-01-02T03:04:00.500000Z',1,0),
('at-work',2,'2026-01-02T03:04:01.000000Z',1,0),
('at-work',3,'2026-01-02T03:04:01.500000Z',1,0),
('at-work',4,'2026-01-02T03:04:04.500000Z',1,0),
('at-work',5,'2026-01-02T03:04:05.000000Z',1,1),
('not-taken',0,'2026-01-02T03:04:17.000000Z',1,0),
('not-taken',1,'2026-01-02T03:04:17.500000Z',1,0),
('waits',0,'2026-01-02T03:04:05.500000Z',1,0),
('waits',1,'2026-01-02T03:04:06.000000Z',1,0),
('waits',2,'2026-01-02T03:04:16.500000Z',2,2);
INSERT INTO "inbox" VALUES
(1,'at-work','cancel',NULL,NULL,NULL,'{"by": "ann"}','2026-01-02T03:04:04.500000Z'),
(2,'waits','cancel',NULL,NULL,NULL,'{"by": "ann"}','2026-01-02T03:04:06.500000Z'),
(3,'not-taken','cancel',NULL,NULL,NULL,'{"by": "ann"}','2026-01-02T03:04:18.000000Z');
INSERT INTO "models" VALUES
('not-taken','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('waits','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('at-work','before','',1,NULL,'"before is done"',NULL),
('at-work','beside','0',3,NULL,'"beside is done"',NULL),
('not-taken','first','',1,NULL,'"first is done"',NULL),
('waits','first','',1,NULL,'"first is done"',NULL);
INSERT INTO "runs" VALUES
('at-work','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}'),
('not-taken','waits','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:17.000000Z',NULL,1,NULL,3,'{}'),
('waits','waits','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:05.500000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('at-work',2,2,0,'at-work-1');
INSERT INTO "statuses" VALUES
('at-work',0,'running',NULL,NULL,NULL),
('at-work',5,'cancelled',NULL,NULL,NULL),
('not-taken',0,'running',NULL,NULL,NULL),
('not-taken',1,'waiting',NULL,NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',1,'waiting',NULL,NULL,NULL),
('waits',2,'cancelled',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('at-work','before','',0,1,1,'finished',NULL),
('at-work','beside','0',1,1,3,'finished',NULL),
('at-work','works','',1,1,5,'cancelled',NULL),
('not-taken','first','',0,1,1,'finished',NULL),
('not-taken','ship a','',1,1,NULL,NULL,NULL),
('not-taken','ship b','',1,1,NULL,NULL,NULL),
('waits','first','',0,1,1,'finished',NULL),
('waits','ship a','',1,1,2,'cancelled',NULL),
('waits','ship b','',1,1,2,'cancelled',NULL);
INSERT INTO "tree" VALUES
('at-work','after',0,'step','sequence',2,NULL),
('at-work','before',0,'step','sequence',0,NULL),
('at-work','beside',0,'step','loop',0,NULL),
('at-work','loop',0,'loop','sequence/parallel1',1,NULL),
('at-work','sequence',0,'sequence',NULL,0,NULL),
('at-work','sequence/parallel1',0,'parallel','sequence',1,NULL),
('at-work','works',0,'task','sequence/parallel1',0,NULL),
('not-taken','each',0,'foreach','sequence',1,NULL),
('not-taken','first',0,'step','sequence',0,NULL),
('not-taken','last',0,'step','sequence',2,NULL),
('not-taken','sequence',0,'sequence',NULL,0,NULL),
('not-taken','ship a',1,'approval','each',0,NULL),
('not-taken','ship b',1,'approval','each',1,NULL),
('waits','each',0,'foreach','sequence',1,NULL),
('waits','first',0,'step','sequence',0,NULL),
('waits','last',0,'step','sequence',2,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL),
('waits','ship a',1,'approval','each',0,NULL),
('waits','ship b',1,'approval','each',1,NULL);
INSERT INTO "usage" VALUES
('at-work',2,4,0,1200,40,0,NULL,'large',0);
INSERT INTO "waits" VALUES
('not-taken','ship a','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',NULL,NULL),
('not-taken','ship b','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',NULL,NULL),
('waits','ship a','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,NULL),
('waits','ship b','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',3);
