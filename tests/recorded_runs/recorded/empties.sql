INSERT INTO "attempts" VALUES
('allowed',1,'last','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('refused',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('allowed','none','','items',0,'{"keys": [], "digests": [], "source": "1"}','');
INSERT INTO "frames" VALUES
('allowed',0,'2026-01-02T03:04:00.000000Z',1,0),
('allowed',1,'2026-01-02T03:04:00.500000Z',1,0),
('refused',0,'2026-01-02T03:04:01.000000Z',1,0),
('refused',1,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "outputs" VALUES
('allowed','last','',1,NULL,'"last is done"',NULL),
('refused','first','',1,NULL,'[]',NULL);
INSERT INTO "runs" VALUES
('allowed','empties','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}'),
('refused','refuses','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('allowed',0,'running',NULL,NULL,NULL),
('allowed',1,'finished',NULL,NULL,NULL),
('refused',0,'running',NULL,NULL,NULL),
('refused',1,'failed','{"kind": "AuthorError", "message": "none failed: none has no items", "hint": "to allow an empty list, set allow_empty=True", "place": "/project/scenes_trees.py:131:32", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('allowed','last','',0,1,1,'finished',NULL),
('refused','first','',0,1,1,'finished',NULL),
('refused','none','',1,0,1,'failed','{"kind": "AuthorError", "message": "none has no items", "hint": "to allow an empty list, set allow_empty=True", "place": "/project/scenes_trees.py:131:32", "then": null}');
INSERT INTO "tree" VALUES
('allowed','last',0,'step','sequence',4,NULL),
('allowed','none',0,'foreach','sequence',3,NULL),
('allowed','sequence',0,'sequence',NULL,0,NULL),
('allowed','sequence/parallel1',0,'parallel','sequence',0,NULL),
('allowed','sequence/parallel2',0,'parallel','sequence',2,NULL),
('allowed','sequence/parallel2/sequence1',0,'sequence','sequence/parallel2',0,NULL),
('allowed','sequence/sequence1',0,'sequence','sequence',1,NULL),
('refused','first',0,'step','sequence',0,NULL),
('refused','none',0,'foreach','sequence',1,NULL),
('refused','sequence',0,'sequence',NULL,0,NULL);
