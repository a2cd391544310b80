INSERT INTO "attempts" VALUES
('cancel',1,'good','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL),
('cancel',2,'bad','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs cancel bad`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:03.000000Z',NULL),
('cancel',3,'slow','',1,0,'slow','Take your time',NULL,'2026-01-02T03:04:02.000000Z',3,'cancelled',NULL,'2026-01-02T03:04:03.500000Z',NULL),
('continue',1,'good','',1,0,'python',NULL,NULL,'2026-01-02T03:04:04.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:04.500000Z',NULL),
('continue',2,'bad','',1,0,'python',NULL,NULL,'2026-01-02T03:04:04.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs continue bad`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:04.500000Z',NULL),
('continue',3,'slow','',1,0,'python',NULL,NULL,'2026-01-02T03:04:04.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:04.500000Z',NULL),
('continue',4,'late','',1,1,'python',NULL,NULL,'2026-01-02T03:04:04.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:05.000000Z',NULL),
('continue',5,'last','',1,2,'python',NULL,NULL,'2026-01-02T03:04:05.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:05.500000Z',NULL),
('finish',1,'good','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('finish',2,'bad','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs finish bad`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:01.000000Z',NULL),
('finish',3,'slow','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('finish',4,'late','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('cancel','each','','items',0,'{"keys": ["good", "bad", "slow", "late"], "digests": ["d3acc91467a03907", "cbfeda2b1f044ccc", "fb18aad9822de902", "02921de0ba559c7c"], "source": "1"}',''),
('continue','each','','items',0,'{"keys": ["good", "bad", "slow", "late"], "digests": ["d3acc91467a03907", "cbfeda2b1f044ccc", "fb18aad9822de902", "02921de0ba559c7c"], "source": "1"}',''),
('finish','each','','items',0,'{"keys": ["good", "bad", "slow", "late"], "digests": ["d3acc91467a03907", "cbfeda2b1f044ccc", "fb18aad9822de902", "02921de0ba559c7c"], "source": "1"}','');
INSERT INTO "frames" VALUES
('cancel',0,'2026-01-02T03:04:02.000000Z',1,0),
('cancel',1,'2026-01-02T03:04:02.500000Z',1,0),
('cancel',2,'2026-01-02T03:04:03.000000Z',1,0),
('cancel',3,'2026-01-02T03:04:03.500000Z',1,0),
('continue',0,'2026-01-02T03:04:04.000000Z',1,0),
('continue',1,'2026-01-02T03:04:04.500000Z',1,0),
('continue',2,'2026-01-02T03:04:05.000000Z',1,0),
('continue',3,'2026-01-02T03:04:05.500000Z',1,0),
('finish',0,'2026-01-02T03:04:00.000000Z',1,0),
('finish',1,'2026-01-02T03:04:00.500000Z',1,0),
('finish',2,'2026-01-02T03:04:01.000000Z',1,0),
('finish',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "handled" VALUES
('continue','after bad','',1),
('continue','bad','',1);
INSERT INTO "outputs" VALUES
('cancel','good','',2,NULL,'"good is done"',NULL),
('continue','good','',1,NULL,'"good is done"',NULL),
('continue','last','',3,NULL,'"last is done"',NULL),
('continue','late','',2,NULL,'"late is done"',NULL),
('continue','slow','',1,NULL,'"slow is done"',NULL),
('finish','good','',1,NULL,'"good is done"',NULL),
('finish','late','',3,NULL,'"late is done"',NULL),
('finish','slow','',2,NULL,'"slow is done"',NULL);
INSERT INTO "runs" VALUES
('cancel','items','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.000000Z',NULL,1,NULL,NULL,'{}'),
('continue','items','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:04.000000Z',NULL,1,NULL,NULL,'{}'),
('finish','items','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('cancel',3,1,0,'slow-1');
INSERT INTO "statuses" VALUES
('cancel',0,'running',NULL,NULL,NULL),
('cancel',3,'failed','{"kind": "ValueError", "message": "bad failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs cancel bad`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL),
('continue',0,'running',NULL,NULL,NULL),
('continue',3,'finished',NULL,NULL,NULL),
('finish',0,'running',NULL,NULL,NULL),
('finish',3,'failed','{"kind": "ValueError", "message": "bad failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs finish bad`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('cancel','after bad','',2,0,2,'cancelled',NULL),
('cancel','bad','',0,1,2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs cancel bad`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('cancel','good','',0,1,2,'finished',NULL),
('cancel','last','',3,0,3,'cancelled',NULL),
('cancel','late','',0,1,2,'cancelled',NULL),
('cancel','slow','',0,1,3,'cancelled',NULL),
('continue','after bad','',1,0,1,'cancelled',NULL),
('continue','bad','',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs continue bad`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('continue','good','',0,1,1,'finished',NULL),
('continue','last','',2,1,3,'finished',NULL),
('continue','late','',0,1,2,'finished',NULL),
('continue','slow','',0,1,1,'finished',NULL),
('finish','after bad','',2,0,2,'cancelled',NULL),
('finish','bad','',0,1,2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs finish bad`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('finish','good','',0,1,1,'finished',NULL),
('finish','last','',3,0,3,'cancelled',NULL),
('finish','late','',0,1,3,'finished',NULL),
('finish','slow','',0,1,2,'finished',NULL);
INSERT INTO "tree" VALUES
('cancel','after bad',0,'step','each/bad',1,NULL),
('cancel','bad',0,'step','each/bad',0,NULL),
('cancel','each',0,'foreach','sequence',0,NULL),
('cancel','each/bad',0,'sequence','each',1,NULL),
('cancel','good',0,'step','each',0,NULL),
('cancel','last',0,'step','sequence',1,NULL),
('cancel','late',0,'step','each',3,NULL),
('cancel','sequence',0,'sequence',NULL,0,NULL),
('cancel','slow',0,'task','each',2,NULL),
('continue','after bad',0,'step','each/bad',1,NULL),
('continue','bad',0,'step','each/bad',0,NULL),
('continue','each',0,'foreach','sequence',0,NULL),
('continue','each/bad',0,'sequence','each',1,NULL),
('continue','good',0,'step','each',0,NULL),
('continue','last',0,'step','sequence',1,NULL),
('continue','late',0,'step','each',3,NULL),
('continue','sequence',0,'sequence',NULL,0,NULL),
('continue','slow',0,'step','each',2,NULL),
('finish','after bad',0,'step','each/bad',1,NULL),
('finish','bad',0,'step','each/bad',0,NULL),
('finish','each',0,'foreach','sequence',0,NULL),
('finish','each/bad',0,'sequence','each',1,NULL),
('finish','good',0,'step','each',0,NULL),
('finish','last',0,'step','sequence',1,NULL),
('finish','late',0,'step','each',3,NULL),
('finish','sequence',0,'sequence',NULL,0,NULL),
('finish','slow',0,'step','each',2,NULL);
