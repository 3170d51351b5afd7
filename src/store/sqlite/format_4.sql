-- Format 4. Rows that are open are found by recipient, so that a recipient for whom many wait costs the others nothing. `whom` is
-- the first 64 bits of a hash of the recipient, and 0 in rows that were final when this format came; a row of `recipient` says
-- when the next of one recipient's open rows may be taken. Open rows are counted without looking into them.
ALTER TABLE outbox ADD COLUMN whom INTEGER NOT NULL DEFAULT 0;
CREATE INDEX outbox_whom ON outbox(kind, whom, due, effect, recipient) WHERE due IS NOT NULL;
CREATE INDEX outbox_open ON outbox(state, decided, due) WHERE due IS NOT NULL;

CREATE TABLE recipient(
    kind INTEGER NOT NULL,
    whom INTEGER NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (kind, whom)
) WITHOUT ROWID;
CREATE INDEX recipient_due ON recipient(kind, due, whom);

CREATE TRIGGER outbox_came AFTER INSERT ON outbox WHEN NEW.due IS NOT NULL BEGIN
    INSERT INTO recipient VALUES (NEW.kind, NEW.whom, NEW.due)
        ON CONFLICT (kind, whom) DO UPDATE SET due = min(due, excluded.due);
END;
CREATE TRIGGER outbox_changed AFTER UPDATE OF due, whom ON outbox BEGIN
    DELETE FROM recipient WHERE kind = NEW.kind AND whom IN (OLD.whom, NEW.whom);
    INSERT INTO recipient SELECT kind, whom, due FROM outbox
        WHERE kind = NEW.kind AND whom = NEW.whom AND due IS NOT NULL ORDER BY due LIMIT 1;
    INSERT OR IGNORE INTO recipient SELECT kind, whom, due FROM outbox
        WHERE kind = NEW.kind AND whom = OLD.whom AND due IS NOT NULL ORDER BY due LIMIT 1;
END;
CREATE TRIGGER outbox_went AFTER DELETE ON outbox WHEN OLD.due IS NOT NULL BEGIN
    DELETE FROM recipient WHERE kind = OLD.kind AND whom = OLD.whom;
    INSERT INTO recipient SELECT kind, whom, due FROM outbox
        WHERE kind = OLD.kind AND whom = OLD.whom AND due IS NOT NULL ORDER BY due LIMIT 1;
END;
