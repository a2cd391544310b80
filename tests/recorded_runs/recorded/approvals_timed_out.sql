INSERT INTO "frames" VALUES
('deny',0,'2026-01-02T03:04:00.000000Z',1,0),
('deny',1,'2026-01-02T03:05:40.500000Z',2,0),
('deny',2,'2026-01-02T03:05:41.000000Z',2,0),
('fail',0,'2026-01-02T03:05:41.500000Z',1,0),
('fail',1,'2026-01-02T03:07:22.000000Z',2,0),
('fail',2,'2026-01-02T03:07:22.500000Z',2,0),
('not-resumed',0,'2026-01-02T03:07:23.000000Z',1,0);
INSERT INTO "models" VALUES
('deny','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('fail','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('not-resumed','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "runs" VALUES
('deny','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,2,NULL,NULL,'{}'),
('fail','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:05:41.500000Z',NULL,2,NULL,NULL,'{}'),
('not-resumed','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:07:23.000000Z',NULL,1,'2026-01-02T03:08:23.000000Z',NULL,'{}');
INSERT INTO "statuses" VALUES
('deny',0,'waiting',NULL,NULL,NULL),
('deny',1,'running',NULL,NULL,NULL),
('deny',2,'failed','{"kind": "Denied", "message": "ship failed: denied: nobody answered in time", "hint": "", "place": null, "then": null}',NULL,NULL),
('fail',0,'waiting',NULL,NULL,NULL),
('fail',1,'running',NULL,NULL,NULL),
('fail',2,'failed','{"kind": "TimedOut", "message": "ship failed: nobody answered ship in time", "hint": "", "place": null, "then": null}',NULL,NULL),
('not-resumed',0,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('deny','last','',2,0,2,'cancelled',NULL),
('deny','ship','',0,1,2,'failed','{"kind": "Denied", "message": "denied: nobody answered in time", "hint": "", "place": null, "then": null}'),
('fail','last','',2,0,2,'cancelled',NULL),
('fail','ship','',0,1,2,'failed','{"kind": "TimedOut", "message": "nobody answered ship in time", "hint": "", "place": null, "then": null}'),
('not-resumed','ship','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('deny','last',0,'step','sequence',1,NULL),
('deny','sequence',0,'sequence',NULL,0,NULL),
('deny','ship',0,'approval','sequence',0,NULL),
('fail','last',0,'step','sequence',1,NULL),
('fail','sequence',0,'sequence',NULL,0,NULL),
('fail','ship',0,'approval','sequence',0,NULL),
('not-resumed','last',0,'step','sequence',1,NULL),
('not-resumed','sequence',0,'sequence',NULL,0,NULL),
('not-resumed','ship',0,'approval','sequence',0,NULL);
INSERT INTO "waits" VALUES
('deny','ship','','approval',0,'2026-01-02T03:05:00.000000Z','Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,'{"approved":false,"by":null,"note":"nobody answered in time","at":"2026-01-02T03:05:41Z"}'),
('fail','ship','','approval',0,'2026-01-02T03:06:41.500000Z','Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,NULL),
('not-resumed','ship','','approval',0,'2026-01-02T03:08:23.000000Z','Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',NULL,NULL);
