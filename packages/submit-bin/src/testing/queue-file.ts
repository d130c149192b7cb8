import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock, QueueService } from '@cachewarmer/queue'
import { openSqliteService } from '@cachewarmer/queue/sqlite'
import { Posts, prefix } from '@cachewarmer/service/testing'

/** Queues in a file of their own, as the test sees them and as the program's arguments name them. */
export interface QueueFile {
  readonly url: string
  readonly arguments: readonly string[]
  readonly service: QueueService
  readonly posts: Posts
  /** The bodies in a queue; none where it is not there. */
  bodies(name: string): Promise<string[]>
  remove(): Promise<void>
}

export function openQueueFile(clock: Clock): QueueFile {
  const folder = mkdtempSync(join(tmpdir(), 'cw-submit-'))
  const file = join(folder, 'queue.db')
  const service = openSqliteService({ file, clock })
  return {
    url: `sqlite:${file}`,
    arguments: ['--queue', `sqlite:${file}`, '--queue-name-prefix', prefix],
    service,
    posts: new Posts(service),
    bodies: async (name) => {
      if (!(await service.list('')).includes(name)) return []
      return (await service.queue(name).peek({ max: 32 })).map(({ body }) => body)
    },
    remove: async () => {
      await service.close()
      rmSync(folder, { recursive: true })
    },
  }
}

/** A message of the original. */
export const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8').trim()

/** Options of a small job. */
export const jobArguments: readonly string[] = words(
  '--addresses 10.0.1.11,10.0.1.12 --export /animation --path /scene1',
)

/** A command line as a shell cuts it, where nothing is quoted. */
export function words(line: string): string[] {
  return line.split(' ')
}
