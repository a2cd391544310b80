INSERT INTO "attempts" VALUES
('open',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('over',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "frames" VALUES
('open',0,'2026-01-02T03:04:00.000000Z',1,0),
('open',1,'2026-01-02T03:04:00.500000Z',1,0),
('over',0,'2026-01-02T03:04:01.000000Z',1,0),
('over',1,'2026-01-02T03:04:01.500000Z',1,0),
('over',2,'2026-01-02T03:06:12.000000Z',2,0);
INSERT INTO "models" VALUES
('open','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('over','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('open','first','',1,NULL,'"first is done"',NULL),
('over','first','',1,NULL,'"first is done"',NULL);
INSERT INTO "runs" VALUES
('open','late','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,'2026-01-02T03:05:00.000000Z',NULL,'{}'),
('over','late','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.000000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('open',0,'running',NULL,NULL,NULL),
('open',1,'waiting',NULL,NULL,NULL),
('over',0,'running',NULL,NULL,NULL),
('over',1,'waiting',NULL,NULL,NULL),
('over',2,'failed','{"kind": "DeadlineExceeded", "message": "the run took longer than its deadline of 60 s", "hint": "the time counts from the start of the run: raise deadline_s of the workflow, then resume the run", "place": null, "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('open','first','',0,1,1,'finished',NULL),
('open','ship','',1,1,NULL,NULL,NULL),
('over','first','',0,1,1,'finished',NULL),
('over','ship','',1,1,2,'cancelled',NULL);
INSERT INTO "tree" VALUES
('open','first',0,'step','sequence',0,NULL),
('open','last',0,'step','sequence',2,NULL),
('open','sequence',0,'sequence',NULL,0,NULL),
('open','ship',0,'approval','sequence',1,NULL),
('over','first',0,'step','sequence',0,NULL),
('over','last',0,'step','sequence',2,NULL),
('over','sequence',0,'sequence',NULL,0,NULL),
('over','ship',0,'approval','sequence',1,NULL);
INSERT INTO "waits" VALUES
('open','ship','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',NULL,NULL),
('over','ship','','approval',1,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,NULL);
