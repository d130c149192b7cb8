import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import type { QueueService } from '@cachewarmer/queue'
import { openService } from '@cachewarmer/queue/open'
import { Terminal } from './terminal.ts'

/** The programs as they are installed: `dist/bin.js` of each package. */
export type Program = 'manager' | 'worker' | 'submit'

const programFile = (program: Program): string =>
  join(dirname(fileURLToPath(import.meta.resolve(`@cachewarmer/${program}/package.json`))), 'dist/bin.js')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly process: ChildProcess
  readonly finished: Promise<Finished>
  /** All that it wrote to standard error so far. */
  log(): string
}

/** A folder of its own with mounts for three addresses of one export, and the processes that a test starts in it. */
export class Lab implements AsyncDisposable {
  readonly folder: string
  readonly exportFolder: string
  readonly addresses: readonly string[] = ['cache-1', 'cache-2', 'cache-3']
  readonly #processes = new Set<Running>()
  readonly #environment: Readonly<Record<string, string>>
  readonly #queueFile: string
  readonly #programs: Readonly<Partial<Record<Program, string>>>
  /** Words before the command of each program, as a shell that sets a limit first. */
  launcher: readonly string[] = []

  /** `programs` are files to start instead of those that are installed. */
  constructor(
    environment: Readonly<Record<string, string>> = {},
    programs: Readonly<Partial<Record<Program, string>>> = {},
  ) {
    this.#programs = programs
    this.folder = mkdtempSync(join(tmpdir(), 'cachewarmer-test-'))
    this.exportFolder = join(this.folder, 'export')
    this.#queueFile = join(this.folder, 'queue.db')
    this.#environment = {
      CACHEWARMER_QUEUE: `sqlite:${this.#queueFile}`,
      QUEUE_PREFIX: 'lab',
      // The mounts of the lab are links to one folder.
      CACHEWARMER_FOLDER_LINKS: '1',
      ...environment,
    }
    mkdirSync(this.exportFolder)
    for (const address of this.addresses) {
      mkdirSync(join(this.folder, 'mounts', address), { recursive: true })
      symlinkSync(this.exportFolder, join(this.folder, 'mounts', address, 'animation'))
    }
  }

  /** For `--folder`: where workers find the mounts. */
  get folderTemplate(): string {
    return `${this.folder}/mounts/{address}{export}`
  }

  start(program: Program, args: readonly string[]): Running {
    const file = this.#programs[program] ?? programFile(program)
    const [first = '', ...words] = [...this.launcher, process.execPath, file, ...args]
    const child = spawn(first, words, {
      env: { PATH: process.env['PATH'] ?? '', ...this.#environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    child.stdin.on('error', () => undefined)
    const running: Running = {
      process: child,
      finished: once(child, 'close').then(([code]) => {
        this.#processes.delete(running)
        return { code: code as number | null, stdout, stderr }
      }),
      log: () => stderr,
    }
    this.#processes.add(running)
    return running
  }

  /** `cachewarmer-submit` on a terminal. */
  onTerminal(args: readonly string[], size: { readonly columns: number; readonly rows: number }): Terminal {
    const command = [process.execPath, programFile('submit'), ...args]
    return new Terminal(command, { ...size, environment: this.#environment })
  }

  run(program: Program, args: readonly string[]): Promise<Finished> {
    return this.start(program, args).finished
  }

  startManager(...args: readonly string[]): Running {
    const common = [
      '--folder',
      this.folderTemplate,
      '--ledger',
      join(this.folder, 'ledger.db'),
      '--workers',
      '2',
      '--lease-ms',
      '3000',
    ]
    return this.start('manager', [...common, ...args])
  }

  /** Submits a job for the lab's export and waits for its end. */
  submitAndWait(...args: readonly string[]): Promise<Finished> {
    const job = ['--addresses', this.addresses.join(','), '--export', '/animation']
    return this.run('submit', [...job, '--wait', '--json', ...args])
  }

  /** An address that shows another folder of the lab as the export. */
  mountElsewhere(address: string, folder: string): void {
    mkdirSync(join(this.folder, 'mounts', address), { recursive: true })
    symlinkSync(join(this.folder, folder), join(this.folder, 'mounts', address, 'animation'))
  }

  /** Puts a text into a queue of the lab's file as it is, past every check. Gives the message's id. */
  async putRaw(queue: string, body: string): Promise<string> {
    return this.#withQueues(async (service) => {
      await service.create(queue)
      const { id } = await service.queue(queue).send('x', { delayMs: 60_000 })
      using database = new DatabaseSync(this.#queueFile, { timeout: 10_000 })
      database
        .prepare(
          'UPDATE message SET body = ?, visible_at = inserted_at WHERE id = (SELECT max(id) FROM message WHERE body = ?)',
        )
        .run(body, 'x')
      return id
    })
  }

  /** The bodies in a queue that can be seen. */
  bodies(queue: string): Promise<string[]> {
    return this.#withQueues(async (service) => (await service.queue(queue).peek({ max: 32 })).map(({ body }) => body))
  }

  /** Chunks of lists that were sent to workers, as the manager's ledger remembers them during a run. */
  movedChunks(): number {
    using ledger = new DatabaseSync(join(this.folder, 'ledger.db'), { readOnly: true, timeout: 10_000 })
    return Number(ledger.prepare('SELECT count(*) AS moved FROM moved').get()?.['moved'])
  }

  /** Names of all queues. */
  async queues(): Promise<readonly string[]> {
    return this.#withQueues((service) => service.list(''))
  }

  depth(queue: string): Promise<number> {
    return this.#withQueues((service) => service.queue(queue).approximateDepth())
  }

  /** Waits for what real processes bring about. */
  async eventually(check: () => Promise<boolean>, forMs = 40_000): Promise<void> {
    const untilMs = performance.now() + forMs
    while (!(await check())) {
      if (performance.now() > untilMs) throw new Error(`it did not come about within ${forMs} ms: ${String(check)}`)
      await pause(50)
    }
  }

  /** Asks something of a job until a manager answers. */
  async told(
    command: 'pause' | 'resume' | 'cancel' | 'change',
    label: string,
    ...args: readonly string[]
  ): Promise<void> {
    const { code, stderr } = await this.run('submit', [command, label, ...args])
    if (code !== 0) throw new Error(stderr)
  }

  async #withQueues<T>(action: (service: QueueService) => Promise<T>): Promise<T> {
    const { CACHEWARMER_QUEUE: url, STORAGE_KEY: accountKey } = this.#environment
    const service = await openService(url, { accountKey })
    try {
      return await action(service)
    } finally {
      await service.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = [...this.#processes]
    for (const { process } of left) process.kill('SIGKILL')
    await Promise.all(left.map(({ finished }) => finished))
    // Workers of a killed manager stop by themselves; the folder must not go before they are gone.
    for (let tries = 0; tries < 100 && workersBelow(this.folder).length > 0; tries += 1) await pause(100)
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Process ids of workers whose command line names the folder. */
export function workersBelow(folder: string): number[] {
  const found: number[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const command = readFileSync(`/proc/${entry}/cmdline`, 'utf8')
      if (command.includes(folder) && command.includes('--exit-with-parent')) found.push(Number(entry))
    } catch {
      // It ended since it was listed.
    }
  }
  return found
}

export interface MadeTree {
  readonly files: number
  readonly bytes: number
  readonly directories: number
}

/** Makes `directories` folders of `filesEach` files of 1 to 16 KiB below `root`, one of them wide; returns what is there. */
export function makeTree(root: string, directories: number, filesEach: number, wide = 0): MadeTree {
  let files = 0
  let bytes = 0
  const content = Buffer.alloc(16_384, 'warm')
  const fill = (folder: string, count: number): void => {
    mkdirSync(folder, { recursive: true })
    for (let at = 0; at < count; at += 1) {
      const size = 1_024 + ((files * 7_919) % 15_361)
      writeFileSync(join(folder, `f${at}.dat`), content.subarray(0, size))
      files += 1
      bytes += size
    }
  }
  for (let at = 0; at < directories; at += 1) fill(join(root, `group-${at % 10}`, `d${at}`), filesEach)
  if (wide > 0) fill(join(root, 'wide'), wide)
  return { files, bytes, directories: 1 + Math.min(10, directories) + directories + (wide > 0 ? 1 : 0) }
}
