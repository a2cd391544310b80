INSERT INTO "attempts" VALUES
('r1',1,'mends','',1,0,'mends','Plan it

Answer with JSON alone, which fits this JSON Schema:
{"properties": {"steps": {"items": {"type": "string"}, "title": "Steps", "type": "array"}, "days": {"title": "Days", "type": "integer"}}, "required": ["steps", "days"], "title": "Plan", "type": "object"}',NULL,'2026-01-02T03:04:00.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:04.500000Z',NULL),
('r1',2,'never','',1,3,'never','Plan it

Answer with JSON alone, which fits this JSON Schema:
{"properties": {"steps": {"items": {"type": "string"}, "title": "Steps", "type": "array"}, "days": {"title": "Days", "type": "integer"}}, "required": ["steps", "days"], "title": "Plan", "type": "object"}',NULL,'2026-01-02T03:04:04.500000Z',8,'failed','{"kind": "BadOutput", "message": "the answer contains no JSON", "hint": "", "place": "/project/scenes_agents.py:105:15", "then": "repair"}','2026-01-02T03:04:13.000000Z',NULL),
('r1',3,'allowed','',1,3,'agent','p',NULL,'2026-01-02T03:04:04.500000Z',4,'failed','{"kind": "BadOutput", "message": "no", "hint": "", "place": "/project/scenes_agents.py:106:17", "then": "repair"}','2026-01-02T03:04:05.000000Z',NULL);
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:02.500000Z',1,0),
('r1',3,'2026-01-02T03:04:04.500000Z',1,0),
('r1',4,'2026-01-02T03:04:05.000000Z',1,0),
('r1',5,'2026-01-02T03:04:07.000000Z',1,0),
('r1',6,'2026-01-02T03:04:09.000000Z',1,0),
('r1',7,'2026-01-02T03:04:11.000000Z',1,0),
('r1',8,'2026-01-02T03:04:13.000000Z',1,0);
INSERT INTO "handled" VALUES
('r1','allowed','',4);
INSERT INTO "models" VALUES
('r1','Plan','{"properties": {"days": {"title": "Days", "type": "integer"}, "steps": {"items": {"type": "string"}, "title": "Steps", "type": "array"}}, "required": ["steps", "days"], "title": "Plan", "type": "object"}');
INSERT INTO "outputs" VALUES
('r1','mends','',3,'Plan','{"steps":["look","mend"],"days":2}',NULL);
INSERT INTO "runs" VALUES
('r1','plans','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "sessions" VALUES
('r1',1,1,0,'mends-1'),
('r1',2,4,0,'never-1');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',8,'failed','{"kind": "BadOutput", "message": "never failed: the answer contains no JSON", "hint": "", "place": "/project/scenes_agents.py:105:15", "then": "repair"}',NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','allowed','',3,1,4,'failed','{"kind": "BadOutput", "message": "no", "hint": "", "place": "/project/scenes_agents.py:106:17", "then": "repair"}'),
('r1','last','',8,0,8,'cancelled',NULL),
('r1','mends','',0,1,3,'finished',NULL),
('r1','never','',3,1,8,'failed','{"kind": "BadOutput", "message": "the answer contains no JSON", "hint": "", "place": "/project/scenes_agents.py:105:15", "then": "repair"}');
INSERT INTO "tree" VALUES
('r1','allowed',0,'task','sequence/parallel1',1,NULL),
('r1','last',0,'step','sequence',2,NULL),
('r1','mends',0,'task','sequence',0,NULL),
('r1','never',0,'task','sequence/parallel1',0,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',1,NULL);
INSERT INTO "usage" VALUES
('r1',1,2,0,0,0,0,NULL,NULL,1),
('r1',1,2,1,10,2,0,NULL,NULL,0),
('r1',1,3,0,10,2,0,NULL,NULL,0),
('r1',2,5,0,0,0,0,NULL,NULL,1),
('r1',2,5,1,10,2,0,NULL,NULL,0),
('r1',2,6,0,0,0,0,NULL,NULL,1),
('r1',2,6,1,10,2,0,NULL,NULL,0),
('r1',2,7,0,0,0,0,NULL,NULL,1),
('r1',2,7,1,10,2,0,NULL,NULL,0),
('r1',2,8,0,10,2,0,NULL,NULL,0);
