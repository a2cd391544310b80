INSERT INTO "attempts" VALUES
('r1',1,'a inner','0.0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('r1',2,'a inner','0.1',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('r1',3,'a last','0',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('r1',4,'a inner','1.0',1,3,'python',NULL,NULL,'2026-01-02T03:04:01.500000Z',4,'succeeded',NULL,'2026-01-02T03:04:02.000000Z',NULL),
('r1',5,'a last','1',1,4,'python',NULL,NULL,'2026-01-02T03:04:02.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('r1',6,'b inner','0.0',1,5,'python',NULL,NULL,'2026-01-02T03:04:02.500000Z',6,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL),
('r1',7,'b inner','0.1',1,6,'python',NULL,NULL,'2026-01-02T03:04:03.000000Z',7,'succeeded',NULL,'2026-01-02T03:04:03.500000Z',NULL),
('r1',8,'b inner','1.0',1,7,'python',NULL,NULL,'2026-01-02T03:04:03.500000Z',8,'succeeded',NULL,'2026-01-02T03:04:04.000000Z',NULL);
INSERT INTO "choices" VALUES
('r1','a arm','0','test',2,'true',''),
('r1','a arm','1','test',4,'true',''),
('r1','a loop','0.0','until',1,'false',''),
('r1','a loop','0.1','until',2,'true',''),
('r1','a loop','1.0','until',4,'true',''),
('r1','a outer','0','until',3,'false',''),
('r1','a outer','1','until',5,'true',''),
('r1','b arm','0','test',7,'false',''),
('r1','b arm','1','test',8,'false',''),
('r1','b loop','0.0','until',6,'false',''),
('r1','b loop','0.1','until',7,'true',''),
('r1','b loop','1.0','until',8,'true',''),
('r1','b outer','0','until',7,'false',''),
('r1','b outer','1','until',8,'true',''),
('r1','each','','items',0,'{"keys": ["a", "b"], "digests": ["ac8d8342bbb2362d", "c100f95c1913f9c7"], "source": "1"}','');
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:01.000000Z',1,0),
('r1',3,'2026-01-02T03:04:01.500000Z',1,0),
('r1',4,'2026-01-02T03:04:02.000000Z',1,0),
('r1',5,'2026-01-02T03:04:02.500000Z',1,0),
('r1',6,'2026-01-02T03:04:03.000000Z',1,0),
('r1',7,'2026-01-02T03:04:03.500000Z',1,0),
('r1',8,'2026-01-02T03:04:04.000000Z',1,0);
INSERT INTO "outputs" VALUES
('r1','a inner','0.0',1,NULL,'"a inner is done"',NULL),
('r1','a inner','0.1',2,NULL,'"a inner is done"',NULL),
('r1','a inner','1.0',4,NULL,'"a inner is done"',NULL),
('r1','a last','0',3,NULL,'"a inner is done, at last"',NULL),
('r1','a last','1',5,NULL,'"a inner is done, at last"',NULL),
('r1','b inner','0.0',6,NULL,'"b inner is done"',NULL),
('r1','b inner','0.1',7,NULL,'"b inner is done"',NULL),
('r1','b inner','1.0',8,NULL,'"b inner is done"',NULL);
INSERT INTO "reads" VALUES
('r1','a last','0',3,'a inner','0.1',2),
('r1','a last','1',5,'a inner','1.0',4);
INSERT INTO "runs" VALUES
('r1','deep','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',8,'finished',NULL,'[null,null]',NULL);
INSERT INTO "tasks" VALUES
('r1','a inner','0.0',0,1,1,'finished',NULL),
('r1','a inner','0.1',1,1,2,'finished',NULL),
('r1','a inner','1.0',3,1,4,'finished',NULL),
('r1','a last','0',2,1,3,'finished',NULL),
('r1','a last','1',4,1,5,'finished',NULL),
('r1','b inner','0.0',0,1,6,'finished',NULL),
('r1','b inner','0.1',6,1,7,'finished',NULL),
('r1','b inner','1.0',7,1,8,'finished',NULL),
('r1','b last','0',7,0,7,'skipped',NULL),
('r1','b last','1',8,0,8,'skipped',NULL);
INSERT INTO "tree" VALUES
('r1','a arm',0,'branch','a outer',1,NULL),
('r1','a inner',0,'step','a loop',0,NULL),
('r1','a last',0,'step','a arm',0,NULL),
('r1','a loop',0,'loop','a outer',0,NULL),
('r1','a outer',0,'loop','each',0,NULL),
('r1','b arm',0,'branch','b outer',1,NULL),
('r1','b inner',0,'step','b loop',0,NULL),
('r1','b last',0,'step','b arm',0,NULL),
('r1','b loop',0,'loop','b outer',0,NULL),
('r1','b outer',0,'loop','each',1,NULL),
('r1','each',0,'foreach',NULL,0,NULL);
