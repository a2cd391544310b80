INSERT INTO "attempts" VALUES
('open',1,'allowed','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs open allowed`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:00.500000Z',NULL),
('open',2,'after','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('open',3,'in a round','0',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs open ''in a round[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:01.500000Z',NULL),
('over',1,'allowed','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs over allowed`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:02.500000Z',NULL),
('over',2,'after','',1,1,'python',NULL,NULL,'2026-01-02T03:04:02.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL),
('over',3,'in a round','0',1,2,'python',NULL,NULL,'2026-01-02T03:04:03.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs over ''in a round[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:03.500000Z',NULL),
('over',4,'last','',1,4,'python',NULL,NULL,'2026-01-02T03:04:14.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:14.500000Z',NULL);
INSERT INTO "choices" VALUES
('open','loop','0','until',3,'true',''),
('over','loop','0','until',3,'true','');
INSERT INTO "frames" VALUES
('open',0,'2026-01-02T03:04:00.000000Z',1,0),
('open',1,'2026-01-02T03:04:00.500000Z',1,0),
('open',2,'2026-01-02T03:04:01.000000Z',1,0),
('open',3,'2026-01-02T03:04:01.500000Z',1,0),
('over',0,'2026-01-02T03:04:02.000000Z',1,0),
('over',1,'2026-01-02T03:04:02.500000Z',1,0),
('over',2,'2026-01-02T03:04:03.000000Z',1,0),
('over',3,'2026-01-02T03:04:03.500000Z',1,0),
('over',4,'2026-01-02T03:04:14.000000Z',2,1),
('over',5,'2026-01-02T03:04:14.500000Z',2,1);
INSERT INTO "handled" VALUES
('open','allowed','',1),
('open','in a round','0',3),
('over','allowed','',1),
('over','in a round','0',3);
INSERT INTO "inbox" VALUES
(1,'over','answer','denied','',2,'{"approved":false,"by":"ann","note":"not today","at":"2026-01-02T03:04:04Z"}','2026-01-02T03:04:04.000000Z');
INSERT INTO "models" VALUES
('open','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}'),
('over','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('open','after','',2,NULL,'"after is done"',NULL),
('over','after','',2,NULL,'"after is done"',NULL),
('over','denied','',4,'Decision','{"approved":false,"by":"ann","note":"not today","at":"2026-01-02T03:04:04Z"}',NULL),
('over','last','',5,NULL,'"last is done"',NULL);
INSERT INTO "runs" VALUES
('open','tolerated','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}'),
('over','tolerated','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.000000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('open',0,'running',NULL,NULL,NULL),
('open',3,'waiting',NULL,NULL,NULL),
('over',0,'running',NULL,NULL,NULL),
('over',3,'waiting',NULL,NULL,NULL),
('over',4,'running',NULL,NULL,NULL),
('over',5,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('open','after','',1,1,2,'finished',NULL),
('open','allowed','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs open allowed`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('open','denied','',2,1,NULL,NULL,NULL),
('open','in a round','0',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs open ''in a round[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('over','after','',1,1,2,'finished',NULL),
('over','allowed','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs over allowed`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('over','denied','',2,1,4,'finished',NULL),
('over','in a round','0',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs over ''in a round[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('over','last','',4,1,5,'finished',NULL);
INSERT INTO "tree" VALUES
('open','after',0,'step','sequence/sequence1',1,NULL),
('open','allowed',0,'step','sequence/sequence1',0,NULL),
('open','denied',0,'approval','sequence/parallel1',1,NULL),
('open','in a round',0,'step','loop',0,NULL),
('open','last',0,'step','sequence',2,NULL),
('open','loop',0,'loop','sequence/parallel1',0,NULL),
('open','sequence',0,'sequence',NULL,0,NULL),
('open','sequence/parallel1',0,'parallel','sequence',1,NULL),
('open','sequence/sequence1',0,'sequence','sequence',0,NULL),
('over','after',0,'step','sequence/sequence1',1,NULL),
('over','allowed',0,'step','sequence/sequence1',0,NULL),
('over','denied',0,'approval','sequence/parallel1',1,NULL),
('over','in a round',0,'step','loop',0,NULL),
('over','last',0,'step','sequence',2,NULL),
('over','loop',0,'loop','sequence/parallel1',0,NULL),
('over','sequence',0,'sequence',NULL,0,NULL),
('over','sequence/parallel1',0,'parallel','sequence',1,NULL),
('over','sequence/sequence1',0,'sequence','sequence',0,NULL);
INSERT INTO "waits" VALUES
('open','denied','','approval',2,NULL,'Really?','9eb8cd756595cf24e67f7f24fe58246e94fad2f10e6a957b65e61995c883a71e','[]','[]',NULL,NULL),
('over','denied','','approval',2,NULL,'Really?','9eb8cd756595cf24e67f7f24fe58246e94fad2f10e6a957b65e61995c883a71e','[]','[]',4,'{"approved":false,"by":"ann","note":"not today","at":"2026-01-02T03:04:04Z"}');
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
