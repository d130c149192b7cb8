/** Raised with every change of the tables; a file of another version is refused, never guessed at. */
export const schemaVersion = 2

export const schema = `
CREATE TABLE run(
  run TEXT PRIMARY KEY, job_message_id TEXT NOT NULL, record TEXT NOT NULL, counts TEXT NOT NULL,
  announced INTEGER NOT NULL, done INTEGER NOT NULL, ended_at INTEGER
) STRICT;
CREATE INDEX run_job ON run(job_message_id);
-- A family is announced as one row, however many children it has. Once all of them are done, their rows go.
CREATE TABLE family(run TEXT NOT NULL, family TEXT NOT NULL, count INTEGER NOT NULL, done INTEGER NOT NULL, PRIMARY KEY(run, family)) STRICT, WITHOUT ROWID;
-- The items that a run begins with are announced, then done; those of a family wait with a result kept aside, or are done.
CREATE TABLE item(run TEXT NOT NULL, item TEXT NOT NULL, state TEXT NOT NULL, attempt TEXT, result TEXT, PRIMARY KEY(run, item)) STRICT, WITHOUT ROWID;
-- Parts of failures of every attempt; those of the accepted attempt count.
CREATE TABLE part(run TEXT NOT NULL, item TEXT NOT NULL, attempt TEXT NOT NULL, part INTEGER NOT NULL, failures TEXT NOT NULL, PRIMARY KEY(run, item, attempt, part)) STRICT, WITHOUT ROWID;
CREATE TABLE cancelled(target TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`

/** Tables that came later and that an older version does without: a file of the same version gets them when it is opened. */
export const laterTables = `
-- When the latest complete warm-up of a specification began; kept when its run is forgotten.
CREATE TABLE IF NOT EXISTS warmed(specification TEXT PRIMARY KEY, started_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
-- Chunks of a run's list that are with the workers; forgotten when the run ends.
CREATE TABLE IF NOT EXISTS moved(run TEXT NOT NULL, generation INTEGER NOT NULL, chunk INTEGER NOT NULL, PRIMARY KEY(run, generation, chunk)) STRICT, WITHOUT ROWID;
`
