INSERT INTO "attempts" VALUES
('r1',1,'yes','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('r1',2,'no','',1,1,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('r1',3,'deep','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "choices" VALUES
('r1','empty?','','test',2,'true',''),
('r1','in?','','test',2,'false',''),
('r1','neither?','','test',2,'false',''),
('r1','no?','','test',1,'false',''),
('r1','out?','','test',2,'true',''),
('r1','yes?','','test',0,'true','');
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:01.000000Z',1,0),
('r1',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "outputs" VALUES
('r1','deep','',3,NULL,'"deep is done"',NULL),
('r1','no','',2,NULL,'"no is done"',NULL),
('r1','yes','',1,NULL,'"yes is done"',NULL);
INSERT INTO "runs" VALUES
('r1','arms','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',3,'failed','{"kind": "ValueError", "message": "fails? failed: ValueError: no answer", "hint": "correct the workflow, then resume the run", "place": "/project/scenes_trees.py:81:13", "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','beside','',3,0,3,'cancelled',NULL),
('r1','deep','',2,1,3,'finished',NULL),
('r1','fails?','',3,0,3,'failed','{"kind": "ValueError", "message": "ValueError: no answer", "hint": "correct the workflow, then resume the run", "place": "/project/scenes_trees.py:81:13", "then": null}'),
('r1','never','',2,0,2,'skipped',NULL),
('r1','no','',1,1,2,'finished',NULL),
('r1','not empty','',2,0,2,'skipped',NULL),
('r1','not no','',1,0,1,'skipped',NULL),
('r1','not yes','',0,0,0,'skipped',NULL),
('r1','yes','',0,1,1,'finished',NULL);
INSERT INTO "tree" VALUES
('r1','beside',0,'step','sequence/parallel1',1,NULL),
('r1','deep',0,'step','in?',0,NULL),
('r1','empty?',0,'branch','sequence',3,NULL),
('r1','fails?',0,'branch','sequence/parallel1',0,NULL),
('r1','in?',0,'branch','out?',0,NULL),
('r1','left',0,'step','fails?',0,NULL),
('r1','neither?',0,'branch','sequence',2,NULL),
('r1','never',0,'step','neither?',0,NULL),
('r1','no',0,'step','no?',1,NULL),
('r1','no?',0,'branch','sequence',1,NULL),
('r1','not empty',0,'step','empty?',0,NULL),
('r1','not no',0,'step','no?',0,NULL),
('r1','not yes',0,'step','yes?',1,NULL),
('r1','out?',0,'branch','sequence',4,NULL),
('r1','right',0,'step','fails?',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',5,NULL),
('r1','yes',0,'step','yes?',0,NULL),
('r1','yes?',0,'branch','sequence',0,NULL);
