INSERT INTO "attempts" VALUES
('crashed',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('crashed',2,'works','',1,1,'at-work','Find the leak of a ship',NULL,'2026-01-02T03:04:00.500000Z',NULL,NULL,NULL,NULL,NULL),
('crashed',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('crashed','loop','0','until',3,'true','');
INSERT INTO "frames" VALUES
('crashed',0,'2026-01-02T03:04:00.000000Z',1,0),
('crashed',1,'2026-01-02T03:04:00.500000Z',1,0),
('crashed',2,'2026-01-02T03:04:01.000000Z',1,0),
('crashed',3,'2026-01-02T03:04:01.500000Z',1,0),
('crashed',4,'2026-01-02T03:04:04.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'crashed','steer','works','',NULL,'{"text": "look below the water line", "by": "ann"}','2026-01-02T03:04:04.500000Z');
INSERT INTO "outputs" VALUES
('crashed','before','',1,NULL,'"before is done"',NULL),
('crashed','beside','0',3,NULL,'"beside is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('crashed','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{"topic": "a ship"}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,1,'{}');
INSERT INTO "sessions" VALUES
('crashed',2,2,0,'at-work-1');
INSERT INTO "statuses" VALUES
('crashed',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('crashed','before','',0,1,1,'finished',NULL),
('crashed','beside','0',1,1,3,'finished',NULL),
('crashed','works','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('crashed','after',0,'step','sequence',2,NULL),
('crashed','before',0,'step','sequence',0,NULL),
('crashed','beside',0,'step','loop',0,NULL),
('crashed','loop',0,'loop','sequence/parallel1',1,NULL),
('crashed','sequence',0,'sequence',NULL,0,NULL),
('crashed','sequence/parallel1',0,'parallel','sequence',1,NULL),
('crashed','works',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "usage" VALUES
('crashed',2,4,0,1200,40,0,NULL,'large',0);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
