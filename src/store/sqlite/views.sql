-- What people look at, in a file of its own that follows the store and can be deleted: it is built anew. The views are what
-- is promised; the tables behind them are not. Instants are text in UTC (`2026-03-27T16:00:00Z`), hashes are hexadecimal.
-- Personal fields of signals, and the addresses mail goes to, are not in it.

CREATE TABLE follows(one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, effects INTEGER NOT NULL);

CREATE TABLE signal(position INTEGER PRIMARY KEY, source TEXT, signal_id TEXT, signal TEXT, at TEXT, received_at TEXT, fields TEXT,
    imported INTEGER, times INTEGER);
-- A signal that came again is no second one: it fills what was missing and is counted.
CREATE UNIQUE INDEX signal_once ON signal(source, signal_id);
CREATE TABLE firing(
    position INTEGER, playbook TEXT, rule TEXT, key TEXT, at TEXT, source TEXT, signal_id TEXT, signals INTEGER, late INTEGER,
    case_id TEXT, ruleset TEXT, PRIMARY KEY (position, playbook, rule, key)
);
CREATE TABLE alert(
    effect_id TEXT PRIMARY KEY, playbook TEXT, rule TEXT, key TEXT, step INTEGER, recipient TEXT, text TEXT, outcome TEXT,
    reason TEXT, at TEXT, due TEXT, case_id TEXT, acknowledged_at TEXT, acknowledged_by TEXT
);
CREATE INDEX alert_case ON alert(case_id);
CREATE TABLE "case"(
    case_id TEXT PRIMARY KEY, playbook TEXT, rule TEXT, key TEXT, customer TEXT, priority TEXT, reason TEXT, status TEXT,
    opened_at TEXT, acknowledged_at TEXT, closed_at TEXT, closed_by TEXT, outcome TEXT, owner TEXT
);
CREATE INDEX case_customer ON "case"(customer);
CREATE TABLE contact(position INTEGER PRIMARY KEY, at TEXT, contacted_by TEXT, case_id TEXT, customer TEXT);
CREATE TABLE comment(position INTEGER PRIMARY KEY, at TEXT, commented_by TEXT, case_id TEXT, text TEXT);
CREATE INDEX comment_case ON comment(case_id);
CREATE TABLE silence(position INTEGER PRIMARY KEY, at TEXT, silenced_by TEXT, playbook TEXT, rule TEXT, until TEXT);
CREATE TABLE outbox(
    effect_id TEXT, recipient INTEGER, kind TEXT, what TEXT, state TEXT, attempts INTEGER, not_before TEXT, give_up TEXT,
    why TEXT, case_id TEXT, at TEXT, PRIMARY KEY (effect_id, recipient)
);
CREATE INDEX outbox_open ON outbox(effect_id) WHERE state IN ('waiting', 'leased', 'dead', 'damaged');

CREATE VIEW v_signals AS SELECT position, source, signal_id, signal, at, received_at, fields, imported, times FROM signal;
CREATE VIEW v_firings AS
    SELECT position, playbook, rule, key, at, source, signal_id, signals, late, case_id, ruleset FROM firing;
CREATE VIEW v_alerts AS
    SELECT effect_id, playbook, rule, key, step, recipient, text, outcome, reason, at, due, case_id, acknowledged_at,
           acknowledged_by FROM alert;
CREATE VIEW v_cases AS
    SELECT case_id, playbook, rule, key, customer, priority, reason, status, opened_at, acknowledged_at, closed_at,
           closed_by, outcome, owner FROM "case";
CREATE VIEW v_outbox AS
    SELECT effect_id, recipient, kind, what, state, attempts, not_before, give_up, why, case_id, at FROM outbox;
CREATE VIEW v_contacts AS SELECT position, at, contacted_by, case_id, customer FROM contact;
CREATE VIEW v_comments AS SELECT position, at, commented_by, case_id, text FROM comment;
CREATE VIEW v_silences AS SELECT position, at, silenced_by, playbook, rule, until FROM silence;
