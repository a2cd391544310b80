INSERT INTO "attempts" VALUES
('tried-again',1,'breaks','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.500000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs tried-again breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:02.500000Z',NULL),
('tried-again',2,'asks','',1,0,'agent','Mend it',NULL,'2026-01-02T03:04:01.500000Z',1,'failed','{"kind": "Transient", "message": "the line was cut", "hint": "", "place": null, "then": "retry"}','2026-01-02T03:04:02.000000Z',NULL),
('tried-again',3,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:02.500000Z',NULL),
('tried-again',4,'breaks','',2,3,'python',NULL,NULL,'2026-01-02T04:10:53.000000Z',5,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs tried-again breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T04:10:54.000000Z',NULL),
('tried-again',5,'asks','',2,3,'agent','Mend it',NULL,'2026-01-02T04:10:53.000000Z',4,'failed','{"kind": "Transient", "message": "the line was cut", "hint": "", "place": null, "then": "retry"}','2026-01-02T04:10:53.500000Z',NULL),
('waits',1,'breaks','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs waits breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}','2026-01-02T03:04:01.000000Z',NULL),
('waits',2,'asks','',1,0,'agent','Mend it',NULL,'2026-01-02T03:04:00.000000Z',1,'failed','{"kind": "Transient", "message": "the line was cut", "hint": "", "place": null, "then": "retry"}','2026-01-02T03:04:00.500000Z',NULL),
('waits',3,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL);
INSERT INTO "frames" VALUES
('tried-again',0,'2026-01-02T03:04:01.500000Z',1,0),
('tried-again',1,'2026-01-02T03:04:02.000000Z',1,0),
('tried-again',2,'2026-01-02T03:04:02.500000Z',1,0),
('tried-again',3,'2026-01-02T04:10:53.000000Z',2,0),
('tried-again',4,'2026-01-02T04:10:53.500000Z',2,0),
('tried-again',5,'2026-01-02T04:10:54.000000Z',2,0),
('waits',0,'2026-01-02T03:04:00.000000Z',1,0),
('waits',1,'2026-01-02T03:04:00.500000Z',1,0),
('waits',2,'2026-01-02T03:04:01.000000Z',1,0);
INSERT INTO "outputs" VALUES
('tried-again','beside','',2,NULL,'"beside is done"',NULL),
('waits','beside','',2,NULL,'"beside is done"',NULL);
INSERT INTO "runs" VALUES
('tried-again','retries','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.500000Z',NULL,2,NULL,NULL,'{}'),
('waits','retries','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,'2026-01-02T04:04:00.500000Z',NULL,'{}');
INSERT INTO "statuses" VALUES
('tried-again',0,'running',NULL,NULL,NULL),
('tried-again',2,'waiting',NULL,NULL,NULL),
('tried-again',3,'running',NULL,NULL,NULL),
('tried-again',5,'failed','{"kind": "ValueError", "message": "breaks failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs tried-again breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}',NULL,NULL),
('waits',0,'running',NULL,NULL,NULL),
('waits',2,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('tried-again','asks','',0,1,4,'failed','{"kind": "Transient", "message": "the line was cut", "hint": "", "place": null, "then": "retry"}'),
('tried-again','beside','',0,1,2,'finished',NULL),
('tried-again','breaks','',0,1,5,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs tried-again breaks`", "place": "/project/scenes_trees.py:41:5", "then": null}'),
('tried-again','last','',5,0,5,'cancelled',NULL),
('waits','asks','',0,1,NULL,NULL,NULL),
('waits','beside','',0,1,2,'finished',NULL),
('waits','breaks','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('tried-again','asks',0,'task','sequence/parallel1',1,NULL),
('tried-again','beside',0,'step','sequence/parallel1',2,NULL),
('tried-again','breaks',0,'step','sequence/parallel1',0,NULL),
('tried-again','last',0,'step','sequence',1,NULL),
('tried-again','sequence',0,'sequence',NULL,0,NULL),
('tried-again','sequence/parallel1',0,'parallel','sequence',0,NULL),
('waits','asks',0,'task','sequence/parallel1',1,NULL),
('waits','beside',0,'step','sequence/parallel1',2,NULL),
('waits','breaks',0,'step','sequence/parallel1',0,NULL),
('waits','last',0,'step','sequence',1,NULL),
('waits','sequence',0,'sequence',NULL,0,NULL),
('waits','sequence/parallel1',0,'parallel','sequence',0,NULL);
INSERT INTO "waits" VALUES
('tried-again','asks','','retry',1,'2026-01-02T04:04:02.000000Z',NULL,NULL,'[]','[]',3,NULL),
('tried-again','breaks','','retry',2,'2026-01-02T04:04:02.500000Z',NULL,NULL,'[]','[]',3,NULL),
('waits','asks','','retry',1,'2026-01-02T04:04:00.500000Z',NULL,NULL,'[]','[]',NULL,NULL),
('waits','breaks','','retry',2,'2026-01-02T04:04:01.000000Z',NULL,NULL,'[]','[]',NULL,NULL);
