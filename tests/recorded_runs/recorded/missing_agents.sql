INSERT INTO "attempts" VALUES
('set-up',1,'either','',1,0,'a','p',NULL,'2026-01-02T03:04:01.500000Z',1,'failed','{"kind": "NotInstalled", "message": "Acme is not installed", "hint": "install it with `apt install acme`", "place": null, "then": "set up"}','2026-01-02T03:04:02.000000Z',NULL),
('set-up',2,'task x','',1,0,'b','p',NULL,'2026-01-02T03:04:01.500000Z',1,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:02.000000Z',NULL),
('set-up',3,'task y','',1,0,'b','p',NULL,'2026-01-02T03:04:01.500000Z',1,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:02.000000Z',NULL),
('set-up',4,'either','',2,1,'b','p',NULL,'2026-01-02T03:04:02.000000Z',2,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:02.500000Z',NULL),
('set-up',5,'either','',3,3,'a','p',NULL,'2026-01-02T03:04:13.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:15.500000Z',NULL),
('set-up',6,'task x','',2,3,'b','p',NULL,'2026-01-02T03:04:13.000000Z',4,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:13.500000Z',NULL),
('set-up',7,'task y','',2,3,'b','p',NULL,'2026-01-02T03:04:13.000000Z',4,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:13.500000Z',NULL),
('waits',1,'either','',1,0,'a','p',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "NotInstalled", "message": "Acme is not installed", "hint": "install it with `apt install acme`", "place": null, "then": "set up"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',2,'task x','',1,0,'b','p',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',3,'task y','',1,0,'b','p',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',4,'either','',2,1,'b','p',NULL,'2026-01-02T03:04:00.500000Z',2,'failed','{"kind": "NotSignedIn", "message": "who are you", "hint": "run `acme login`", "place": null, "then": "set up"}','2026-01-02T03:04:01.000000Z',NULL);
INSERT INTO "choices" VALUES
('set-up','each','','items',0,'{"keys": ["x", "y"], "digests": ["ba2df4903a2c14e8", "2bc983a5942276eb"], "source": "1"}',''),
('waits','each','','items',0,'{"keys": ["x", "y"], "digests": ["ba2df4903a2c14e8", "2bc983a5942276eb"], "source": "1"}','');
INSERT INTO "frames" VALUES
('set-up',0,'2026-01-02T03:04:01.500000Z',1,0),
('set-up',1,'2026-01-02T03:04:02.000000Z',1,0),
('set-up',2,'2026-01-02T03:04:02.500000Z',1,0),
('set-up',3,'2026-01-02T03:04:13.000000Z',2,0),
('set-up',4,'2026-01-02T03:04:13.500000Z',2,0),
('set-up',5,'2026-01-02T03:04:15.500000Z',2,0),
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:00.500000Z',1,0),
('waits',2,'2026-01-02T03:04:01.000000Z',1,0);
INSERT INTO "outputs" VALUES
('set-up','either','',5,NULL,'"from a"',NULL);
INSERT INTO "runs" VALUES
('set-up','missing','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.500000Z',NULL,2,NULL,NULL,'{}'),
('waits','missing','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('set-up',5,4,0,'a-1');
INSERT INTO "statuses" VALUES
('set-up',0,'running',NULL,NULL,NULL),
('set-up',2,'waiting',NULL,NULL,NULL),
('set-up',3,'running',NULL,NULL,NULL),
('set-up',5,'waiting',NULL,NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',2,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('set-up','either','',0,1,5,'finished',NULL),
('set-up','task x','',0,1,NULL,NULL,NULL),
('set-up','task y','',0,1,NULL,NULL,NULL),
('waits','either','',0,1,NULL,NULL,NULL),
('waits','task x','',0,1,NULL,NULL,NULL),
('waits','task y','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('set-up','each',0,'foreach','sequence/parallel1',1,NULL),
('set-up','either',0,'task','sequence/parallel1',0,NULL),
('set-up','last',0,'step','sequence',1,NULL),
('set-up','sequence',0,'sequence',NULL,0,NULL),
('set-up','sequence/parallel1',0,'parallel','sequence',0,NULL),
('set-up','task x',0,'task','each',0,NULL),
('set-up','task y',0,'task','each',1,NULL),
('waits','each',0,'foreach','sequence/parallel1',1,NULL),
('waits','either',0,'task','sequence/parallel1',0,NULL),
('waits','last',0,'step','sequence',1,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL),
('waits','sequence/parallel1',0,'parallel','sequence',0,NULL),
('waits','task x',0,'task','each',0,NULL),
('waits','task y',0,'task','each',1,NULL);
INSERT INTO "usage" VALUES
('set-up',5,5,0,10,2,0,NULL,NULL,0);
INSERT INTO "waits" VALUES
('set-up','either','','agents',2,NULL,'a: Acme is not installed (install it with `apt install acme`)
b: who are you (run `acme login`)',NULL,'[]','[]',3,'"again"'),
('set-up','task x','','agents',1,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',3,'"again"'),
('set-up','task x','','agents',4,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',NULL,NULL),
('set-up','task y','','agents',1,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',3,'"again"'),
('set-up','task y','','agents',4,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',NULL,NULL),
('waits','either','','agents',2,NULL,'a: Acme is not installed (install it with `apt install acme`)
b: who are you (run `acme login`)',NULL,'[]','[]',NULL,NULL),
('waits','task x','','agents',1,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',NULL,NULL),
('waits','task y','','agents',1,NULL,'b: who are you (run `acme login`)',NULL,'[]','[]',NULL,NULL);
