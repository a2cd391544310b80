INSERT INTO "attempts" VALUES
('r1',1,'find','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('r1',2,'plain','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('r1',3,'lines','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',2,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('r1',4,'large','',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.000000Z',1,'succeeded',NULL,'2026-01-02T03:04:00.500000Z',NULL),
('r1',5,'report','',1,2,'python',NULL,NULL,'2026-01-02T03:04:01.000000Z',3,'succeeded',NULL,'2026-01-02T03:04:01.500000Z',NULL);
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0),
('r1',1,'2026-01-02T03:04:00.500000Z',1,0),
('r1',2,'2026-01-02T03:04:01.000000Z',1,0),
('r1',3,'2026-01-02T03:04:01.500000Z',1,0);
INSERT INTO "identity" VALUES
('8e143d81390b5572f416fe70d05b3f88');
INSERT INTO "models" VALUES
('r1','Finding','{"properties": {"cause": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Cause"}, "lines": {"items": {"type": "integer"}, "title": "Lines", "type": "array"}, "title": {"title": "Title", "type": "string"}}, "required": ["title", "lines"], "title": "Finding", "type": "object"}'),
('r1','Report','{"$defs": {"Finding": {"properties": {"cause": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Cause"}, "lines": {"items": {"type": "integer"}, "title": "Lines", "type": "array"}, "title": {"title": "Title", "type": "string"}}, "required": ["title", "lines"], "title": "Finding", "type": "object"}}, "properties": {"findings": {"items": {"$ref": "#/$defs/Finding"}, "title": "Findings", "type": "array"}, "text": {"title": "Text", "type": "string"}}, "required": ["findings", "text"], "title": "Report", "type": "object"}');
INSERT INTO "outputs" VALUES
('r1','find','',2,'Finding','{"title":"a leak","lines":[3,14],"cause":"a < b"}',NULL),
('r1','large','',1,NULL,'"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"',NULL),
('r1','lines','',2,NULL,'"first line\nsecond line\n"',NULL),
('r1','plain','',1,NULL,'{"a":[1,2.5,null,true],"b":{"c":"ü\n\t✓"}}',NULL),
('r1','report','',3,'Report','{"findings":[{"title":"a leak","lines":[3,14],"cause":"a < b"}],"text":"6144 characters"}',NULL);
INSERT INTO "reads" VALUES
('r1','report','',3,'find','',2),
('r1','report','',3,'large','',1);
INSERT INTO "runs" VALUES
('r1','outputs','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL),
('r1',3,'finished',NULL,'{"findings":[{"title":"a leak","lines":[3,14],"cause":"a < b"}],"text":"6144 characters"}',NULL);
INSERT INTO "tasks" VALUES
('r1','find','',0,1,2,'finished',NULL),
('r1','large','',0,1,1,'finished',NULL),
('r1','lines','',0,1,2,'finished',NULL),
('r1','plain','',0,1,1,'finished',NULL),
('r1','report','',2,1,3,'finished',NULL);
INSERT INTO "tree" VALUES
('r1','find',0,'step','sequence/parallel1',0,NULL),
('r1','large',0,'step','sequence/parallel1',3,NULL),
('r1','lines',0,'step','sequence/parallel1',2,NULL),
('r1','plain',0,'step','sequence/parallel1',1,NULL),
('r1','report',0,'step','sequence',1,NULL),
('r1','sequence',0,'sequence',NULL,0,NULL),
('r1','sequence/parallel1',0,'parallel','sequence',0,NULL);
CREATE VIEW "out_finding" AS /* {"models": ["Finding"], "fields": ["title", "lines", "cause"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.title') AS "title",
  json_extract(o.json, '$.lines') AS "lines",
  json_extract(o.json, '$.cause') AS "cause"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Finding')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
CREATE VIEW "out_report" AS /* {"models": ["Report"], "fields": ["findings", "text"]} */
SELECT
  o.run_id,
  o.task,
  o.path,
  o.born,
  json_extract(o.json, '$.findings') AS "findings",
  json_extract(o.json, '$.text') AS "text"
FROM (SELECT o.run_id, o.task, o.path, o.born, o.model, CASE WHEN instr(o.json, '\u0000') THEN replace(replace(replace(o.json, '\\', char(1)), '\u0000', '\ufffd'), char(1), '\\') ELSE o.json END AS json FROM outputs o) o
WHERE o.model IN ('Report')
AND NOT EXISTS (SELECT 1 FROM outputs later WHERE later.run_id = o.run_id AND later.task = o.task AND later.path = o.path AND later.born > o.born)
AND NOT EXISTS (SELECT 1 FROM resets r WHERE r.run_id = o.run_id AND r.node = o.task AND r.path = o.path AND r.born > o.born);
