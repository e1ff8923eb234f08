import { DatabaseSync, type StatementSync } from "node:sqlite";

/** One durable change. `value` is the object as JSON; absent for a deletion. */
export interface JournalRow {
  revision: number;
  /** Which collection the key belongs to, such as "pods" or "deployments.apps". */
  collection: string;
  /** "namespace/name", or "name" of a cluster-scoped object. */
  key: string;
  value?: string;
}

/** What one group commit makes durable, all of it or nothing. */
export interface JournalBatch {
  rows: JournalRow[];
  /** Revisions of rows that nobody can ask for any more. */
  obsolete: number[];
  /** Watches cannot start at or below this revision any more; undefined leaves the mark where it is. */
  compacted?: number;
}

/**
 * Where changes become durable. The store keeps everything in memory and only ever appends here, and reads it once at start; so another
 * backend (a remote log, an etcd) has three methods to offer.
 */
export interface Journal {
  /** Rows in order of revision, and the mark below which the journal is not a complete history. */
  load(): { rows: Iterable<JournalRow>; compacted: number; revision: number };
  /** Resolves when the batch survives what the journal promises to survive. Rejects when nothing of the batch was kept. */
  commit(batch: JournalBatch): Promise<void>;
  close(): void;
}

export interface SqliteJournalOptions {
  file: string;
  /**
   * "power" loses nothing when the machine does (synchronous=FULL: one fsync a group); "process" loses nothing when the process is killed,
   * because what was written lies in the kernel's page cache.
   */
  survives: "power" | "process";
}

/** Another process holds the journal: two writers would hand out one revision twice. */
export class JournalLockedError extends Error {
  constructor(file: string) {
    super(`${file} is in use by another API server; stop it, or give this cluster a data directory of its own`);
    this.name = "JournalLockedError";
  }
}

const format = 1;

/**
 * An append-only table in SQLite. The exclusive lock is taken at once and held until the process ends, however it ends.
 * A commit is one transaction, made in the calling thread: a few microseconds without fsync, one fsync with it.
 */
export function openSqliteJournal(options: SqliteJournalOptions): Journal {
  const database = new DatabaseSync(options.file);
  try {
    prepare(database, options);
  } catch (error) {
    database.close();
    if (isBusy(error)) throw new JournalLockedError(options.file);
    throw error;
  }
  return sqliteJournal(database, options.file);
}

function prepare(database: DatabaseSync, options: SqliteJournalOptions): void {
  // EXCLUSIVE before WAL: SQLite then needs no shared-memory file, and no second process can open the journal.
  database.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL;
    PRAGMA synchronous=${options.survives === "power" ? "FULL" : "OFF"}; PRAGMA cache_size=-512;
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS journal (revision INTEGER PRIMARY KEY, collection TEXT NOT NULL, key TEXT NOT NULL, value TEXT);
    CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    INSERT OR IGNORE INTO mark VALUES ('format', ${format}), ('compacted', 0), ('revision', 0);
    COMMIT;`);
  const found = database.prepare("SELECT value FROM mark WHERE name = 'format'").get()?.value;
  if (found !== format) {
    throw new Error(
      `${options.file} has format ${found}; this program reads format ${format}: use the version that wrote it`,
    );
  }
}

function isBusy(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode;
  return code === 5 || code === 6;
}

function sqliteJournal(database: DatabaseSync, file: string): Journal {
  const insert = database.prepare("INSERT INTO journal VALUES (?, ?, ?, ?)");
  const remove = database.prepare("DELETE FROM journal WHERE revision = ?");
  const setMark = database.prepare("UPDATE mark SET value = ? WHERE name = ?");
  const getMark = database.prepare("SELECT value FROM mark WHERE name = ?");
  return {
    load: () => ({
      rows: readRows(database.prepare("SELECT revision, collection, key, value FROM journal ORDER BY revision")),
      compacted: Number(getMark.get("compacted")?.value),
      revision: Number(getMark.get("revision")?.value),
    }),
    async commit({ rows, obsolete, compacted }) {
      database.exec("BEGIN");
      try {
        for (const row of rows) insert.run(row.revision, row.collection, row.key, row.value ?? null);
        for (const revision of obsolete) remove.run(revision);
        if (compacted !== undefined) {
          setMark.run(compacted, "compacted");
          // The newest row may be a tombstone that compaction removes; the counter must not go back for it.
          setMark.run(rows.at(-1)?.revision ?? compacted, "revision");
        }
        database.exec("COMMIT");
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK");
        throw new Error(`cannot write ${file}: ${(error as Error).message}`, { cause: error });
      }
    },
    close: () => database.close(),
  };
}

function* readRows(statement: StatementSync): Iterable<JournalRow> {
  for (const row of statement.iterate()) {
    yield {
      revision: Number(row.revision),
      collection: String(row.collection),
      key: String(row.key),
      value: row.value === null ? undefined : String(row.value),
    };
  }
}
