INSERT INTO "attempts" VALUES
('in-branch',1,'branch-sequence.before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-branch',2,'branch-parallel.beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-branch',3,'branch-parallel.leaf','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-branch',4,'branch-loop.leaf','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-branch',5,'branch-branch.leaf','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('in-branch',6,'branch-each.a.leaf','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('in-branch',7,'branch-sequence.leaf','',1,3,'python',NULL,NULL,'2026-01-02T03:04:01.500000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "choices" VALUES
('in-branch','branch-branch.branch','','test',0,'true',''),
('in-branch','branch-each.each','','items',0,'{"keys": ["a"], "digests": ["ac8d8342bbb2362d"], "source": "1"}',''),
('in-branch','branch-loop.loop','0','until',2,'true',''),
('in-branch','branch.branch','','test',0,'true','');
INSERT INTO "frames" VALUES
('in-branch',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-branch',1,'2026-01-02T03:04:00.500000Z',1,0),
('in-branch',2,'2026-01-02T03:04:01.000000Z',1,0),
('in-branch',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "identity" VALUES
('cf75cd3b27275bd480cf8b3eaa71d56c');
INSERT INTO "outputs" VALUES
('in-branch','branch-branch.leaf','',3,NULL,'"branch-branch.leaf is done"',NULL),
('in-branch','branch-each.a.leaf','',3,NULL,'"branch-each.a.leaf is done"',NULL),
('in-branch','branch-loop.leaf','0',2,NULL,'"branch-loop.leaf is done"',NULL),
('in-branch','branch-parallel.beside','',1,NULL,'"branch-parallel.beside is done"',NULL),
('in-branch','branch-parallel.leaf','',2,NULL,'"branch-parallel.leaf is done"',NULL),
('in-branch','branch-sequence.before','',1,NULL,'"branch-sequence.before is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('in-branch','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-branch',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('in-branch','branch-branch.leaf','',0,1,3,'finished',NULL),
('in-branch','branch-branch.other','',0,0,0,'skipped',NULL),
('in-branch','branch-each.a.leaf','',0,1,3,'finished',NULL),
('in-branch','branch-loop.leaf','0',0,1,2,'finished',NULL),
('in-branch','branch-parallel.beside','',0,1,1,'finished',NULL),
('in-branch','branch-parallel.leaf','',0,1,2,'finished',NULL),
('in-branch','branch-sequence.before','',0,1,1,'finished',NULL),
('in-branch','branch-sequence.leaf','',1,1,NULL,NULL,NULL),
('in-branch','branch.other','',0,0,0,'skipped',NULL);
INSERT INTO "tree" VALUES
('in-branch','branch-branch.branch',0,'branch','branch.branch/parallel1',2,NULL),
('in-branch','branch-branch.leaf',0,'step','branch-branch.branch',0,NULL),
('in-branch','branch-branch.other',0,'step','branch-branch.branch',1,NULL),
('in-branch','branch-each.a.leaf',0,'step','branch-each.each',0,NULL),
('in-branch','branch-each.each',0,'foreach','branch.branch/parallel1',4,NULL),
('in-branch','branch-loop.leaf',0,'step','branch-loop.loop',0,NULL),
('in-branch','branch-loop.loop',0,'loop','branch.branch/parallel1',3,NULL),
('in-branch','branch-parallel.beside',0,'step','branch.branch/parallel1/parallel1',0,NULL),
('in-branch','branch-parallel.leaf',0,'step','branch.branch/parallel1/parallel1',1,NULL),
('in-branch','branch-sequence.before',0,'step','branch.branch/parallel1/sequence1',0,NULL),
('in-branch','branch-sequence.leaf',0,'step','branch.branch/parallel1/sequence1',1,NULL),
('in-branch','branch.branch',0,'branch',NULL,0,NULL),
('in-branch','branch.branch/parallel1',0,'parallel','branch.branch',0,NULL),
('in-branch','branch.branch/parallel1/parallel1',0,'parallel','branch.branch/parallel1',1,NULL),
('in-branch','branch.branch/parallel1/sequence1',0,'sequence','branch.branch/parallel1',0,NULL),
('in-branch','branch.other',0,'step','branch.branch',1,NULL);
