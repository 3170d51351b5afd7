-- Format 1. Whatever decides anything is written with a sum of its own (`sum`), so that damage that SQLite cannot see is
-- found when it is read. The journal has no secondary index.

-- How far everything has come: one row.
CREATE TABLE ends(one INTEGER PRIMARY KEY CHECK (one = 1), ends BLOB NOT NULL, sum INTEGER NOT NULL);

CREATE TABLE journal(position INTEGER PRIMARY KEY, record BLOB NOT NULL, sum INTEGER NOT NULL);

-- What the input at a position asked for, where it asked for anything.
CREATE TABLE effect(position INTEGER PRIMARY KEY, effects BLOB NOT NULL, sum INTEGER NOT NULL);

-- Rule sets that decided, in order; their files by hash, each kept once.
CREATE TABLE version(number INTEGER PRIMARY KEY, version BLOB NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE file(hash BLOB PRIMARY KEY, content BLOB NOT NULL);

CREATE TABLE set_aside(position INTEGER PRIMARY KEY, input BLOB NOT NULL, sum INTEGER NOT NULL);

-- `due` is in microseconds since 1970 and NULL once a row is final; `decided` is when its effect was.
CREATE TABLE outbox(
    effect BLOB NOT NULL,
    recipient INTEGER NOT NULL,
    state INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    due INTEGER,
    decided INTEGER NOT NULL,
    content BLOB NOT NULL,
    sum INTEGER NOT NULL
);
CREATE UNIQUE INDEX outbox_id ON outbox(effect, recipient);
CREATE INDEX outbox_due ON outbox(due, effect, recipient) WHERE due IS NOT NULL;
CREATE INDEX outbox_final ON outbox(decided) WHERE due IS NULL;
