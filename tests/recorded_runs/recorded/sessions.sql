INSERT INTO "attempts" VALUES
('r1',1,'first','',1,0,'agent','I am Ann',NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('r1',2,'more','',1,2,'agent','Who am I?','agent-1','2026-01-02T03:04:02.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:04.500000Z',NULL),
('r1',3,'copy','',1,3,'agent','Who was I?',NULL,'2026-01-02T03:04:04.500000Z',5,'failed','{"kind": "Transient", "message": "cut", "hint": "", "place": null, "then": "retry"}','2026-01-02T03:04:06.000000Z',NULL),
('r1',4,'copy','',2,5,'agent','You were interrupted before you answered. Go on where you stopped, and answer the task:

Who was I?','agent-2','2026-01-02T03:04:06.000000Z',6,'succeeded',NULL,'2026-01-02T03:04:08.000000Z',NULL);
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:02.500000Z',1,0),
('r1',3,'2026-01-02T03:04:04.500000Z',1,0),
('r1',4,'2026-01-02T03:04:05.000000Z',1,0),
('r1',5,'2026-01-02T03:04:06.000000Z',1,0),
('r1',6,'2026-01-02T03:04:08.000000Z',1,0);
INSERT INTO "outputs" VALUES
('r1','copy','',6,NULL,'"I am Ann | Who am I? | Who was I? | You were interrupted before you answered. Go on where you stopped, and answer the task:\n\nWho was I?"',NULL),
('r1','first','',2,NULL,'"I am Ann"',NULL),
('r1','more','',3,NULL,'"I am Ann | Who am I?"',NULL);
INSERT INTO "reads" VALUES
('r1','copy','',3,'first','',2),
('r1','copy','',5,'first','',2),
('r1','more','',2,'first','',2);
INSERT INTO "runs" VALUES
('r1','talks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('r1',1,1,0,'agent-1'),
('r1',3,4,0,'agent-2');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',6,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','copy','',3,1,6,'finished',NULL),
('r1','first','',0,1,2,'finished',NULL),
('r1','more','',2,1,3,'finished',NULL);
INSERT INTO "tree" VALUES
('r1','copy',0,'task','sequence',2,NULL),
('r1','first',0,'task','sequence',0,NULL),
('r1','more',0,'task','sequence',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL);
