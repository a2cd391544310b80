INSERT INTO "attempts" VALUES
('not-taken',1,'call 1','',1,0,'spender','x',NULL,'2026-01-02T03:04:16.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:17.500000Z',NULL),
('of-nodes',1,'in a round','0',1,0,'spender','x',NULL,'2026-01-02T03:04:18.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:20.500000Z',NULL),
('of-nodes',2,'item a','',1,0,'spender','x',NULL,'2026-01-02T03:04:18.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:20.500000Z',NULL),
('of-nodes',3,'in a round','1',1,1,'spender','x',NULL,'2026-01-02T03:04:20.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:22.000000Z',NULL),
('of-nodes',4,'item b','',1,3,'spender','x',NULL,'2026-01-02T03:04:32.500000Z',4,'succeeded',NULL,'2026-01-02T03:04:34.000000Z',NULL),
('raised',1,'call 1','',1,0,'spender','x',NULL,'2026-01-02T03:04:02.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:03.500000Z',NULL),
('raised',2,'call 2','',1,2,'spender','x',NULL,'2026-01-02T03:04:14.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:15.500000Z',NULL),
('waits',1,'call 1','',1,0,'spender','x',NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "budgets" VALUES
('not-taken','','',0,0,'set','{"usd": "1.50", "calls": 1, "on_exhausted": "wait"}'),
('of-nodes','each','',0,2,'set','{"calls": 1, "time_s": 600, "on_exhausted": "wait"}'),
('of-nodes','each','',3,0,'raised','{"calls": 1, "by": "ann", "at": "2026-01-02T03:04:22.500000Z"}'),
('of-nodes','in a round','',0,1,'set','{"usd": "0.5", "on_exhausted": "wait"}'),
('of-nodes','loop','',0,0,'set','{"tokens": 240, "on_exhausted": "wait"}'),
('raised','','',0,0,'set','{"usd": "1.50", "calls": 1, "on_exhausted": "wait"}'),
('raised','','',2,0,'raised','{"calls": 3, "by": "ann", "at": "2026-01-02T03:04:04.000000Z"}'),
('waits','','',0,0,'set','{"usd": "1.50", "calls": 1, "on_exhausted": "wait"}');
INSERT INTO "choices" VALUES
('of-nodes','each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}',''),
('of-nodes','loop','0','until',1,'false',''),
('of-nodes','loop','1','until',2,'false','');
INSERT INTO "frames" VALUES
('not-taken',0,'2026-01-02T03:04:16.000000Z',1,0),
('not-taken',1,'2026-01-02T03:04:17.500000Z',1,0),
('of-nodes',0,'2026-01-02T03:04:18.000000Z',1,0),
('of-nodes',1,'2026-01-02T03:04:20.500000Z',1,0),
('of-nodes',2,'2026-01-02T03:04:22.000000Z',1,0),
('of-nodes',3,'2026-01-02T03:04:32.500000Z',2,3),
('of-nodes',4,'2026-01-02T03:04:34.000000Z',2,3),
('raised',0,'2026-01-02T03:04:02.000000Z',1,0),
('raised',1,'2026-01-02T03:04:03.500000Z',1,0),
('raised',2,'2026-01-02T03:04:14.000000Z',2,1),
('raised',3,'2026-01-02T03:04:15.500000Z',2,1),
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "inbox" VALUES
(1,'raised','budget','','',NULL,'{"calls": 3, "by": "ann"}','2026-01-02T03:04:04.000000Z'),
(2,'not-taken','budget','','',NULL,'{"calls": 3, "by": "ann"}','2026-01-02T03:04:18.000000Z'),
(3,'of-nodes','budget','each','',NULL,'{"calls": 1, "by": "ann"}','2026-01-02T03:04:22.500000Z');
INSERT INTO "outputs" VALUES
('not-taken','call 1','',1,NULL,'"done"',NULL),
('of-nodes','in a round','0',1,NULL,'"done"',NULL),
('of-nodes','in a round','1',2,NULL,'"done"',NULL),
('of-nodes','item a','',1,NULL,'"done"',NULL),
('of-nodes','item b','',4,NULL,'"done"',NULL),
('raised','call 1','',1,NULL,'"done"',NULL),
('raised','call 2','',3,NULL,'"done"',NULL),
('waits','call 1','',1,NULL,'"done"',NULL);
INSERT INTO "runs" VALUES
('not-taken','of_run','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:16.000000Z',NULL,1,NULL,2,'{}'),
('of-nodes','of_nodes','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:18.000000Z',NULL,2,NULL,NULL,'{}'),
('raised','of_run','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.000000Z',NULL,2,NULL,NULL,'{}'),
('waits','of_run','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('not-taken',0,'running',NULL,NULL,NULL),
('not-taken',1,'waiting',NULL,NULL,NULL),
('of-nodes',0,'running',NULL,NULL,NULL),
('of-nodes',2,'waiting',NULL,NULL,NULL),
('of-nodes',3,'running',NULL,NULL,NULL),
('of-nodes',4,'waiting',NULL,NULL,NULL),
('raised',0,'running',NULL,NULL,NULL),
('raised',1,'waiting',NULL,NULL,NULL),
('raised',2,'running',NULL,NULL,NULL),
('raised',3,'finished',NULL,NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',1,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('not-taken','call 1','',0,1,1,'finished',NULL),
('not-taken','call 2','',1,1,NULL,NULL,NULL),
('of-nodes','in a round','0',0,1,1,'finished',NULL),
('of-nodes','in a round','1',1,1,2,'finished',NULL),
('of-nodes','in a round','2',2,1,NULL,NULL,NULL),
('of-nodes','item a','',0,1,1,'finished',NULL),
('of-nodes','item b','',0,1,4,'finished',NULL),
('raised','call 1','',0,1,1,'finished',NULL),
('raised','call 2','',1,1,3,'finished',NULL),
('waits','call 1','',0,1,1,'finished',NULL),
('waits','call 2','',1,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('not-taken','call 1',0,'task','sequence',0,NULL),
('not-taken','call 2',0,'task','sequence',1,NULL),
('not-taken','sequence',0,'sequence',NULL,0,NULL),
('of-nodes','each',0,'foreach','parallel',1,NULL),
('of-nodes','in a round',0,'task','loop',0,NULL),
('of-nodes','item a',0,'task','each',0,NULL),
('of-nodes','item b',0,'task','each',1,NULL),
('of-nodes','loop',0,'loop','parallel',0,NULL),
('of-nodes','parallel',0,'parallel',NULL,0,NULL),
('raised','call 1',0,'task','sequence',0,NULL),
('raised','call 2',0,'task','sequence',1,NULL),
('raised','sequence',0,'sequence',NULL,0,NULL),
('waits','call 1',0,'task','sequence',0,NULL),
('waits','call 2',0,'task','sequence',1,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL);
INSERT INTO "usage" VALUES
('not-taken',1,1,0,100,20,0,'0.25','large',0),
('of-nodes',1,1,0,100,20,0,'0.25','large',0),
('of-nodes',2,1,1,100,20,0,'0.25','large',0),
('of-nodes',3,2,0,100,20,0,'0.25','large',0),
('of-nodes',4,4,0,100,20,0,'0.25','large',0),
('raised',1,1,0,100,20,0,'0.25','large',0),
('raised',2,3,0,100,20,0,'0.25','large',0),
('waits',1,1,0,100,20,0,'0.25','large',0);
INSERT INTO "waits" VALUES
('not-taken','','','budget',1,NULL,'the budget of the run is spent: 1 of 1 call',NULL,'[]','[]',NULL,NULL),
('of-nodes','each','','budget',1,NULL,'the budget of each is spent: 1 of 1 call',NULL,'[]','[]',3,'{"calls": 1, "by": "ann"}'),
('of-nodes','loop','','budget',2,NULL,'the budget of the loop is spent: 240 of 240 tokens',NULL,'[]','[]',NULL,NULL),
('raised','','','budget',1,NULL,'the budget of the run is spent: 1 of 1 call',NULL,'[]','[]',2,'{"calls": 3, "by": "ann"}'),
('waits','','','budget',1,NULL,'the budget of the run is spent: 1 of 1 call',NULL,'[]','[]',NULL,NULL);
INSERT INTO "sqlite_sequence" VALUES
('inbox',3);
