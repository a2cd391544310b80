INSERT INTO "attempts" VALUES
('running',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('running',2,'works','',1,1,'at-work','Find the leak of a ship',NULL,'2026-01-02T03:04:00.500000Z',NULL,NULL,NULL,NULL,NULL),
('running',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('running','loop','0','until',3,'true','');
INSERT INTO "frames" VALUES
('running',0,'2026-01-02T03:04:00.000000Z',1,0),
('running',1,'2026-01-02T03:04:00.500000Z',1,0),
('running',2,'2026-01-02T03:04:01.000000Z',1,0),
('running',3,'2026-01-02T03:04:01.500000Z',1,0),
('running',4,'2026-01-02T03:04:04.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'running','steer','works','',NULL,'{"text": "look below the water line", "by": "ann"}','2026-01-02T03:04:04.500000Z');
INSERT INTO "outputs" VALUES
('running','before','',1,NULL,'"before is done"',NULL),
('running','beside','0',3,NULL,'"beside is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('running','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{"topic": "a ship"}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,1,'{}');
INSERT INTO "sessions" VALUES
('running',2,2,0,'at-work-1');
INSERT INTO "statuses" VALUES
('running',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('running','before','',0,1,1,'finished',NULL),
('running','beside','0',1,1,3,'finished',NULL),
('running','works','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('running','after',0,'step','sequence',2,NULL),
('running','before',0,'step','sequence',0,NULL),
('running','beside',0,'step','loop',0,NULL),
('running','loop',0,'loop','sequence/parallel1',1,NULL),
('running','sequence',0,'sequence',NULL,0,NULL),
('running','sequence/parallel1',0,'parallel','sequence',1,NULL),
('running','works',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "usage" VALUES
('running',2,4,0,1200,40,0,NULL,'large',0);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
