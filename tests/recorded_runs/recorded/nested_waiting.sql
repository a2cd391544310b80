INSERT INTO "attempts" VALUES
('in-loop',1,'loop-sequence.before','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('in-loop',2,'loop-parallel.beside','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL);
INSERT INTO "choices" VALUES
('in-loop','loop-branch.branch','0','test',0,'true',''),
('in-loop','loop-each.each','0','items',0,'{"keys": ["a"], "digests": ["ac8d8342bbb2362d"], "source": "1"}','');
INSERT INTO "frames" VALUES
('in-loop',0,'2026-01-02T03:04:00.000000Z',1,0),
('in-loop',1,'2026-01-02T03:04:00.500000Z',1,0);
INSERT INTO "identity" VALUES
('2568dae7c961b53a8b563576a5b99ab3');
INSERT INTO "models" VALUES
('in-loop','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "outputs" VALUES
('in-loop','loop-parallel.beside','0',1,NULL,'"loop-parallel.beside is done"',NULL),
('in-loop','loop-sequence.before','0',1,NULL,'"loop-sequence.before is done"',NULL);
INSERT INTO "runs" VALUES
('in-loop','nest','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('in-loop',0,'running',NULL,NULL,NULL),
('in-loop',1,'waiting',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('in-loop','loop-branch.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-branch.other','0',0,0,0,'skipped',NULL),
('in-loop','loop-each.a.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-loop.ask','0.0',0,1,NULL,NULL,NULL),
('in-loop','loop-parallel.ask','0',0,1,NULL,NULL,NULL),
('in-loop','loop-parallel.beside','0',0,1,1,'finished',NULL),
('in-loop','loop-sequence.ask','0',1,1,NULL,NULL,NULL),
('in-loop','loop-sequence.before','0',0,1,1,'finished',NULL);
INSERT INTO "tree" VALUES
('in-loop','loop-branch.ask',0,'approval','loop-branch.branch',0,NULL),
('in-loop','loop-branch.branch',0,'branch','loop.loop/parallel1',2,NULL),
('in-loop','loop-branch.other',0,'step','loop-branch.branch',1,NULL),
('in-loop','loop-each.a.ask',0,'approval','loop-each.each',0,NULL),
('in-loop','loop-each.each',0,'foreach','loop.loop/parallel1',4,NULL),
('in-loop','loop-loop.ask',0,'approval','loop-loop.loop',0,NULL),
('in-loop','loop-loop.loop',0,'loop','loop.loop/parallel1',3,NULL),
('in-loop','loop-parallel.ask',0,'approval','loop.loop/parallel1/parallel1',1,NULL),
('in-loop','loop-parallel.beside',0,'step','loop.loop/parallel1/parallel1',0,NULL),
('in-loop','loop-sequence.ask',0,'approval','loop.loop/parallel1/sequence1',1,NULL),
('in-loop','loop-sequence.before',0,'step','loop.loop/parallel1/sequence1',0,NULL),
('in-loop','loop.loop',0,'loop',NULL,0,NULL),
('in-loop','loop.loop/parallel1',0,'parallel','loop.loop',0,NULL),
('in-loop','loop.loop/parallel1/parallel1',0,'parallel','loop.loop/parallel1',1,NULL),
('in-loop','loop.loop/parallel1/sequence1',0,'sequence','loop.loop/parallel1',0,NULL);
INSERT INTO "waits" VALUES
('in-loop','loop-branch.ask','0','approval',0,NULL,'May loop-branch go?','3a73139105a2b34873523f5859d537c49efb58825b0ebb6268c3ac12104e8cd3','[]','[]',NULL,NULL),
('in-loop','loop-each.a.ask','0','approval',0,NULL,'May loop-each.a go?','fb2d22a8a8299977bb6cc216f3486cdf9bdc40d2f74535f0242efb07dfb1f311','[]','[]',NULL,NULL),
('in-loop','loop-loop.ask','0.0','approval',0,NULL,'May loop-loop go?','e56241655b4d1b2e6bea4ac99df45b952183381aed54fdd0bfdd5367857856eb','[]','[]',NULL,NULL),
('in-loop','loop-parallel.ask','0','approval',0,NULL,'May loop-parallel go?','6e075dfa8a47ebbcc9ca282882fde5de85d77dfb600c5cfae37d0fb3a414730e','[]','[]',NULL,NULL),
('in-loop','loop-sequence.ask','0','approval',1,NULL,'May loop-sequence go?','7ada64fef0623e7652a55d3cb9634f1658c2106cee26a394a781b570dcc89985','[]','[]',NULL,NULL);
CREATE VIEW "out_decision" AS /* {"models": ["Decision"], "fields": ["approved", "by", "note", "at"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.approved') AS "approved",
  json_extract(o.json, '$.by') AS "by",
  json_extract(o.json, '$.note') AS "note",
  json_extract(o.json, '$.at') AS "at"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Decision')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
