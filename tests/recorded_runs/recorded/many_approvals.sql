INSERT INTO "attempts" VALUES
('r1',1,'hangs','',1,0,'agent','Wait',NULL,'2026-01-02T03:04:00.000000Z',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "frames" VALUES
('r1',0,'2026-01-02T03:04:00.000000Z',1,0);
INSERT INTO "models" VALUES
('r1','Decision','{"description": "A person''s answer to an `Approval`. `at` is aware UTC; `by` is None if nobody answered in\ntime.", "properties": {"approved": {"title": "Approved", "type": "boolean"}, "at": {"format": "date-time", "title": "At", "type": "string"}, "by": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "By"}, "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": "Note"}}, "required": ["approved", "at"], "title": "Decision", "type": "object"}');
INSERT INTO "owners" VALUES
('owner-101','recorded/1',101,'1',0,'2026-01-02T03:04:00.000000Z');
INSERT INTO "runs" VALUES
('r1','asks','/project/flow.py','/project','/usr/bin/python3','["PATH"]','{}','1','2026-01-02T03:04:00.000000Z','owner-101',1,NULL,NULL,'{}');
INSERT INTO "statuses" VALUES
('r1',0,'running',NULL,NULL,NULL);
INSERT INTO "tasks" VALUES
('r1','hangs','',0,1,NULL,NULL,NULL),
('r1','item 0','',0,1,NULL,NULL,NULL),
('r1','item 1','',0,1,NULL,NULL,NULL),
('r1','item 10','',0,1,NULL,NULL,NULL),
('r1','item 2','',0,1,NULL,NULL,NULL),
('r1','item 3','',0,1,NULL,NULL,NULL),
('r1','item 4','',0,1,NULL,NULL,NULL),
('r1','item 5','',0,1,NULL,NULL,NULL),
('r1','item 6','',0,1,NULL,NULL,NULL),
('r1','item 7','',0,1,NULL,NULL,NULL),
('r1','item 8','',0,1,NULL,NULL,NULL),
('r1','item 9','',0,1,NULL,NULL,NULL);
INSERT INTO "tree" VALUES
('r1','hangs',0,'task','parallel',11,NULL),
('r1','item 0',0,'approval','parallel',0,NULL),
('r1','item 1',0,'approval','parallel',1,NULL),
('r1','item 10',0,'approval','parallel',10,NULL),
('r1','item 2',0,'approval','parallel',2,NULL),
('r1','item 3',0,'approval','parallel',3,NULL),
('r1','item 4',0,'approval','parallel',4,NULL),
('r1','item 5',0,'approval','parallel',5,NULL),
('r1','item 6',0,'approval','parallel',6,NULL),
('r1','item 7',0,'approval','parallel',7,NULL),
('r1','item 8',0,'approval','parallel',8,NULL),
('r1','item 9',0,'approval','parallel',9,NULL),
('r1','parallel',0,'parallel',NULL,0,NULL);
INSERT INTO "waits" VALUES
('r1','item 0','','approval',0,NULL,'May item 0 go?','9aeffea2e8d22e30505db7143b33c77609456492394b2990d3d634368df83345','[]','[]',NULL,NULL),
('r1','item 1','','approval',0,NULL,'May item 1 go?','7d192dcdc8faa4cad1afbf6403d18a17b8d2842294365cc94c4430b560f7319e','[]','[]',NULL,NULL),
('r1','item 10','','approval',0,NULL,'May item 10 go?','e15c472b2cf88f9cc696708efd2a66f1043c886362e9e34cc801cc148bc107fd','[]','[]',NULL,NULL),
('r1','item 2','','approval',0,NULL,'May item 2 go?','ce374d7c8abe71f2acc3260e28a5f8bafda616ea79ab17044d652bf5348c826c','[]','[]',NULL,NULL),
('r1','item 3','','approval',0,NULL,'May item 3 go?','95d5008f8e550c42104f787e8bbc58e4b975864cd77862e8772438a9bc8c14f4','[]','[]',NULL,NULL),
('r1','item 4','','approval',0,NULL,'May item 4 go?','e822d3f42386020e7d46c8ad4f17b3d4ae8db99153319dcc866a364550da3702','[]','[]',NULL,NULL),
('r1','item 5','','approval',0,NULL,'May item 5 go?','046852c803cb92afe409618f2dc640ea00906cc7dbceb7a1f01baf1ef5cb497c','[]','[]',NULL,NULL),
('r1','item 6','','approval',0,NULL,'May item 6 go?','77382a76b9dc077e0519e18e8b240d239e91c36c100830a1b98e7b5b65acb87f','[]','[]',NULL,NULL),
('r1','item 7','','approval',0,NULL,'May item 7 go?','dbdfe45596141a3f8853fac702ce36e47ecdd8857c3b0a03c08f0038d1fcb913','[]','[]',NULL,NULL),
('r1','item 8','','approval',0,NULL,'May item 8 go?','2d1fb95bd2b28bbebe8ca25225cb00a7ea6c83d9e4b41975de0714d7663b7c81','[]','[]',NULL,NULL),
('r1','item 9','','approval',0,NULL,'May item 9 go?','6f92a9f809dde70ee1b9f73e0da9519abae511a54e857362483e38914dd0f280','[]','[]',NULL,NULL);
