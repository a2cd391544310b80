INSERT INTO "attempts" VALUES
('r1',1,'first','',1,0,'spender','one',NULL,'2026-01-02T03:04:00.000000Z',2,'failed','{"kind": "Transient", "message": "cut", "hint": "", "place": null, "then": "retry"}','2026-01-02T03:04:02.500000Z',NULL),
('r1',2,'first','',2,2,'spender','You were interrupted before you answered. Go on where you stopped, and answer the task:

one','spender-1','2026-01-02T03:04:02.500000Z',3,'succeeded',NULL,'2026-01-02T03:04:06.500000Z',NULL),
('r1',3,'second','',1,3,'a','2',NULL,'2026-01-02T03:04:06.500000Z',4,'failed','{"kind": "Permanent", "message": "refused", "hint": "", "place": null, "then": "next agent"}','2026-01-02T03:04:07.000000Z',NULL),
('r1',4,'again','0',1,3,'counts','p',NULL,'2026-01-02T03:04:06.500000Z',5,'succeeded',NULL,'2026-01-02T03:04:09.000000Z',NULL),
('r1',5,'second','',2,4,'spender','2',NULL,'2026-01-02T03:04:07.000000Z',6,'succeeded',NULL,'2026-01-02T03:04:13.000000Z',NULL),
('r1',6,'again','1',1,5,'counts','p',NULL,'2026-01-02T03:04:09.000000Z',7,'succeeded',NULL,'2026-01-02T03:04:15.000000Z',NULL),
('r1',7,'last','',1,7,'python',NULL,NULL,'2026-01-02T03:04:15.000000Z',8,'succeeded',NULL,'2026-01-02T03:04:15.500000Z',NULL);
INSERT INTO "choices" VALUES
('r1','rounds','','exhausted',7,'2',''),
('r1','rounds','0','until',5,'false',''),
('r1','rounds','1','until',7,'false','');
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:02.500000Z',1,0),
('r1',3,'2026-01-02T03:04:06.500000Z',1,0),
('r1',4,'2026-01-02T03:04:07.000000Z',1,0),
('r1',5,'2026-01-02T03:04:09.000000Z',1,0),
('r1',6,'2026-01-02T03:04:13.000000Z',1,0),
('r1',7,'2026-01-02T03:04:15.000000Z',1,0),
('r1',8,'2026-01-02T03:04:15.500000Z',1,0);
INSERT INTO "outputs" VALUES
('r1','again','0',5,NULL,'"done"',NULL),
('r1','again','1',7,NULL,'"done"',NULL),
('r1','first','',3,NULL,'"answer 2"',NULL),
('r1','last','',8,NULL,'"last is done"',NULL),
('r1','second','',6,NULL,'"answer 3"',NULL);
INSERT INTO "runs" VALUES
('r1','spends','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('r1',1,1,0,'spender-1'),
('r1',4,4,0,'counts-1'),
('r1',5,5,0,'spender-3'),
('r1',6,6,0,'counts-2');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',8,'finished',NULL,'"answer 3"',NULL);
INSERT INTO "tasks" VALUES
('r1','again','0',3,1,5,'finished',NULL),
('r1','again','1',5,1,7,'finished',NULL),
('r1','first','',0,1,3,'finished',NULL),
('r1','last','',7,1,8,'finished',NULL),
('r1','second','',3,1,6,'finished',NULL);
INSERT INTO "tree" VALUES
('r1','again',0,'task','rounds',0,NULL),
('r1','first',0,'task','sequence',0,NULL),
('r1','last',0,'step','sequence',2,NULL),
('r1','rounds',0,'loop','sequence/parallel1',1,NULL),
('r1','second',0,'task','sequence/parallel1',0,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "usage" VALUES
('r1',1,2,0,100,10,0,'0.1','large',0),
('r1',1,2,1,7,1,5,NULL,'small',0),
('r1',2,3,0,100,10,0,'0.1','large',0),
('r1',2,3,1,7,1,5,NULL,'small',0),
('r1',4,5,0,10,2,0,NULL,NULL,0),
('r1',5,6,0,100,10,0,'0.1','large',0),
('r1',5,6,1,7,1,5,NULL,'small',0),
('r1',6,7,0,10,2,0,NULL,NULL,0);
