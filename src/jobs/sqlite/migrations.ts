/**
 * The tables of the job store, as the steps that lead to them: a file of any earlier version takes the
 * steps that it lacks, all in one transaction. A step that was released never changes.
 *
 * A job's id is random, so rows keyed by it would dirty one 4 KiB page each. `keys` maps it once to
 * a growing `seq`, and everything of a job lies together at the end of its table.
 */

const VERSION_1 = `
  CREATE TABLE keys (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    labels TEXT NOT NULL,
    record TEXT NOT NULL
  ) STRICT;
  CREATE INDEX jobs_by_time ON jobs (created_at_ms, id);
  CREATE INDEX jobs_by_state ON jobs (state, created_at_ms, id);
  CREATE TABLE job_labels (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (name, value, created_at_ms, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE documents (seq INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
  CREATE TABLE items (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (seq, item_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE outputs (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    output TEXT,
    logs TEXT NOT NULL,
    PRIMARY KEY (seq, item_index)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE attempts (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    number INTEGER NOT NULL,
    state TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE decisions (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    decision TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, attempt)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE notes (name TEXT NOT NULL PRIMARY KEY, text TEXT NOT NULL) STRICT, WITHOUT ROWID;
`

/**
 * Keys, parents, retention, logs by attempt. Records get the fields that version 1 did not know: a job
 * counts for its submitter's share, and one that has ended is kept for the seven days that are the default.
 * The submitter stands in both indexes of all jobs, so that a look for somebody's reads no rows of others;
 * what few jobs have (a key, a parent) has an index of those few.
 */
const VERSION_2 = `
  CREATE TABLE jobs_2 (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at_ms REAL NOT NULL,
    labels TEXT NOT NULL,
    submitter TEXT NOT NULL,
    key TEXT,
    parent_id TEXT,
    forget_at_ms REAL,
    forget_logs_at_ms REAL,
    record TEXT NOT NULL
  ) STRICT;
  INSERT INTO jobs_2
  SELECT j.seq, j.id, j.state, j.created_at_ms, j.labels, j.record ->> 'submitter', NULL, NULL,
    j.record ->> 'endedAtMs' + 604800000, NULL,
    json_insert(j.record,
      '$.share', j.record ->> 'submitter',
      '$.key', NULL,
      '$.parentId', NULL,
      '$.needs', json('[]'),
      '$.dueAtMs', NULL,
      -- As model/job-plan.ts has it; a patch leaves out what is null.
      '$.spec', json_patch('{}', json_object(
        'engine', j.record ->> 'engine',
        'each', json(CASE WHEN d.document -> 'each' IS NOT NULL THEN 'true' END),
        'priority', d.document -> 'priority',
        'resources', d.document -> 'resources',
        'where', d.document -> 'where',
        'route', d.document -> 'route',
        'timeouts', d.document -> 'timeouts',
        'retry', d.document -> 'retry')),
      '$.counts.held', 0,
      '$.queuedAtMs', j.record ->> 'createdAtMs',
      '$.forgetAtMs', j.record ->> 'endedAtMs' + 604800000,
      '$.forgetLogsAtMs', j.record ->> 'endedAtMs' + 604800000,
      '$.isOnHold', json('false'),
      '$.history', json('[]'))
  FROM jobs j LEFT JOIN documents d ON d.seq = j.seq AND json_valid(d.document);
  DROP TABLE jobs;
  ALTER TABLE jobs_2 RENAME TO jobs;
  CREATE INDEX jobs_by_time ON jobs (created_at_ms, id, submitter);
  CREATE INDEX jobs_by_state ON jobs (state, created_at_ms, id, submitter);
  CREATE INDEX jobs_by_key ON jobs (submitter, key, created_at_ms, id) WHERE key IS NOT NULL;
  CREATE INDEX jobs_by_parent ON jobs (parent_id, created_at_ms, id) WHERE parent_id IS NOT NULL;
  CREATE INDEX jobs_to_forget ON jobs (forget_at_ms, id) WHERE forget_at_ms IS NOT NULL;
  CREATE INDEX logs_to_forget ON jobs (forget_logs_at_ms, id) WHERE forget_logs_at_ms IS NOT NULL;

  UPDATE items SET record = json_insert(record,
    '$.pinnedTo', NULL, '$.crashedOn', json('[]'), '$.ending', NULL);
  UPDATE attempts SET record = json_insert(record,
    '$.leaseId', 'l-' || lower(hex(randomblob(6))), '$.progress', NULL, '$.history', json('[]'));

  CREATE TABLE logs (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    first INTEGER NOT NULL,
    entries TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, attempt, first)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO logs
  SELECT o.seq, o.item_index, max(1, coalesce(i.record ->> 'attemptCount', 1)), 0,
    json_array(json_object('ms', 0, 'stream', 'out', 'text', o.logs))
  FROM outputs o LEFT JOIN items i ON i.seq = o.seq AND i.item_index = o.item_index
  WHERE o.logs <> '';
  CREATE TABLE outputs_2 (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    output TEXT NOT NULL,
    PRIMARY KEY (seq, item_index)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO outputs_2 SELECT seq, item_index, output FROM outputs WHERE output IS NOT NULL;
  DROP TABLE outputs;
  ALTER TABLE outputs_2 RENAME TO outputs;
`

