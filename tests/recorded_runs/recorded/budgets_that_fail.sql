INSERT INTO "attempts" VALUES
('r1',1,'task 0','',1,0,'spender','some words',NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('r1',2,'beside','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL),
('r1',3,'task 1','',1,1,'spender','some words',NULL,'2026-01-02T03:04:01.500000Z',2,'succeeded',NULL,'2026-01-02T03:04:03.000000Z',NULL);
INSERT INTO "budgets" VALUES
('r1','sequence/parallel1/sequence1','',0,0,'set','{"tokens": 150, "on_exhausted": "fail"}');
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:01.500000Z',1,0),
('r1',2,'2026-01-02T03:04:03.000000Z',1,0);
INSERT INTO "outputs" VALUES
('r1','beside','',1,NULL,'"beside is done"',NULL),
('r1','task 0','',1,NULL,'"done"',NULL),
('r1','task 1','',2,NULL,'"done"',NULL);
INSERT INTO "runs" VALUES
('r1','fails','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',2,'failed','{"kind": "BudgetExhausted", "message": "task 2 failed: the budget of the sequence is spent: 240 of 150 tokens", "hint": "raise it: the command is shown by `smithers why r1`", "place": null, "then": null}',NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','beside','',0,1,1,'finished',NULL),
('r1','last','',2,0,2,'cancelled',NULL),
('r1','task 0','',0,1,1,'finished',NULL),
('r1','task 1','',1,1,2,'finished',NULL),
('r1','task 2','',2,1,2,'failed','{"kind": "BudgetExhausted", "message": "the budget of the sequence is spent: 240 of 150 tokens", "hint": "raise it: the command is shown by `smithers why r1`", "place": null, "then": null}');
INSERT INTO "tree" VALUES
('r1','beside',0,'step','sequence/parallel1',1,NULL),
('r1','last',0,'step','sequence',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',0,NULL),
('r1','sequence/parallel1/sequence1',0,'sequence','sequence/parallel1',0,NULL),
('r1','task 0',0,'task','sequence/parallel1/sequence1',0,NULL),
('r1','task 1',0,'task','sequence/parallel1/sequence1',1,NULL),
('r1','task 2',0,'task','sequence/parallel1/sequence1',2,NULL);
INSERT INTO "usage" VALUES
('r1',1,1,0,100,20,0,'0.25','large',0),
('r1',3,2,0,100,20,0,'0.25','large',0);
