INSERT INTO "attempts" VALUES
('is-in',1,'task','',1,0,'agent','Do it',NULL,'2026-01-02T03:04:06.000000Z',4,'interrupted',NULL,'2026-01-02T03:04:08.500000Z',NULL),
('is-in',2,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:06.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:07.000000Z',NULL),
('left',1,'task','',1,0,'agent','Do it',NULL,'2026-01-02T03:04:00.000000Z',4,'interrupted',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('left',2,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('left',3,'task','',2,5,'agent','You were interrupted before you answered, and a person has worked in this session since. Take into account what they said and did, continue from there, and answer the task:

Do it','agent-1','2026-01-02T03:04:03.000000Z',6,'succeeded',NULL,'2026-01-02T03:04:05.000000Z',NULL),
('left',4,'last','',1,6,'python',NULL,NULL,'2026-01-02T03:04:05.000000Z',7,'succeeded',NULL,'2026-01-02T03:04:05.500000Z',NULL);
INSERT INTO "frames" VALUES
('is-in',0,'2026-01-02T03:04:06.000000Z',1,0),
('is-in',1,'2026-01-02T03:04:06.500000Z',1,0),
('is-in',2,'2026-01-02T03:04:07.000000Z',1,0),
('is-in',3,'2026-01-02T03:04:08.000000Z',1,3),
('is-in',4,'2026-01-02T03:04:08.500000Z',1,3),
('left',0,'2026-01-02T03:04:00.000000Z',1,0),
('left',1,'2026-01-02T03:04:00.500000Z',1,0),
('left',2,'2026-01-02T03:04:01.000000Z',1,0),
('left',3,'2026-01-02T03:04:02.000000Z',1,1),
('left',4,'2026-01-02T03:04:02.500000Z',1,1),
('left',5,'2026-01-02T03:04:03.000000Z',1,2),
('left',6,'2026-01-02T03:04:05.000000Z',1,2),
('left',7,'2026-01-02T03:04:05.500000Z',1,2);
INSERT INTO "inbox" VALUES
(1,'left','hold','task','',NULL,'{"by": "ann", "worked": true, "id": "ann", "host": "recorded/1", "pid": 99, "started": "1"}','2026-01-02T03:04:01.500000Z'),
(2,'left','release','task','',NULL,'{"by": "ann", "worked": true, "id": "ann", "host": "recorded/1", "pid": 99, "started": "1"}','2026-01-02T03:04:02.500000Z'),
(3,'is-in','hold','task','',NULL,'{"by": "ann", "worked": true, "id": "ann", "host": "recorded/1", "pid": 99, "started": "1"}','2026-01-02T03:04:06.500000Z');
INSERT INTO "outputs" VALUES
('is-in','beside','',2,NULL,'"beside is done"',NULL),
('left','beside','',2,NULL,'"beside is done"',NULL),
('left','last','',7,NULL,'"last is done"',NULL),
('left','task','',6,NULL,'"done"',NULL);
INSERT INTO "owners" VALUES
('owner-102','recorded/1',102,'1',0,'2026-01-02T03:04:06.000000Z');
INSERT INTO "runs" VALUES
('is-in','attaches','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:06.000000Z','owner-102',1,NULL,NULL,'{}'),
('left','attaches','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('is-in',1,1,0,'agent-1'),
('left',1,1,0,'agent-1');
INSERT INTO "statuses" VALUES
('is-in',0,'running',NULL,NULL,NULL),
('left',0,'running',NULL,NULL,NULL),
('left',7,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('is-in','beside','',0,1,2,'finished',NULL),
('is-in','task','',0,1,NULL,NULL,NULL),
('left','beside','',0,1,2,'finished',NULL),
('left','last','',6,1,7,'finished',NULL),
('left','task','',0,1,6,'finished',NULL);
INSERT INTO "tree" VALUES
('is-in','beside',0,'step','sequence/parallel1',1,NULL),
('is-in','last',0,'step','sequence',1,NULL),
('is-in','sequence',0,'sequence',NULL,0,NULL),
('is-in','sequence/parallel1',0,'parallel','sequence',0,NULL),
('is-in','task',0,'task','sequence/parallel1',0,NULL),
('left','beside',0,'step','sequence/parallel1',1,NULL),
('left','last',0,'step','sequence',1,NULL),
('left','sequence',0,'sequence',NULL,0,NULL),
('left','sequence/parallel1',0,'parallel','sequence',0,NULL),
('left','task',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "usage" VALUES
('left',3,6,0,10,2,0,NULL,NULL,0);
INSERT INTO "waits" VALUES
('is-in','task','','attached',3,NULL,'ann',NULL,'["ann", "recorded/1", "99", "1"]','[]',NULL,NULL),
('left','task','','attached',3,NULL,'ann',NULL,'["ann", "recorded/1", "99", "1"]','[]',5,'{"by": "ann"}');
INSERT INTO "sqlite_sequence" VALUES
('inbox',3);