/**
 * Results that are files, and results that equal tasks may use: a key leads to the newest item that has
 * such a result, for as long as that item is kept.
 */
const VERSION_3 = `
  UPDATE items SET record = json_insert(record,
    '$.outputs', NULL, '$.outputFile', NULL, '$.reusedFrom', NULL);
  UPDATE attempts SET record = json_insert(record, '$.logFile', NULL);
  CREATE TABLE results (
    key TEXT NOT NULL PRIMARY KEY,
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX results_by_job ON results (seq);
`

/** What router and worker have signed of an attempt. */
const VERSION_4 = `
  CREATE TABLE receipts (
    seq INTEGER NOT NULL,
    item_index INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    router_order TEXT NOT NULL,
    receipt TEXT NOT NULL,
    PRIMARY KEY (seq, item_index, attempt)
  ) STRICT, WITHOUT ROWID;
`

/** Decisions by time: to be read by the thousand, and forgotten before their jobs. */
const VERSION_5 = `
  ALTER TABLE decisions ADD COLUMN at_ms REAL NOT NULL DEFAULT 0;
  UPDATE decisions SET at_ms = coalesce(decision ->> 'at_ms', 0) WHERE json_valid(decision);
  CREATE INDEX decisions_by_time ON decisions (at_ms);
`

/** Names of jobs in the order of the list, in small letters: to be searched without reading records. */
const VERSION_6 = `
  ALTER TABLE jobs ADD COLUMN name TEXT;
  UPDATE jobs SET name = lower(record ->> 'name')
    WHERE json_valid(record) AND record ->> 'name' IS NOT NULL;
  CREATE INDEX jobs_by_name ON jobs (created_at_ms, id, name) WHERE name IS NOT NULL;
`

/**
 * Jobs by when they ended: only those that have, with what lists ask of them beside it, so that a job that
 * is passed over is not read.
 */
const VERSION_7 = `
  ALTER TABLE jobs ADD COLUMN ended_at_ms REAL;
  UPDATE jobs SET ended_at_ms = record ->> 'endedAtMs' WHERE json_valid(record);
  CREATE INDEX jobs_by_end ON jobs (ended_at_ms, id, state, submitter, created_at_ms, name)
    WHERE ended_at_ms IS NOT NULL;
`

/** `MIGRATIONS[n]` leads from version n to n + 1. */
export const MIGRATIONS: readonly string[] = [
  VERSION_1,
  VERSION_2,
  VERSION_3,
  VERSION_4,
  VERSION_5,
  VERSION_6,
  VERSION_7
]
