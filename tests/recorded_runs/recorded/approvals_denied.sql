INSERT INTO "attempts" VALUES
('continue',1,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:11.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:12.000000Z',NULL),
('continue',2,'last','',1,2,'python',NULL,NULL,'2026-01-02T03:04:22.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:23.000000Z',NULL),
('fail',1,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "frames" VALUES
('continue',0,'2026-01-02T03:04:11.500000Z',1,0),
('continue',1,'2026-01-02T03:04:12.000000Z',1,0),
('continue',2,'2026-01-02T03:04:22.500000Z',2,2),
('continue',3,'2026-01-02T03:04:23.000000Z',2,2),
('fail',0,'2026-01-02T03:04:00.000000Z',1,0),
('fail',1,'2026-01-02T03:04:00.500000Z',1,0),
('fail',2,'2026-01-02T03:04:11.000000Z',2,1);
INSERT INTO "inbox" VALUES
(1,'fail','answer','ship','',0,'{"approved":false,"by":"ann","note":"too early","at":"2026-01-02T03:04:01Z"}','2026-01-02T03:04:01.000000Z'),
(2,'continue','answer','ship','',0,'{"approved":false,"by":"ann","note":"too early","at":"2026-01-02T03:04:12.500000Z"}','2026-01-02T03:04:12.500000Z');
INSERT INTO "models" VALUES
('continue','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('fail','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('continue','beside','',1,NULL,'"beside is done"',NULL),
('continue','last','',3,NULL,'"last is done"',NULL),
('continue','ship','',2,'Decision','{"approved":false,"by":"ann","note":"too early","at":"2026-01-02T03:04:12.500000Z"}',NULL),
('fail','beside','',1,NULL,'"beside is done"',NULL);
INSERT INTO "runs" VALUES
('continue','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:11.500000Z',NULL,2,NULL,NULL,'{}'),
('fail','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('continue',0,'running',NULL,NULL,NULL),
('continue',1,'waiting',NULL,NULL,NULL),
('continue',2,'running',NULL,NULL,NULL),
('continue',3,'finished',NULL,NULL,NULL),
('fail',0,'running',NULL,NULL,NULL),
('fail',1,'waiting',NULL,NULL,NULL),
('fail',2,'failed','{"kind": "Denied", "message": "ship failed: denied by ann: too early", "hint": "a person''s denial is final: resuming the run does not change it, start a new run", "place": null, "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('continue','beside','',0,1,1,'finished',NULL),
('continue','last','',2,1,3,'finished',NULL),
('continue','ship','',0,1,2,'finished',NULL),
('fail','beside','',0,1,1,'finished',NULL),
('fail','last','',2,0,2,'cancelled',NULL),
('fail','ship','',0,1,2,'failed','{"kind": "Denied", "message": "denied by ann: too early", "hint": "a person''s denial is final: resuming the run does not change it, start a new run", "place": null, "then": null}');
INSERT INTO "tree" VALUES
('continue','beside',0,'step','sequence/parallel1',1,NULL),
('continue','last',0,'step','sequence',1,NULL),
('continue','sequence',0,'sequence',NULL,0,NULL),
('continue','sequence/parallel1',0,'parallel','sequence',0,NULL),
('continue','ship',0,'approval','sequence/parallel1',0,NULL),
('fail','beside',0,'step','sequence/parallel1',1,NULL),
('fail','last',0,'step','sequence',1,NULL),
('fail','sequence',0,'sequence',NULL,0,NULL),
('fail','sequence/parallel1',0,'parallel','sequence',0,NULL),
('fail','ship',0,'approval','sequence/parallel1',0,NULL);
INSERT INTO "waits" VALUES
('continue','ship','','approval',0,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,'{"approved":false,"by":"ann","note":"too early","at":"2026-01-02T03:04:12.500000Z"}'),
('fail','ship','','approval',0,NULL,'Ship?','827913615843cf46dbfbc1e575740e390e85806f03902b080c2dbec73f0d87bf','[]','[]',2,'{"approved":false,"by":"ann","note":"too early","at":"2026-01-02T03:04:01Z"}');
INSERT INTO "sqlite_sequence" VALUES
('inbox',2);
