import type { DatabaseSync, StatementSync } from 'node:sqlite'

export interface MessageRow {
  readonly id: number
  readonly uid: string
  readonly body: string
  readonly deliveries: number
  readonly inserted_at: number
}

/** Every statement of the driver, prepared once. Each has all of its effect or none. */
export interface Statements {
  readonly createQueue: StatementSync
  readonly deleteQueue: StatementSync
  readonly findQueue: StatementSync
  readonly listQueues: StatementSync
  readonly send: StatementSync
  readonly anyVisible: StatementSync
  readonly purge: StatementSync
  readonly receive: StatementSync
  readonly peek: StatementSync
  readonly update: StatementSync
  readonly complete: StatementSync
  readonly depth: StatementSync
}

/** A message of a file's first version is known by its row. */
const uid = 'coalesce(uid, CAST(id AS TEXT)) AS uid'
const theQueue = '(SELECT id FROM queue WHERE name = :queue)'
const alive = '(expires_at IS NULL OR expires_at > :now)'
const held = `id = :id AND deliveries = :deliveries AND queue = ${theQueue} AND ${alive}`

export const prepareStatements = (db: DatabaseSync): Statements => ({
  createQueue: db.prepare('INSERT INTO queue (name) VALUES (:queue) ON CONFLICT DO NOTHING'),
  deleteQueue: db.prepare('DELETE FROM queue WHERE name = :queue'),
  findQueue: db.prepare('SELECT id FROM queue WHERE name = :queue'),
  listQueues: db.prepare('SELECT name FROM queue WHERE substr(name, 1, length(:prefix)) = :prefix ORDER BY name'),
  send: db.prepare(`
    INSERT INTO message (queue, uid, body, inserted_at, visible_at, visible_wall, expires_at, expires_wall)
    SELECT id, lower(hex(randomblob(16))), :body, :inserted, :visible, :visibleWall, :expires, :expiresWall
    FROM queue WHERE name = :queue
    RETURNING id, uid`),
  // Finds expired messages too, so that `receive` comes and clears them away.
  anyVisible: db.prepare(`SELECT 1 FROM message WHERE queue = ${theQueue} AND visible_at <= :now LIMIT 1`),
  purge: db.prepare(`DELETE FROM message WHERE queue = ${theQueue} AND expires_at <= :now`),
  receive: db.prepare(`
    UPDATE message SET visible_at = :until, visible_wall = 0, deliveries = deliveries + 1
    WHERE id IN (
      SELECT id FROM message WHERE queue = ${theQueue} AND visible_at <= :now ORDER BY visible_at, id LIMIT :max)
    RETURNING id, ${uid}, body, deliveries, inserted_at`),
  peek: db.prepare(`
    SELECT id, ${uid}, body, deliveries, inserted_at FROM message
    WHERE queue = ${theQueue} AND visible_at <= :now AND ${alive} ORDER BY visible_at, id LIMIT :max`),
  update: db.prepare(
    `UPDATE message SET visible_at = :until, visible_wall = :untilWall, body = coalesce(:body, body) WHERE ${held}`,
  ),
  complete: db.prepare(`DELETE FROM message WHERE ${held}`),
  depth: db.prepare(`
    SELECT (SELECT count(*) FROM message WHERE queue = ${theQueue})
      - (SELECT count(*) FROM message WHERE queue = ${theQueue} AND expires_at <= :now) AS depth`),
})
