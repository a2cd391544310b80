INSERT INTO "attempts" VALUES
('r1',1,'task','',1,0,'agent','Do it',NULL,'2026-01-02T03:04:00.000000Z',4,'interrupted',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('r1',2,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL);
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:01.000000Z',1,0),
('r1',3,'2026-01-02T03:04:02.000000Z',1,1),
('r1',4,'2026-01-02T03:04:02.500000Z',1,1);
INSERT INTO "identity" VALUES
('0b5d2e47ada892fda7a8eb7490bece3e');
INSERT INTO "inbox" VALUES
(1,'r1','hold','task','',NULL,'{"by": "ann", "worked": true, "id": "ann", "host": "recorded/1", "pid": 99, "started": "1"}','2026-01-02T03:04:00.500000Z');
INSERT INTO "outputs" VALUES
('r1','beside','',2,NULL,'"beside is done"',NULL);
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('r1','attaches','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('r1',1,1,0,'agent-1');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','beside','',0,1,2,'finished',NULL),
('r1','task','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('r1','beside',0,'step','sequence/parallel1',1,NULL),
('r1','last',0,'step','sequence',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',0,NULL),
('r1','task',0,'task','sequence/parallel1',0,NULL);
INSERT INTO "waits" VALUES
('r1','task','','attached',3,NULL,'ann',NULL,'["ann", "recorded/1", "99", "1"]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',1);
