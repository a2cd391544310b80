INSERT INTO "attempts" VALUES
('kept',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:05.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:06.000000Z',NULL),
('kept',2,'plan','',1,1,'listens','Plan it',NULL,'2026-01-02T03:04:06.000000Z',NULL,NULL,NULL,NULL,NULL),
('told',1,'before','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('told',2,'plan','',1,1,'listens','Plan it',NULL,'2026-01-02T03:04:00.500000Z',5,'succeeded',NULL,'2026-01-02T03:04:04.500000Z',NULL),
('told',3,'last','',1,5,'python',NULL,NULL,'2026-01-02T03:04:04.500000Z',6,'succeeded',NULL,'2026-01-02T03:04:05.000000Z',NULL);
INSERT INTO "frames" VALUES
('kept',0,'2026-01-02T03:04:05.500000Z',1,0),
('kept',1,'2026-01-02T03:04:06.000000Z',1,0),
('kept',2,'2026-01-02T03:04:06.500000Z',1,0),
('told',0,'2026-01-02T03:04:00.000000Z',1,0),
('told',1,'2026-01-02T03:04:00.500000Z',1,0),
('told',2,'2026-01-02T03:04:01.000000Z',1,1),
('told',3,'2026-01-02T03:04:01.500000Z',1,1),
('told',4,'2026-01-02T03:04:03.000000Z',1,1),
('told',5,'2026-01-02T03:04:04.500000Z',1,1),
('told',6,'2026-01-02T03:04:05.000000Z',1,1);
INSERT INTO "inbox" VALUES
(1,'told','steer','plan','',NULL,'{"text": "mind the budget\nand the weather", "by": "ann"}','2026-01-02T03:04:00.500000Z'),
(2,'kept','steer','plan','',NULL,'{"text": "mind the budget", "by": "ann"}','2026-01-02T03:04:07.000000Z');
INSERT INTO "messages" VALUES
('told',1,'plan','',2,'mind the budget
and the weather','ann','2026-01-02T03:04:00.500000Z',4,2);
INSERT INTO "outputs" VALUES
('kept','before','',1,NULL,'"before is done"',NULL),
('told','before','',1,NULL,'"before is done"',NULL),
('told','last','',6,NULL,'"last is done"',NULL),
('told','plan','',5,NULL,'"mind the budget\nand the weather"',NULL);
INSERT INTO "owners" VALUES
('owner-102','recorded/1',102,'1',0,'2026-01-02T03:04:05.500000Z');
INSERT INTO "runs" VALUES
('kept','listens','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:05.500000Z','owner-102',1,NULL,2,'{}'),
('told','listens','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('kept',2,2,0,'listens-1'),
('told',2,3,0,'listens-1');
INSERT INTO "statuses" VALUES
('kept',0,'running',NULL,NULL,NULL),
('told',0,'running',NULL,NULL,NULL),
('told',6,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('kept','before','',0,1,1,'finished',NULL),
('kept','plan','',1,1,NULL,NULL,NULL),
('told','before','',0,1,1,'finished',NULL),
('told','last','',5,1,6,'finished',NULL),
('told','plan','',1,1,5,'finished',NULL);
INSERT INTO "tree" VALUES
('kept','before',0,'step','sequence',0,NULL),
('kept','last',0,'step','sequence',2,NULL),
('kept','plan',0,'task','sequence',1,NULL),
('kept','sequence',0,'sequence',NULL,0,NULL),
('told','before',0,'step','sequence',0,NULL),
('told','last',0,'step','sequence',2,NULL),
('told','plan',0,'task','sequence',1,NULL),
('told','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',2);
