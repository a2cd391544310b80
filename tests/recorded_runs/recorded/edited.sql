INSERT INTO "attempts" VALUES
('crashed',1,'kept','',1,0,'python',NULL,NULL,'2026-01-02T03:04:13.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:14.000000Z',NULL),
('crashed',2,'moves','',1,0,'python',NULL,NULL,'2026-01-02T03:04:13.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:14.500000Z',NULL),
('crashed',3,'goes','',1,0,'python',NULL,NULL,'2026-01-02T03:04:13.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:14.000000Z',NULL),
('crashed',4,'breaks','',1,2,'python',NULL,NULL,'2026-01-02T03:04:14.500000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs crashed breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}','2026-01-02T03:04:15.000000Z',NULL),
('crashed',5,'new','',1,4,'python',NULL,NULL,'2026-01-02T03:04:25.500000Z',5,'succeeded',NULL,'2026-01-02T03:04:26.000000Z',NULL),
('crashed',6,'breaks','',2,5,'python',NULL,NULL,'2026-01-02T03:04:26.000000Z',NULL,NULL,NULL,NULL,NULL),
('mended',1,'kept','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('mended',2,'moves','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('mended',3,'goes','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('mended',4,'breaks','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs mended breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}','2026-01-02T03:04:01.000000Z',NULL),
('mended',5,'new','',1,3,'python',NULL,NULL,'2026-01-02T03:04:11.500000Z',4,'succeeded',NULL,'2026-01-02T03:04:12.000000Z',NULL),
('mended',6,'breaks','',2,4,'python',NULL,NULL,'2026-01-02T03:04:12.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:12.500000Z',NULL),
('mended',7,'last','',1,5,'python',NULL,NULL,'2026-01-02T03:04:12.500000Z',6,'succeeded',NULL,'2026-01-02T03:04:13.000000Z',NULL);
INSERT INTO "frames" VALUES
('crashed',0,'2026-01-02T03:04:13.500000Z',1,0),
('crashed',1,'2026-01-02T03:04:14.000000Z',1,0),
('crashed',2,'2026-01-02T03:04:14.500000Z',1,0),
('crashed',3,'2026-01-02T03:04:15.000000Z',1,0),
('crashed',4,'2026-01-02T03:04:25.500000Z',2,0),
('crashed',5,'2026-01-02T03:04:26.000000Z',2,0),
('mended',0,'2026-01-02T03:04:00.000000Z',1,0),
('mended',1,'2026-01-02T03:04:00.500000Z',1,0),
('mended',2,'2026-01-02T03:04:01.000000Z',1,0),
('mended',3,'2026-01-02T03:04:11.500000Z',2,0),
('mended',4,'2026-01-02T03:04:12.000000Z',2,0),
('mended',5,'2026-01-02T03:04:12.500000Z',2,0),
('mended',6,'2026-01-02T03:04:13.000000Z',2,0);
INSERT INTO "identity" VALUES
('bba5e7f8fdf0ab46bcc256ebf627f838');
INSERT INTO "outputs" VALUES
('crashed','goes','',1,NULL,'"goes is done"',NULL),
('crashed','kept','',1,NULL,'"kept is done"',NULL),
('crashed','moves','',2,NULL,'"moves is done"',NULL),
('crashed','new','',5,NULL,'"new is done"',NULL),
('mended','breaks','',5,NULL,'"breaks is done"',NULL),
('mended','goes','',1,NULL,'"goes is done"',NULL),
('mended','kept','',1,NULL,'"kept is done"',NULL),
('mended','last','',6,NULL,'"last is done"',NULL),
('mended','moves','',1,NULL,'"moves is done"',NULL),
('mended','new','',4,NULL,'"new is done"',NULL);
INSERT INTO "owners" VALUES
('owner-104','recorded/1',104,'1',0,'2026-01-02T03:04:25.500000Z');
INSERT INTO "resets" VALUES
('crashed','breaks','',4),
('crashed','last','',4),
('mended','breaks','',3),
('mended','last','',3);
INSERT INTO "runs" VALUES
('crashed','flow','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','2','2026-01-02T03:04:13.500000Z','owner-104',2,NULL,NULL,'{}'),
('mended','flow','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','2','2026-01-02T03:04:00.000000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('crashed',0,'running',NULL,NULL,NULL),
('crashed',3,'failed','{"kind": "ValueError", "message": "breaks failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs crashed breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}',NULL,NULL),
('crashed',4,'running',NULL,NULL,NULL),
('mended',0,'running',NULL,NULL,NULL),
('mended',2,'failed','{"kind": "ValueError", "message": "breaks failed: ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs mended breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}',NULL,NULL),
('mended',3,'running',NULL,NULL,NULL),
('mended',6,'finished',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('crashed','breaks','',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs crashed breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}'),
('crashed','breaks','',5,1,NULL,NULL,NULL),
('crashed','goes','',0,1,1,'finished',NULL),
('crashed','kept','',0,1,1,'finished',NULL),
('crashed','last','',3,0,3,'cancelled',NULL),
('crashed','moves','',0,1,2,'finished',NULL),
('crashed','new','',4,1,5,'finished',NULL),
('mended','breaks','',1,1,2,'failed','{"kind": "ValueError", "message": "ValueError: the bottle broke", "hint": "for the traceback and the output, type `smithers logs mended breaks`", "place": "/project/scenes_trees.py:44:5", "then": null}'),
('mended','breaks','',4,1,5,'finished',NULL),
('mended','goes','',0,1,1,'finished',NULL),
('mended','kept','',0,1,1,'finished',NULL),
('mended','last','',2,0,2,'cancelled',NULL),
('mended','last','',5,1,6,'finished',NULL),
('mended','moves','',0,1,1,'finished',NULL),
('mended','new','',3,1,4,'finished',NULL);
INSERT INTO "tree" VALUES
('crashed','breaks',0,'step','sequence',1,4),
('crashed','breaks',4,'step','sequence/sequence1',1,NULL),
('crashed','goes',0,'step','sequence/parallel1',2,4),
('crashed','kept',0,'step','sequence/parallel1',0,NULL),
('crashed','last',0,'step','sequence',2,NULL),
('crashed','moves',0,'step','sequence/parallel1',1,4),
('crashed','moves',4,'step','sequence/sequence1',0,NULL),
('crashed','new',4,'step','sequence/parallel1',1,NULL),
('crashed','sequence',0,'sequence',NULL,0,NULL),
('crashed','sequence/parallel1',0,'parallel','sequence',0,NULL),
('crashed','sequence/sequence1',4,'sequence','sequence',1,NULL),
('mended','breaks',0,'step','sequence',1,3),
('mended','breaks',3,'step','sequence/sequence1',1,NULL),
('mended','goes',0,'step','sequence/parallel1',2,3),
('mended','kept',0,'step','sequence/parallel1',0,NULL),
('mended','last',0,'step','sequence',2,NULL),
('mended','moves',0,'step','sequence/parallel1',1,3),
('mended','moves',3,'step','sequence/sequence1',0,NULL),
('mended','new',3,'step','sequence/parallel1',1,NULL),
('mended','sequence',0,'sequence',NULL,0,NULL),
('mended','sequence/parallel1',0,'parallel','sequence',0,NULL),
('mended','sequence/sequence1',3,'sequence','sequence',1,NULL);
