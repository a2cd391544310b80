INSERT INTO "attempts" VALUES
('in-each',1,'each.a-sequence.before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',2,'each.a-parallel.beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-each',3,'each.a-parallel.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-each',4,'each.a-loop.leaf','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each.a-loop.leaf[0]''`", "place": "/project/scenes_trees.py:44:5", "then": null}','2026-01-02T03:04:01.000000Z',NULL),
('in-each',5,'each.a-branch.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-each',6,'each.a-each.a.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-each',7,'each.a-sequence.leaf','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('in-each','each.a-branch.branch','','test',0,'true',''),
('in-each','each.a-each.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each.b-branch.branch','','test',0,'true',''),
('in-each','each.b-each.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('in-each','each.each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}','');
INSERT INTO "frames" VALUES
('in-each',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-each',1,'2026-01-02T03:04:00.500000Z',1,0),
('in-each',2,'2026-01-02T03:04:01.000000Z',1,0),
('in-each',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "identity" VALUES
('6fe6ded84163dc6984f531b630985d5f');
INSERT INTO "outputs" VALUES
('in-each','each.a-branch.leaf','',2,NULL,'"each.a-branch.leaf is done"',NULL),
('in-each','each.a-each.a.leaf','',2,NULL,'"each.a-each.a.leaf is done"',NULL),
('in-each','each.a-parallel.beside','',2,NULL,'"each.a-parallel.beside is done"',NULL),
('in-each','each.a-parallel.leaf','',1,NULL,'"each.a-parallel.leaf is done"',NULL),
('in-each','each.a-sequence.before','',1,NULL,'"each.a-sequence.before is done"',NULL),
('in-each','each.a-sequence.leaf','',3,NULL,'"each.a-sequence.leaf is done"',NULL);
INSERT INTO "runs" VALUES
('in-each','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-each',0,'running',NULL,NULL,NULL),
('in-each',3,'failed','{"kind": "ValueError", "message": "each.a-loop.leaf[0] failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each.a-loop.leaf[0]''`", "place": "/project/scenes_trees.py:44:5", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('in-each','each.a-branch.leaf','',0,1,2,'finished',NULL),
('in-each','each.a-branch.other','',0,0,0,'skipped',NULL),
('in-each','each.a-each.a.leaf','',0,1,2,'finished',NULL),
('in-each','each.a-each.b.leaf','',0,1,2,'cancelled',NULL),
('in-each','each.a-loop.leaf','0',0,1,2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs in-each ''each.a-loop.leaf[0]''`", "place": "/project/scenes_trees.py:44:5", "then": null}'),
('in-each','each.a-parallel.beside','',0,1,2,'finished',NULL),
('in-each','each.a-parallel.leaf','',0,1,1,'finished',NULL),
('in-each','each.a-sequence.before','',0,1,1,'finished',NULL),
('in-each','each.a-sequence.leaf','',1,1,3,'finished',NULL),
('in-each','each.b-branch.leaf','',0,1,3,'cancelled',NULL),
('in-each','each.b-branch.other','',0,0,0,'skipped',NULL),
('in-each','each.b-each.a.leaf','',0,1,3,'cancelled',NULL),
('in-each','each.b-each.b.leaf','',0,1,3,'cancelled',NULL),
('in-each','each.b-loop.leaf','0',0,1,3,'cancelled',NULL),
('in-each','each.b-parallel.beside','',0,1,3,'cancelled',NULL),
('in-each','each.b-parallel.leaf','',0,1,3,'cancelled',NULL),
('in-each','each.b-sequence.before','',0,1,3,'cancelled',NULL),
('in-each','each.b-sequence.leaf','',3,0,3,'cancelled',NULL);
INSERT INTO "tree" VALUES
('in-each','each.a-branch.branch',0,'branch','each.each/a',2,NULL),
('in-each','each.a-branch.leaf',0,'step','each.a-branch.branch',0,NULL),
('in-each','each.a-branch.other',0,'step','each.a-branch.branch',1,NULL),
('in-each','each.a-each.a.leaf',0,'step','each.a-each.each',0,NULL),
('in-each','each.a-each.b.leaf',0,'step','each.a-each.each',1,NULL),
('in-each','each.a-each.each',0,'foreach','each.each/a',4,NULL),
('in-each','each.a-loop.leaf',0,'step','each.a-loop.loop',0,NULL),
('in-each','each.a-loop.loop',0,'loop','each.each/a',3,NULL),
('in-each','each.a-parallel.beside',0,'step','each.each/a/parallel1',0,NULL),
('in-each','each.a-parallel.leaf',0,'step','each.each/a/parallel1',1,NULL),
('in-each','each.a-sequence.before',0,'step','each.each/a/sequence1',0,NULL),
('in-each','each.a-sequence.leaf',0,'step','each.each/a/sequence1',1,NULL),
('in-each','each.b-branch.branch',0,'branch','each.each/b',2,NULL),
('in-each','each.b-branch.leaf',0,'step','each.b-branch.branch',0,NULL),
('in-each','each.b-branch.other',0,'step','each.b-branch.branch',1,NULL),
('in-each','each.b-each.a.leaf',0,'step','each.b-each.each',0,NULL),
('in-each','each.b-each.b.leaf',0,'step','each.b-each.each',1,NULL),
('in-each','each.b-each.each',0,'foreach','each.each/b',4,NULL),
('in-each','each.b-loop.leaf',0,'step','each.b-loop.loop',0,NULL),
('in-each','each.b-loop.loop',0,'loop','each.each/b',3,NULL),
('in-each','each.b-parallel.beside',0,'step','each.each/b/parallel1',0,NULL),
('in-each','each.b-parallel.leaf',0,'step','each.each/b/parallel1',1,NULL),
('in-each','each.b-sequence.before',0,'step','each.each/b/sequence1',0,NULL),
('in-each','each.b-sequence.leaf',0,'step','each.each/b/sequence1',1,NULL),
('in-each','each.each',0,'foreach',NULL,0,NULL),
('in-each','each.each/a',0,'parallel','each.each',0,NULL),
('in-each','each.each/a/parallel1',0,'parallel','each.each/a',1,NULL),
('in-each','each.each/a/sequence1',0,'sequence','each.each/a',0,NULL),
('in-each','each.each/b',0,'parallel','each.each',1,NULL),
('in-each','each.each/b/parallel1',0,'parallel','each.each/b',1,NULL),
('in-each','each.each/b/sequence1',0,'sequence','each.each/b',0,NULL);
