INSERT INTO "attempts" VALUES
('some',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('some',2,'kept','',1,1,'agent','p',NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL);
INSERT INTO "choices" VALUES
('all','body','0','skip_if',0,'true',''),
('all','loop','0','until',0,'true',''),
('some','alone','','skip_if',1,'true',''),
('some','kept','','skip_if',1,'false',''),
('some','reads','','skip_if',1,'true','');
INSERT INTO "frames" VALUES
('all',0,'2026-01-02T03:04:03.500000Z',1,0),
('some',0,'2026-01-02T03:04:00.000000Z',1,0),
('some',1,'2026-01-02T03:04:00.500000Z',1,0),
('some',2,'2026-01-02T03:04:01.000000Z',1,0),
('some',3,'2026-01-02T03:04:03.000000Z',1,0);
INSERT INTO "outputs" VALUES
('some','first','',1,NULL,'"first is done"',NULL),
('some','kept','',3,NULL,'"done"',NULL);
INSERT INTO "reads" VALUES
('some','reads','',1,'first','',1);
INSERT INTO "runs" VALUES
('all','all_skipped','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:03.500000Z',NULL,1,NULL,NULL,'{}'),
('some','skips','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('some',2,2,0,'agent-1');
INSERT INTO "statuses" VALUES
('all',0,'finished',NULL,NULL,NULL),
('some',0,'running',NULL,NULL,NULL),
('some',3,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('all','body','0',0,1,0,'skipped',NULL),
('some','alone','',1,1,1,'skipped',NULL),
('some','first','',0,1,1,'finished',NULL),
('some','kept','',1,1,3,'finished',NULL),
('some','reads','',1,1,1,'skipped',NULL);
INSERT INTO "tree" VALUES
('all','body',0,'task','loop',0,NULL),
('all','loop',0,'loop','sequence',0,NULL),
('all','sequence',0,'sequence',NULL,0,NULL),
('some','alone',0,'task','sequence/parallel1',0,NULL),
('some','first',0,'step','sequence',0,NULL),
('some','kept',0,'task','sequence',2,NULL),
('some','reads',0,'task','sequence/parallel1',1,NULL),
('some','sequence',0,'sequence',NULL,0,NULL),
('some','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "usage" VALUES
('some',2,3,0,10,2,0,NULL,NULL,0);
