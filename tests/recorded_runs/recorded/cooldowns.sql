INSERT INTO "attempts" VALUES
('waits',1,'alone','',1,0,'first','p',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "Busy", "message": "the provider is over its limit until 2026-01-02 09:04 UTC: 5 hour limit", "hint": "", "place": null, "then": "cool down"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',2,'either','',1,0,'first','p',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "Busy", "message": "the provider is over its limit until 2026-01-02 09:04 UTC: 5 hour limit", "hint": "", "place": null, "then": "cool down"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',3,'either','',2,1,'other','p',NULL,'2026-01-02T03:04:00.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:03.000000Z','["first"]'),
('waits-as-well',1,'alone','',1,0,'first','p',NULL,'2026-01-02T13:04:03.500000Z',1,'failed','{"kind": "Busy", "message": "the provider is over its limit until 2026-01-02 09:04 UTC: 5 hour limit", "hint": "", "place": null, "then": "cool down"}','2026-01-02T13:04:04.000000Z',NULL),
('waits-as-well',2,'either','',1,0,'first','p',NULL,'2026-01-02T13:04:03.500000Z',1,'failed','{"kind": "Busy", "message": "the provider is over its limit until 2026-01-02 09:04 UTC: 5 hour limit", "hint": "", "place": null, "then": "cool down"}','2026-01-02T13:04:04.000000Z',NULL),
('waits-as-well',3,'either','',2,1,'other','p',NULL,'2026-01-02T13:04:04.000000Z',3,'succeeded',NULL,'2026-01-02T13:04:06.500000Z','["first"]');
INSERT INTO "cooldowns" VALUES
('first','first','2026-01-02T13:05:04.000000Z',0,2,'the provider is over its limit until 2026-01-02 09:04 UTC: 5 hour limit','waits-as-well','2026-01-02T13:04:04.000000Z');
INSERT INTO "frames" VALUES
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:00.500000Z',1,0),
('waits',2,'2026-01-02T03:04:01.000000Z',1,0),
('waits',3,'2026-01-02T03:04:03.000000Z',1,0),
('waits',4,'2026-01-02T13:04:17.000000Z',2,0),
('waits-as-well',0,'2026-01-02T13:04:03.500000Z',1,0),
('waits-as-well',1,'2026-01-02T13:04:04.000000Z',1,0),
('waits-as-well',2,'2026-01-02T13:04:04.500000Z',1,0),
('waits-as-well',3,'2026-01-02T13:04:06.500000Z',1,0);
INSERT INTO "outputs" VALUES
('waits','either','',3,NULL,'"done"',NULL),
('waits-as-well','either','',3,NULL,'"done"',NULL);
INSERT INTO "runs" VALUES
('waits','cools','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,2,'2026-01-02T13:05:04.000000Z',NULL,'{}'),
('waits-as-well','cools','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T13:04:03.500000Z',NULL,1,'2026-01-02T13:05:04.000000Z',NULL,'{}');
INSERT INTO "sessions" VALUES
('waits',3,2,0,'other-1'),
('waits-as-well',3,2,0,'other-1');
INSERT INTO "statuses" VALUES
('waits',0,'running',NULL,NULL,NULL),
('waits',3,'waiting',NULL,NULL,NULL),
('waits',4,'waiting',NULL,NULL,NULL),
('waits-as-well',0,'running',NULL,NULL,NULL),
('waits-as-well',3,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('waits','alone','',0,1,NULL,NULL,NULL),
('waits','either','',0,1,3,'finished',NULL),
('waits-as-well','alone','',0,1,NULL,NULL,NULL),
('waits-as-well','either','',0,1,3,'finished',NULL);
INSERT INTO "tree" VALUES
('waits','alone',0,'task','sequence/parallel1',0,NULL),
('waits','either',0,'task','sequence/parallel1',1,NULL),
('waits','last',0,'step','sequence',1,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL),
('waits','sequence/parallel1',0,'parallel','sequence',0,NULL),
('waits-as-well','alone',0,'task','sequence/parallel1',0,NULL),
('waits-as-well','either',0,'task','sequence/parallel1',1,NULL),
('waits-as-well','last',0,'step','sequence',1,NULL),
('waits-as-well','sequence',0,'sequence',NULL,0,NULL),
('waits-as-well','sequence/parallel1',0,'parallel','sequence',0,NULL);
INSERT INTO "usage" VALUES
('waits',3,3,0,10,2,0,NULL,NULL,0),
('waits-as-well',3,3,0,10,2,0,NULL,NULL,0);
INSERT INTO "waits" VALUES
('waits','alone','','cooldown',1,'2026-01-02T09:04:00.000000Z',NULL,NULL,'["first"]','[]',4,NULL),
('waits','alone','','cooldown',4,'2026-01-02T13:05:04.000000Z',NULL,NULL,'["first"]','[]',NULL,NULL),
('waits-as-well','alone','','cooldown',1,'2026-01-02T13:05:04.000000Z',NULL,NULL,'["first"]','[]',NULL,NULL);
