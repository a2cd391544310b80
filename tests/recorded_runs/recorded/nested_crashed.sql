INSERT INTO "attempts" VALUES
('in-branch',1,'branch-sequence.in.leaf','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-branch',2,'branch-parallel.in.beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-branch',3,'branch-parallel.in.leaf','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-branch',4,'branch-loop.in.leaf','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('in-branch',5,'branch-branch.in.leaf','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',NULL,NULL,NULL,NULL,NULL),
('in-branch',6,'branch-each.in.a.leaf','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "choices" VALUES
('in-branch','branch-branch.branch','','test',0,'true',''),
('in-branch','branch-branch.in.branch','','test',0,'true',''),
('in-branch','branch-each.branch','','test',0,'true',''),
('in-branch','branch-each.in.each','','items',0,'{"keys": ["a"], "digests": ["ac8d8342bbb2362d"], "source": "1"}',''),
('in-branch','branch-loop.branch','','test',0,'true',''),
('in-branch','branch-loop.in.loop','0','until',2,'true',''),
('in-branch','branch-parallel.branch','','test',0,'true',''),
('in-branch','branch-sequence.branch','','test',0,'true','');
INSERT INTO "frames" VALUES
('in-branch',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-branch',1,'2026-01-02T03:04:00.500000Z',1,0),
('in-branch',2,'2026-01-02T03:04:01.000000Z',1,0);
INSERT INTO "outputs" VALUES
('in-branch','branch-loop.in.leaf','0',2,NULL,'"branch-loop.in.leaf is done"',NULL),
('in-branch','branch-parallel.in.beside','',1,NULL,'"branch-parallel.in.beside is done"',NULL),
('in-branch','branch-parallel.in.leaf','',2,NULL,'"branch-parallel.in.leaf is done"',NULL),
('in-branch','branch-sequence.in.leaf','',1,NULL,'"branch-sequence.in.leaf is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('in-branch','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-branch',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('in-branch','branch-branch.in.leaf','',0,1,NULL,NULL,NULL),
('in-branch','branch-branch.in.other','',0,0,0,'skipped',NULL),
('in-branch','branch-branch.other','',0,0,0,'skipped',NULL),
('in-branch','branch-each.in.a.leaf','',0,1,NULL,NULL,NULL),
('in-branch','branch-each.other','',0,0,0,'skipped',NULL),
('in-branch','branch-loop.in.leaf','0',0,1,2,'finished',NULL),
('in-branch','branch-loop.other','',0,0,0,'skipped',NULL),
('in-branch','branch-parallel.in.beside','',0,1,1,'finished',NULL),
('in-branch','branch-parallel.in.leaf','',0,1,2,'finished',NULL),
('in-branch','branch-parallel.other','',0,0,0,'skipped',NULL),
('in-branch','branch-sequence.in.leaf','',0,1,1,'finished',NULL),
('in-branch','branch-sequence.other','',0,0,0,'skipped',NULL);
INSERT INTO "tree" VALUES
('in-branch','branch-branch.branch',0,'branch','parallel',2,NULL),
('in-branch','branch-branch.in.branch',0,'branch','branch-branch.branch',0,NULL),
('in-branch','branch-branch.in.leaf',0,'step','branch-branch.in.branch',0,NULL),
('in-branch','branch-branch.in.other',0,'step','branch-branch.in.branch',1,NULL),
('in-branch','branch-branch.other',0,'step','branch-branch.branch',1,NULL),
('in-branch','branch-each.branch',0,'branch','parallel',4,NULL),
('in-branch','branch-each.in.a.leaf',0,'step','branch-each.in.each',0,NULL),
('in-branch','branch-each.in.each',0,'foreach','branch-each.branch',0,NULL),
('in-branch','branch-each.other',0,'step','branch-each.branch',1,NULL),
('in-branch','branch-loop.branch',0,'branch','parallel',3,NULL),
('in-branch','branch-loop.in.leaf',0,'step','branch-loop.in.loop',0,NULL),
('in-branch','branch-loop.in.loop',0,'loop','branch-loop.branch',0,NULL),
('in-branch','branch-loop.other',0,'step','branch-loop.branch',1,NULL),
('in-branch','branch-parallel.branch',0,'branch','parallel',1,NULL),
('in-branch','branch-parallel.branch/parallel1',0,'parallel','branch-parallel.branch',0,NULL),
('in-branch','branch-parallel.in.beside',0,'step','branch-parallel.branch/parallel1',0,NULL),
('in-branch','branch-parallel.in.leaf',0,'step','branch-parallel.branch/parallel1',1,NULL),
('in-branch','branch-parallel.other',0,'step','branch-parallel.branch',1,NULL),
('in-branch','branch-sequence.branch',0,'branch','parallel',0,NULL),
('in-branch','branch-sequence.branch/sequence1',0,'sequence','branch-sequence.branch',0,NULL),
('in-branch','branch-sequence.in.leaf',0,'step','branch-sequence.branch/sequence1',0,NULL),
('in-branch','branch-sequence.other',0,'step','branch-sequence.branch',1,NULL),
('in-branch','parallel',0,'parallel',NULL,0,NULL);
