INSERT INTO "attempts" VALUES
('run-0',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('run-1',1,'breaks','',1,0,'python',NULL,NULL,'2026-01-02T04:10:41.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs run-1 breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T04:10:41.500000Z',NULL),
('running',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T07:32:13.500000Z',NULL,NULL,NULL,NULL,NULL),
('stale',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T07:30:43.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "frames" VALUES
('run-0',0,'2026-01-02T03:04:00.000000Z',1,0),
('run-0',1,'2026-01-02T03:04:00.500000Z',1,0),
('run-1',0,'2026-01-02T04:10:41.000000Z',1,0),
('run-1',1,'2026-01-02T04:10:41.500000Z',1,0),
('run-2',0,'2026-01-02T05:17:22.000000Z',1,0),
('run-3',0,'2026-01-02T06:24:02.500000Z',1,0),
('running',0,'2026-01-02T07:32:13.500000Z',1,0),
('stale',0,'2026-01-02T07:30:43.000000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'run-3','answer','ship','',0,'{"approved":true,"by":"ann","note":null,"at":"2026-01-02T07:30:43Z"}','2026-01-02T07:30:43.000000Z');
INSERT INTO "models" VALUES
('run-2','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('run-3','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('run-0','first','',1,NULL,'"first is done"',NULL);
INSERT INTO "owners" VALUES
('owner-105','recorded/1',105,'1',0,'2026-01-02T07:30:43.000000Z'),
('owner-106','recorded/1',106,'1',0,'2026-01-02T07:32:13.500000Z');
INSERT INTO "runs" VALUES
('run-0','works','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}'),
('run-1','breaks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T04:10:41.000000Z',NULL,1,NULL,NULL,'{}'),
('run-2','asks [31m a person','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T05:17:22.000000Z',NULL,1,NULL,NULL,'{}'),
('run-3','asks [31m a person','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T06:24:02.500000Z',NULL,1,NULL,1,'{}'),
('running','works','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T07:32:13.500000Z','owner-106',1,NULL,NULL,'{}'),
('stale','works','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T07:30:43.000000Z','owner-105',1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('run-0',0,'running',NULL,NULL,NULL),
('run-0',1,'finished',NULL,NULL,NULL),
('run-1',0,'running',NULL,NULL,NULL),
('run-1',1,'failed','{"kind": "ValueError", "message": "breaks failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs run-1 breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL),
('run-2',0,'waiting',NULL,NULL,NULL),
('run-3',0,'waiting',NULL,NULL,NULL),
('running',0,'running',NULL,NULL,NULL),
('stale',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('run-0','first','',0,1,1,'finished',NULL),
('run-1','breaks','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs run-1 breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('run-1','never','',1,0,1,'cancelled',NULL),
('run-2','ship','',0,1,NULL,NULL,NULL),
('run-3','ship','',0,1,NULL,NULL,NULL),
('running','first','',0,1,NULL,NULL,NULL),
('stale','first','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('run-0','first',0,'step','sequence',0,NULL),
('run-0','sequence',0,'sequence',NULL,0,NULL),
('run-1','breaks',0,'step','sequence',0,NULL),
('run-1','never',0,'step','sequence',1,NULL),
('run-1','sequence',0,'sequence',NULL,0,NULL),
('run-2','sequence',0,'sequence',NULL,0,NULL),
('run-2','ship',0,'approval','sequence',0,NULL),
('run-3','sequence',0,'sequence',NULL,0,NULL),
('run-3','ship',0,'approval','sequence',0,NULL),
('running','first',0,'step','sequence',0,NULL),
('running','sequence',0,'sequence',NULL,0,NULL),
('stale','first',0,'step','sequence',0,NULL),
('stale','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "waits" VALUES
('run-2','ship','','approval',0,NULL,'[31mred[0m?
Second line','bc0e08fb1279a04579738f9f90ae47c20ed2c17f27ba2f0bacc2f0b81df1fce8','[]','[]',NULL,NULL),
('run-3','ship','','approval',0,NULL,'[31mred[0m?
Second line','bc0e08fb1279a04579738f9f90ae47c20ed2c17f27ba2f0bacc2f0b81df1fce8','[]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
