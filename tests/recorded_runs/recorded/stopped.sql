INSERT INTO "attempts" VALUES
('by-a-program',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:05.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:06.000000Z',NULL),
('by-a-program',2,'works','',1,1,'at-work','Find the leak of whales',NULL,'2026-01-02T03:04:06.000000Z',5,'interrupted',NULL,'2026-01-02T03:04:10.500000Z',NULL),
('by-a-program',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:06.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:07.000000Z',NULL),
('by-signal',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('by-signal',2,'works','',1,1,'at-work','Find the leak of whales',NULL,'2026-01-02T03:04:00.500000Z',5,'interrupted',NULL,'2026-01-02T03:04:05.000000Z',NULL),
('by-signal',3,'beside','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('by-a-program','loop','0','until',3,'true',''),
('by-signal','loop','0','until',3,'true','');
INSERT INTO "frames" VALUES
('by-a-program',0,'2026-01-02T03:04:05.500000Z',1,0),
('by-a-program',1,'2026-01-02T03:04:06.000000Z',1,0),
('by-a-program',2,'2026-01-02T03:04:06.500000Z',1,0),
('by-a-program',3,'2026-01-02T03:04:07.000000Z',1,0),
('by-a-program',4,'2026-01-02T03:04:10.000000Z',1,0),
('by-a-program',5,'2026-01-02T03:04:10.500000Z',1,0),
('by-signal',0,'2026-01-02T03:04:00.000000Z',1,0),
('by-signal',1,'2026-01-02T03:04:00.500000Z',1,0),
('by-signal',2,'2026-01-02T03:04:01.000000Z',1,0),
('by-signal',3,'2026-01-02T03:04:01.500000Z',1,0),
('by-signal',4,'2026-01-02T03:04:04.500000Z',1,0),
('by-signal',5,'2026-01-02T03:04:05.000000Z',1,0);
INSERT INTO "outputs" VALUES
('by-a-program','before','',1,NULL,'"before is done"',NULL),
('by-a-program','beside','0',3,NULL,'"beside is done"',NULL),
('by-signal','before','',1,NULL,'"before is done"',NULL),
('by-signal','beside','0',3,NULL,'"beside is done"',NULL);
INSERT INTO "runs" VALUES
('by-a-program','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:05.500000Z',NULL,1,NULL,NULL,'{}'),
('by-signal','midway','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('by-a-program',2,2,0,'at-work-1'),
('by-signal',2,2,0,'at-work-1');
INSERT INTO "statuses" VALUES
('by-a-program',0,'running',NULL,NULL,NULL),
('by-a-program',5,'running',NULL,NULL,NULL),
('by-signal',0,'running',NULL,NULL,NULL),
('by-signal',5,'running',NULL,NULL,'SIGTERM');
INSERT INTO "tasks" VALUES
('by-a-program','before','',0,1,1,'finished',NULL),
('by-a-program','beside','0',1,1,3,'finished',NULL),
('by-a-program','works','',1,1,NULL,NULL,NULL),
('by-signal','before','',0,1,1,'finished',NULL),
('by-signal','beside','0',1,1,3,'finished',NULL),
('by-signal','works','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('by-a-program','after',0,'step','sequence',2,NULL),
('by-a-program','before',0,'step','sequence',0,NULL),
('by-a-program','beside',0,'step','loop',0,NULL),
('by-a-program','loop',0,'loop','sequence/parallel1',1,NULL),
('by-a-program','sequence',0,'sequence',NULL,0,NULL),
('by-a-program','sequence/parallel1',0,'parallel','sequence',1,NULL),
('by-a-program','works',0,'task','sequence/parallel1',0,NULL),
('by-signal','after',0,'step','sequence',2,NULL),
('by-signal','before',0,'step','sequence',0,NULL),
('by-signal','beside',0,'step','loop',0,NULL),
('by-signal','loop',0,'loop','sequence/parallel1',1,NULL),
('by-signal','sequence',0,'sequence',NULL,0,NULL),
('by-signal','sequence/parallel1',0,'parallel','sequence',1,NULL),
('by-signal','works',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "usage" VALUES
('by-a-program',2,4,0,1200,40,0,NULL,'large',0),
('by-signal',2,4,0,1200,40,0,NULL,'large',0);
