-- Format 2. The journal may hold signals of history, which format 1 did not know; dead letters are found without looking
-- through every message that ever went.
CREATE INDEX outbox_dead ON outbox(effect, recipient) WHERE state = 3;
