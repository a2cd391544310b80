INSERT INTO "attempts" VALUES
('both',1,'own','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs both own`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:02.500000Z',NULL),
('both',2,'after','',1,1,'python',NULL,NULL,'2026-01-02T03:04:02.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL),
('both',3,'item a','',1,2,'python',NULL,NULL,'2026-01-02T03:04:03.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:03.500000Z',NULL),
('both',4,'item b','',1,2,'python',NULL,NULL,'2026-01-02T03:04:03.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs both ''item b''`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:03.500000Z',NULL),
('then-fails',1,'own','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails own`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:00.500000Z',NULL),
('then-fails',2,'item a','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('then-fails',3,'item b','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails ''item b''`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:01.000000Z',NULL),
('then-fails',4,'beside','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('then-fails',5,'bad','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails bad`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('both','each','','items',2,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('then-fails','each','','items',1,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}','');
INSERT INTO "frames" VALUES
('both',0,'2026-01-02T03:04:02.000000Z',1,0),
('both',1,'2026-01-02T03:04:02.500000Z',1,0),
('both',2,'2026-01-02T03:04:03.000000Z',1,0),
('both',3,'2026-01-02T03:04:03.500000Z',1,0),
('then-fails',0,'2026-01-02T03:04:00.000000Z',1,0),
('then-fails',1,'2026-01-02T03:04:00.500000Z',1,0),
('then-fails',2,'2026-01-02T03:04:01.000000Z',1,0),
('then-fails',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "handled" VALUES
('both','item b','',3),
('both','own','',1),
('then-fails','item b','',2),
('then-fails','own','',1);
INSERT INTO "outputs" VALUES
('both','after','',2,NULL,'"after is done"',NULL),
('both','item a','',3,NULL,'"item a is done"',NULL),
('then-fails','beside','',3,NULL,'"beside is done"',NULL),
('then-fails','item a','',2,NULL,'"item a is done"',NULL);
INSERT INTO "runs" VALUES
('both','both','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.000000Z',NULL,1,NULL,NULL,'{}'),
('then-fails','then_fails','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('both',0,'running',NULL,NULL,NULL),
('both',3,'finished',NULL,NULL,NULL),
('then-fails',0,'running',NULL,NULL,NULL),
('then-fails',3,'failed','{"kind": "ValueError", "message": "bad failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails bad`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('both','after','',1,1,2,'finished',NULL),
('both','item a','',2,1,3,'finished',NULL),
('both','item b','',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs both ''item b''`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('both','own','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs both own`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('then-fails','bad','',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails bad`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('then-fails','beside','',2,1,3,'finished',NULL),
('then-fails','item a','',1,1,2,'finished',NULL),
('then-fails','item b','',1,1,2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails ''item b''`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('then-fails','last','',3,0,3,'cancelled',NULL),
('then-fails','own','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs then-fails own`", "place": "/project/scenes_trees.py:41:5", "then": null}');
INSERT INTO "tree" VALUES
('both','after',0,'step','sequence/sequence1',1,NULL),
('both','each',0,'foreach','sequence',1,NULL),
('both','item a',2,'step','each',0,NULL),
('both','item b',2,'step','each',1,NULL),
('both','own',0,'step','sequence/sequence1',0,NULL),
('both','sequence',0,'sequence',NULL,0,NULL),
('both','sequence/sequence1',0,'sequence','sequence',0,NULL),
('then-fails','bad',0,'step','sequence/parallel1',1,NULL),
('then-fails','beside',0,'step','sequence/parallel1',0,NULL),
('then-fails','each',0,'foreach','sequence',1,NULL),
('then-fails','item a',1,'step','each',0,NULL),
('then-fails','item b',1,'step','each',1,NULL),
('then-fails','last',0,'step','sequence',3,NULL),
('then-fails','own',0,'step','sequence',0,NULL),
('then-fails','sequence',0,'sequence',NULL,0,NULL),
('then-fails','sequence/parallel1',0,'parallel','sequence',2,NULL);
