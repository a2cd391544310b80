INSERT INTO "attempts" VALUES
('mended',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:13.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:13.500000Z',NULL),
('mended',2,'kept','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:13.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:14.000000Z',NULL),
('mended',3,'beside','',1,1,'python',NULL,NULL,'2026-01-02T03:04:13.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:14.000000Z',NULL),
('mended',4,'breaks','0',1,2,'python',NULL,NULL,'2026-01-02T03:04:14.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs mended ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}','2026-01-02T03:04:14.500000Z',NULL),
('mended',5,'breaks','0',2,4,'python',NULL,NULL,'2026-01-02T03:04:25.000000Z',5,'succeeded',NULL,'2026-01-02T03:04:25.500000Z',NULL),
('mended',6,'last','',1,5,'python',NULL,NULL,'2026-01-02T03:04:25.500000Z',6,'succeeded',NULL,'2026-01-02T03:04:26.000000Z',NULL),
('still-broken',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('still-broken',2,'kept','0',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('still-broken',3,'beside','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('still-broken',4,'breaks','0',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'failed','{"kind": "ValueError", "message": "ValueError: broken 1 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}','2026-01-02T03:04:01.500000Z',NULL),
('still-broken',5,'breaks','0',2,4,'python',NULL,NULL,'2026-01-02T03:04:12.000000Z',5,'failed','{"kind": "ValueError", "message": "ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}','2026-01-02T03:04:12.500000Z',NULL);
INSERT INTO "choices" VALUES
('mended','loop','0','until',5,'true','');
INSERT INTO "frames" VALUES
('mended',0,'2026-01-02T03:04:13.000000Z',1,0),
('mended',1,'2026-01-02T03:04:13.500000Z',1,0),
('mended',2,'2026-01-02T03:04:14.000000Z',1,0),
('mended',3,'2026-01-02T03:04:14.500000Z',1,0),
('mended',4,'2026-01-02T03:04:25.000000Z',2,0),
('mended',5,'2026-01-02T03:04:25.500000Z',2,0),
('mended',6,'2026-01-02T03:04:26.000000Z',2,0),
('still-broken',0,'2026-01-02T03:04:00.000000Z',1,0),
('still-broken',1,'2026-01-02T03:04:00.500000Z',1,0),
('still-broken',2,'2026-01-02T03:04:01.000000Z',1,0),
('still-broken',3,'2026-01-02T03:04:01.500000Z',1,0),
('still-broken',4,'2026-01-02T03:04:12.000000Z',2,0),
('still-broken',5,'2026-01-02T03:04:12.500000Z',2,0);
INSERT INTO "outputs" VALUES
('mended','beside','',2,NULL,'"beside is done"',NULL),
('mended','breaks','0',5,NULL,'"mended"',NULL),
('mended','first','',1,NULL,'"first is done"',NULL),
('mended','kept','0',2,NULL,'"kept is done"',NULL),
('mended','last','',6,NULL,'"last is done"',NULL),
('still-broken','beside','',2,NULL,'"beside is done"',NULL),
('still-broken','first','',1,NULL,'"first is done"',NULL),
('still-broken','kept','0',2,NULL,'"kept is done"',NULL);
INSERT INTO "resets" VALUES
('mended','breaks','0',4),
('mended','last','',4),
('still-broken','breaks','0',4),
('still-broken','last','',4);
INSERT INTO "runs" VALUES
('mended','mends','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:13.000000Z',NULL,2,NULL,NULL,'{}'),
('still-broken','mends','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,2,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('mended',0,'running',NULL,NULL,NULL),
('mended',3,'failed','{"kind": "ValueError", "message": "breaks[0] failed: ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs mended ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}',NULL,NULL),
('mended',4,'running',NULL,NULL,NULL),
('mended',6,'finished',NULL,NULL,NULL),
('still-broken',0,'running',NULL,NULL,NULL),
('still-broken',3,'failed','{"kind": "ValueError", "message": "breaks[0] failed: ValueError: broken 1 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}',NULL,NULL),
('still-broken',4,'running',NULL,NULL,NULL),
('still-broken',5,'failed','{"kind": "ValueError", "message": "breaks[0] failed: ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('mended','beside','',1,1,2,'finished',NULL),
('mended','breaks','0',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs mended ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}'),
('mended','breaks','0',4,1,5,'finished',NULL),
('mended','first','',0,1,1,'finished',NULL),
('mended','kept','0',1,1,2,'finished',NULL),
('mended','last','',3,0,3,'cancelled',NULL),
('mended','last','',5,1,6,'finished',NULL),
('still-broken','beside','',1,1,2,'finished',NULL),
('still-broken','breaks','0',2,1,3,'failed','{"kind": "ValueError", "message": "ValueError: broken 1 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}'),
('still-broken','breaks','0',4,1,5,'failed','{"kind": "ValueError", "message": "ValueError: broken 2 times", "hint": "for the traceback and the output, type `smithers logs still-broken ''breaks[0]''`", "place": "/project/scenes_ends.py:150:13", "then": null}'),
('still-broken','first','',0,1,1,'finished',NULL),
('still-broken','kept','0',1,1,2,'finished',NULL),
('still-broken','last','',3,0,3,'cancelled',NULL),
('still-broken','last','',5,0,5,'cancelled',NULL);
INSERT INTO "tree" VALUES
('mended','beside',0,'step','sequence/parallel1',1,NULL),
('mended','breaks',0,'step','loop',1,NULL),
('mended','first',0,'step','sequence',0,NULL),
('mended','kept',0,'step','loop',0,NULL),
('mended','last',0,'step','sequence',2,NULL),
('mended','loop',0,'loop','sequence/parallel1',0,NULL),
('mended','sequence',0,'sequence',NULL,0,NULL),
('mended','sequence/parallel1',0,'parallel','sequence',1,NULL),
('still-broken','beside',0,'step','sequence/parallel1',1,NULL),
('still-broken','breaks',0,'step','loop',1,NULL),
('still-broken','first',0,'step','sequence',0,NULL),
('still-broken','kept',0,'step','loop',0,NULL),
('still-broken','last',0,'step','sequence',2,NULL),
('still-broken','loop',0,'loop','sequence/parallel1',0,NULL),
('still-broken','sequence',0,'sequence',NULL,0,NULL),
('still-broken','sequence/parallel1',0,'parallel','sequence',1,NULL);
