INSERT INTO "attempts" VALUES
('r1',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('r1',2,'works','',1,1,'at-work','Find the leak of a ship',NULL,'2026-01-02T03:04:00.500000Z',NULL,NULL,NULL,NULL,NULL),
('r1',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('r1','loop','0','until',3,'true','');
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:01.000000Z',1,0),
('r1',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'r1','steer','works','',NULL,'{"text": "look below the water line", "by": "ann"}','2026-01-02T03:04:04.000000Z');
INSERT INTO "outputs" VALUES
('r1','before','',1,NULL,'"before is done"',NULL),
('r1','beside','0',3,NULL,'"beside is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "revivals" VALUES
('r1',3,5,'2026-01-02T08:37:24.000000Z','it was started 5 times without progress: flow.py cannot be imported','flow.py cannot be imported',0);
INSERT INTO "runs" VALUES
('r1','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{"topic": "a ship"}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,1,'{}');
INSERT INTO "sessions" VALUES
('r1',2,2,0,'at-work-1');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','before','',0,1,1,'finished',NULL),
('r1','beside','0',1,1,3,'finished',NULL),
('r1','works','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('r1','after',0,'step','sequence',2,NULL),
('r1','before',0,'step','sequence',0,NULL),
('r1','beside',0,'step','loop',0,NULL),
('r1','loop',0,'loop','sequence/parallel1',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',1,NULL),
('r1','works',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
