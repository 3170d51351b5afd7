-- Format 3. Which erasures were asked for, by their position in the journal, and how far each has come: 0 asked for, 1 journal
-- and outbox are rewritten, 2 nothing is left of it anywhere in the data folder.
CREATE TABLE erasure(position INTEGER PRIMARY KEY, stage INTEGER NOT NULL);
