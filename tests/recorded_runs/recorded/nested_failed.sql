INSERT INTO "attempts" VALUES
('in-each',1,'each-sequence.a.in.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',2,'each-parallel.a.in.beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',3,'each-parallel.a.in.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',4,'each-loop.a.in.leaf','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each-loop.a.in.leaf[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:00.500000Z',NULL),
('in-each',5,'each-branch.a.in.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',6,'each-each.a.in.a.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "choices" VALUES
('in-each','each-branch.a.in.branch','','test',0,'true',''),
('in-each','each-branch.b.in.branch','','test',0,'true',''),
('in-each','each-branch.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-each.a.in.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-each.b.in.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-each.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-loop.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-parallel.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each-sequence.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}','');
INSERT INTO "frames" VALUES
('in-each',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-each',1,'2026-01-02T03:04:00.500000Z',1,0);
INSERT INTO "outputs" VALUES
('in-each','each-branch.a.in.leaf','',1,NULL,'"each-branch.a.in.leaf is done"',NULL),
('in-each','each-each.a.in.a.leaf','',1,NULL,'"each-each.a.in.a.leaf is done"',NULL),
('in-each','each-parallel.a.in.beside','',1,NULL,'"each-parallel.a.in.beside is done"',NULL),
('in-each','each-parallel.a.in.leaf','',1,NULL,'"each-parallel.a.in.leaf is done"',NULL),
('in-each','each-sequence.a.in.leaf','',1,NULL,'"each-sequence.a.in.leaf is done"',NULL);
INSERT INTO "runs" VALUES
('in-each','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-each',0,'running',NULL,NULL,NULL),
('in-each',1,'failed','{"kind": "ValueError", "message": "each-loop.a.in.leaf[0] failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each-loop.a.in.leaf[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('in-each','each-branch.a.in.leaf','',0,1,1,'finished',NULL),
('in-each','each-branch.a.in.other','',0,0,0,'skipped',NULL),
('in-each','each-branch.b.in.leaf','',0,1,1,'cancelled',NULL),
('in-each','each-branch.b.in.other','',0,0,0,'skipped',NULL),
('in-each','each-each.a.in.a.leaf','',0,1,1,'finished',NULL),
('in-each','each-each.a.in.b.leaf','',0,1,1,'cancelled',NULL),
('in-each','each-each.b.in.a.leaf','',0,1,1,'cancelled',NULL),
('in-each','each-each.b.in.b.leaf','',0,1,1,'cancelled',NULL),
('in-each','each-loop.a.in.leaf','0',0,1,1,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each-loop.a.in.leaf[0]''`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('in-each','each-loop.b.in.leaf','0',0,1,1,'cancelled',NULL),
('in-each','each-parallel.a.in.beside','',0,1,1,'finished',NULL),
('in-each','each-parallel.a.in.leaf','',0,1,1,'finished',NULL),
('in-each','each-parallel.b.in.beside','',0,1,1,'cancelled',NULL),
('in-each','each-parallel.b.in.leaf','',0,1,1,'cancelled',NULL),
('in-each','each-sequence.a.in.leaf','',0,1,1,'finished',NULL),
('in-each','each-sequence.b.in.leaf','',0,1,1,'cancelled',NULL);
INSERT INTO "tree" VALUES
('in-each','each-branch.a.in.branch',0,'branch','each-branch.each',0,NULL),
('in-each','each-branch.a.in.leaf',0,'step','each-branch.a.in.branch',0,NULL),
('in-each','each-branch.a.in.other',0,'step','each-branch.a.in.branch',1,NULL),
('in-each','each-branch.b.in.branch',0,'branch','each-branch.each',1,NULL),
('in-each','each-branch.b.in.leaf',0,'step','each-branch.b.in.branch',0,NULL),
('in-each','each-branch.b.in.other',0,'step','each-branch.b.in.branch',1,NULL),
('in-each','each-branch.each',0,'foreach','parallel',2,NULL),
('in-each','each-each.a.in.a.leaf',0,'step','each-each.a.in.each',0,NULL),
('in-each','each-each.a.in.b.leaf',0,'step','each-each.a.in.each',1,NULL),
('in-each','each-each.a.in.each',0,'foreach','each-each.each',0,NULL),
('in-each','each-each.b.in.a.leaf',0,'step','each-each.b.in.each',0,NULL),
('in-each','each-each.b.in.b.leaf',0,'step','each-each.b.in.each',1,NULL),
('in-each','each-each.b.in.each',0,'foreach','each-each.each',1,NULL),
('in-each','each-each.each',0,'foreach','parallel',4,NULL),
('in-each','each-loop.a.in.leaf',0,'step','each-loop.a.in.loop',0,NULL),
('in-each','each-loop.a.in.loop',0,'loop','each-loop.each',0,NULL),
('in-each','each-loop.b.in.leaf',0,'step','each-loop.b.in.loop',0,NULL),
('in-each','each-loop.b.in.loop',0,'loop','each-loop.each',1,NULL),
('in-each','each-loop.each',0,'foreach','parallel',3,NULL),
('in-each','each-parallel.a.in.beside',0,'step','each-parallel.each/a',0,NULL),
('in-each','each-parallel.a.in.leaf',0,'step','each-parallel.each/a',1,NULL),
('in-each','each-parallel.b.in.beside',0,'step','each-parallel.each/b',0,NULL),
('in-each','each-parallel.b.in.leaf',0,'step','each-parallel.each/b',1,NULL),
('in-each','each-parallel.each',0,'foreach','parallel',1,NULL),
('in-each','each-parallel.each/a',0,'parallel','each-parallel.each',0,NULL),
('in-each','each-parallel.each/b',0,'parallel','each-parallel.each',1,NULL),
('in-each','each-sequence.a.in.leaf',0,'step','each-sequence.each/a',0,NULL),
('in-each','each-sequence.b.in.leaf',0,'step','each-sequence.each/b',0,NULL),
('in-each','each-sequence.each',0,'foreach','parallel',0,NULL),
('in-each','each-sequence.each/a',0,'sequence','each-sequence.each',0,NULL),
('in-each','each-sequence.each/b',0,'sequence','each-sequence.each',1,NULL),
('in-each','parallel',0,'parallel',NULL,0,NULL);
