INSERT INTO "attempts" VALUES
('in-loop',1,'loop-parallel.in.beside','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "choices" VALUES
('in-loop','loop-branch.in.branch','0','test',0,'true',''),
('in-loop','loop-each.in.each','0','items',0,'{"keys": ["a"], "digests": ["ac8d8342bbb2362d"], "source": "1"}','');
INSERT INTO "frames" VALUES
('in-loop',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-loop',1,'2026-01-02T03:04:00.500000Z',1,0);
INSERT INTO "models" VALUES
('in-loop','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('in-loop','loop-parallel.in.beside','0',1,NULL,'"loop-parallel.in.beside is done"',NULL);
INSERT INTO "runs" VALUES
('in-loop','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-loop',0,'running',NULL,NULL,NULL),
('in-loop',1,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('in-loop','loop-branch.in.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-branch.in.other','0',0,0,0,'skipped',NULL),
('in-loop','loop-each.in.a.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-loop.in.ask','0.0',0,1,NULL,NULL,NULL),
('in-loop','loop-parallel.in.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-parallel.in.beside','0',0,1,1,'finished',NULL),
('in-loop','loop-sequence.in.ask','0',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('in-loop','loop-branch.in.ask',0,'approval','loop-branch.in.branch',0,NULL),
('in-loop','loop-branch.in.branch',0,'branch','loop-branch.loop',0,NULL),
('in-loop','loop-branch.in.other',0,'step','loop-branch.in.branch',1,NULL),
('in-loop','loop-branch.loop',0,'loop','parallel',2,NULL),
('in-loop','loop-each.in.a.ask',0,'approval','loop-each.in.each',0,NULL),
('in-loop','loop-each.in.each',0,'foreach','loop-each.loop',0,NULL),
('in-loop','loop-each.loop',0,'loop','parallel',4,NULL),
('in-loop','loop-loop.in.ask',0,'approval','loop-loop.in.loop',0,NULL),
('in-loop','loop-loop.in.loop',0,'loop','loop-loop.loop',0,NULL),
('in-loop','loop-loop.loop',0,'loop','parallel',3,NULL),
('in-loop','loop-parallel.in.ask',0,'approval','loop-parallel.loop/parallel1',1,NULL),
('in-loop','loop-parallel.in.beside',0,'step','loop-parallel.loop/parallel1',0,NULL),
('in-loop','loop-parallel.loop',0,'loop','parallel',1,NULL),
('in-loop','loop-parallel.loop/parallel1',0,'parallel','loop-parallel.loop',0,NULL),
('in-loop','loop-sequence.in.ask',0,'approval','loop-sequence.loop/sequence1',0,NULL),
('in-loop','loop-sequence.loop',0,'loop','parallel',0,NULL),
('in-loop','loop-sequence.loop/sequence1',0,'sequence','loop-sequence.loop',0,NULL),
('in-loop','parallel',0,'parallel',NULL,0,NULL);
INSERT INTO "waits" VALUES
('in-loop','loop-branch.in.ask','0','approval',0,NULL,'May loop-branch.in go?','9aedb5fc7d9288ce819ccd2dfa3e15b8dbed605af240724ad9997015b97bebcd','[]','[]',NULL,NULL),
('in-loop','loop-each.in.a.ask','0','approval',0,NULL,'May loop-each.in.a go?','75b8203bd33447217efd1293e79b333bf519041b7329072dbffbb4a611beab93','[]','[]',NULL,NULL),
('in-loop','loop-loop.in.ask','0.0','approval',0,NULL,'May loop-loop.in go?','a913b0a4371afccd8a83fadc88395309e0c8b06d6f1c9cfe2ca8fe61e55f875e','[]','[]',NULL,NULL),
('in-loop','loop-parallel.in.ask','0','approval',0,NULL,'May loop-parallel.in go?','d95e4365b875380de200840aa1212fcc1aa2bdc9a3b46a8d3fa34aea063225cb','[]','[]',NULL,NULL),
('in-loop','loop-sequence.in.ask','0','approval',0,NULL,'May loop-sequence.in go?','e8b89d4358772407921484f5b38d1c619021c67e05e082baa98ab874e9dc85ee','[]','[]',NULL,NULL);
