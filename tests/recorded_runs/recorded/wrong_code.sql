INSERT INTO "attempts" VALUES
('changed_arms',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:03.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:04.000000Z',NULL),
('later_render',1,'first','',1,0,'python',NULL,NULL,'2026-01-02T03:04:01.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:02.000000Z',NULL),
('until_is_text',1,'body','0',1,0,'python',NULL,NULL,'2026-01-02T03:04:00.500000Z',1,'succeeded',NULL,'2026-01-02T03:04:01.000000Z',NULL),
('wrong_output',1,'gives','',1,0,'python',NULL,NULL,'2026-01-02T03:04:02.500000Z',1,'failed','{"kind": "BadOutput", "message": "the result does not match output=:\nthe value: Input should be a valid integer, unable to parse string as an integer (got ''no number'')", "hint": "return a value that matches output=, or change output=", "place": "/project/scenes_ends.py:192:17", "then": "repair"}','2026-01-02T03:04:03.000000Z',NULL);
INSERT INTO "choices" VALUES
('changed_arms','sequence/branch1','','test',0,'true','5034cb53d27c1972');
INSERT INTO "frames" VALUES
('changed_arms',0,'2026-01-02T03:04:03.500000Z',1,0),
('changed_arms',1,'2026-01-02T03:04:04.000000Z',1,0),
('later_render',0,'2026-01-02T03:04:01.500000Z',1,0),
('later_render',1,'2026-01-02T03:04:02.000000Z',1,0),
('prompt',0,'2026-01-02T03:04:00.000000Z',1,0),
('until_is_text',0,'2026-01-02T03:04:00.500000Z',1,0),
('until_is_text',1,'2026-01-02T03:04:01.000000Z',1,0),
('wrong_output',0,'2026-01-02T03:04:02.500000Z',1,0),
('wrong_output',1,'2026-01-02T03:04:03.000000Z',1,0);
INSERT INTO "outputs" VALUES
('changed_arms','first','',1,NULL,'"first is done"',NULL),
('later_render','first','',1,NULL,'"first is done"',NULL),
('until_is_text','body','0',1,NULL,'"body is done"',NULL);
INSERT INTO "runs" VALUES
('changed_arms','changed_arms','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:03.500000Z',NULL,1,NULL,NULL,'{}'),
('later_render','later_render','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:01.500000Z',NULL,1,NULL,NULL,'{}'),
('prompt','prompt','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z',NULL,1,NULL,NULL,'{}'),
('until_is_text','until_is_text','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.500000Z',NULL,1,NULL,NULL,'{}'),
('wrong_output','wrong_output','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:02.500000Z',NULL,1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('changed_arms',0,'running',NULL,NULL,NULL),
('changed_arms',1,'failed','{"kind": "AuthorError", "message": "the children of ''sequence/branch1'' have changed since the run made a choice there", "hint": "if it is the same branch, set id=\"sequence/branch1\" on it; if not, set that id on the branch that was there before, and another id on this one", "place": "/project/scenes_ends.py:198:51", "then": null}',NULL,NULL),
('later_render',0,'running',NULL,NULL,NULL),
('later_render',1,'failed','{"kind": "AuthorError", "message": "workflow later_render: RuntimeError: this render is wrong", "hint": "", "place": "/project/scenes_ends.py:187:13", "then": null}',NULL,NULL),
('prompt',0,'failed','{"kind": "KeyError", "message": "asks failed: KeyError: ''at all''", "hint": "correct the workflow, then resume the run", "place": "/project/scenes_ends.py:174:20", "then": null}',NULL,NULL),
('until_is_text',0,'running',NULL,NULL,NULL),
('until_is_text',1,'failed','{"kind": "AuthorError", "message": "the loop failed: the until of the loop returned ''yes'', which is neither True nor False", "hint": "return a comparison, or wrap the value in bool(...)", "place": "/project/scenes_ends.py:180:16", "then": null}',NULL,NULL),
('wrong_output',0,'running',NULL,NULL,NULL),
('wrong_output',1,'failed','{"kind": "BadOutput", "message": "gives failed: the result does not match output=:\nthe value: Input should be a valid integer, unable to parse string as an integer (got ''no number'')", "hint": "return a value that matches output=, or change output=", "place": "/project/scenes_ends.py:192:17", "then": "repair"}',NULL,NULL);
INSERT INTO "tasks" VALUES
('changed_arms','first','',0,1,1,'finished',NULL),
('later_render','first','',0,1,1,'finished',NULL),
('prompt','asks','',0,1,0,'failed','{"kind": "KeyError", "message": "KeyError: ''at all''", "hint": "correct the workflow, then resume the run", "place": "/project/scenes_ends.py:174:20", "then": null}'),
('prompt','beside','',0,1,0,'cancelled',NULL),
('until_is_text','body','0',0,1,1,'finished',NULL),
('until_is_text','last','',1,0,1,'cancelled',NULL),
('until_is_text','loop','',1,0,1,'failed','{"kind": "AuthorError", "message": "the until of the loop returned ''yes'', which is neither True nor False", "hint": "return a comparison, or wrap the value in bool(...)", "place": "/project/scenes_ends.py:180:16", "then": null}'),
('wrong_output','gives','',0,1,1,'failed','{"kind": "BadOutput", "message": "the result does not match output=:\nthe value: Input should be a valid integer, unable to parse string as an integer (got ''no number'')", "hint": "return a value that matches output=, or change output=", "place": "/project/scenes_ends.py:192:17", "then": "repair"}');
INSERT INTO "tree" VALUES
('changed_arms','first',0,'step','sequence/branch1/sequence1',0,NULL),
('changed_arms','sequence',0,'sequence',NULL,0,NULL),
('changed_arms','sequence/branch1',0,'branch','sequence',0,NULL),
('changed_arms','sequence/branch1/sequence1',0,'sequence','sequence/branch1',0,NULL),
('changed_arms','then',0,'step','sequence/branch1/sequence1',1,NULL),
('later_render','first',0,'step','sequence',0,NULL),
('later_render','second',0,'step','sequence',1,NULL),
('later_render','sequence',0,'sequence',NULL,0,NULL),
('prompt','asks',0,'task','sequence/parallel1',0,NULL),
('prompt','beside',0,'step','sequence/parallel1',1,NULL),
('prompt','sequence',0,'sequence',NULL,0,NULL),
('prompt','sequence/parallel1',0,'parallel','sequence',0,NULL),
('until_is_text','body',0,'step','loop',0,NULL),
('until_is_text','last',0,'step','sequence',1,NULL),
('until_is_text','loop',0,'loop','sequence',0,NULL),
('until_is_text','sequence',0,'sequence',NULL,0,NULL),
('wrong_output','gives',0,'step','sequence',0,NULL),
('wrong_output','sequence',0,'sequence',NULL,0,NULL);
