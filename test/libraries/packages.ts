import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type CodeBlock, documents } from '../docs/markdown.ts'
import { root } from '../support/repository.ts'

const run = promisify(execFile)
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string }

/** Runs pnpm as the root scripts do. */
export const pnpm = (args: readonly string[], cwd: string): Promise<{ stdout: string }> =>
  run('npx', ['-y', packageManager, ...args], { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })

/** An example in a README: a program once what its reader has already is put before it. */
export interface Example {
  /** `queue-1`: the package's folder, and which block of it. */
  readonly id: string
  readonly where: string
  readonly text: string
  /** The block as it is in the document. */
  readonly block: string
  /** How it is run; or the reason why it is only compiled. */
  readonly run: Run | string
}

export interface Run {
  /** Its expected standard output or error. */
  readonly says: RegExp
  /** It runs until SIGTERM, which it gets once it has printed `says`, or once the named examples have ended. */
  readonly until?: readonly string[] | 'said'
}

interface Reader {
  /** Code that the example takes for granted, put before it. */
  readonly given?: string
  readonly run: Run | string
}

const nothing = /^$/

/* By the place in the documents: what it takes to run each. Addresses and folders are those of readme-machine.ts. */
const readers: Readonly<Record<string, Reader>> = {
  'cli-1': { run: { says: /"msg":"queues"/ } },
  'core-1': {
    given: `
      import { aResult } from '@cachewarmer/core/testing'
      const results = [aResult({ counts: { ...aResult().counts, files: 12 } })]`,
    run: { says: /WarmTargetPath[\s\S]*12 files are warm/ },
  },
  'manager-bin-1': { run: { says: /run/, until: ['submit-bin-1'] } },
  'nfs-1': { run: { says: /<camera\/> through[\s\S]*a\.exr false 5000[\s\S]*^5000$/m } },
  'nfs-2': { run: { says: /camera\.xml 17 of 17n[\s\S]*<camera\/> through true/ } },
  'queue-1': {
    given: `
      const makeThumbnail = async (file: string, signal: AbortSignal): Promise<void> => {
        console.log('a thumbnail of', file, signal.aborted)
      }`,
    run: { says: /a thumbnail of \/Käse\.jpg false/, until: 'said' },
  },
  'report-1': {
    given: `
      import { encodeStatus } from '@cachewarmer/core'
      import { anEnded } from '@cachewarmer/service/testing'
      const message = encodeStatus(anEnded('warmed'))`,
    run: { says: /Warmed\.[\s\S]*"outcome":"warmed"/ },
  },
  'page-1': {
    given: `
      import { aStatus } from '@cachewarmer/core/testing'
      const status = aStatus()`,
    run: { says: nothing },
  },
  'submit-bin-1': { run: { says: /Warmed\./ } },
  'verify-1': { run: { says: /^$|of the files are warm/ } },
  'vmss-1': { run: 'it asks Azure itself' },
  'vmss-2': {
    given: `
      declare const signal: AbortSignal, identityId: string
      declare function handBack(): Promise<void>
      declare function powerOff(): Promise<void>`,
    run: 'it deletes the machine that it is on',
  },
  'walker-1': { run: { says: /^warm 2 files, 200 bytes$/m } },
  'walker-2': {
    given: `
      import { folderMount, walk } from '@cachewarmer/walker'
      const mounts = [folderMount({ folder: '/mnt/cache-1/scenes' })]`,
    run: { says: /\/shot-7\/a\.exr 100 true/ },
  },
  'walker-3': {
    given: `
      import { folderMount, walk } from '@cachewarmer/walker'
      const mounts = [folderMount({ folder: '/mnt/cache-1/scenes' })]
      const leaseLost = new AbortController()
      const send = (what: object): void => {
        console.log(JSON.stringify(what))
        setTimeout(() => process.exit(), 100)
      }`,
    run: { says: /"files":2,/ },
  },
  'walker-4': {
    given: `
      import { folderMount, walk, warm } from '@cachewarmer/walker'
      const mounts = [folderMount({ folder: '/mnt/cache-1/scenes' })]`,
    run: { says: /^2 files, 200 bytes$[\s\S]*^100 %$/m },
  },
  'walker-5': {
    given: `
      import { folderMount, type WalkObserver, warm } from '@cachewarmer/walker'`,
    run: { says: /^2 files, 200 bytes$/m },
  },
  'walker-6': { run: { says: /complete: true/ } },
  'worker-bin-1': { run: { says: /\d+ items done/, until: ['submit-bin-1'] } },
  'embedding-1': { run: { says: /^warm 2 files, 200 bytes$/m } },
}

const isTypeScript = ({ language }: CodeBlock): boolean => language === 'ts'

export const examples: readonly Example[] = documents
  .filter(({ path }) => /^packages\/.*README\.md$|^docs\/developers\//.test(path))
  .flatMap(({ path, blocks }) =>
    blocks.filter(isTypeScript).map(({ where, text }, at) => {
      const id = `${path.replace(/\/README\.md$|\.md$/, '').replace(/^.*\//, '')}-${at + 1}`
      const { given = '', run } = readers[id] ?? { run: unexplained(id) }
      return { id, where, run, block: text, text: `${given}\n${text}\nexport {}\n` }
    }),
  )

function unexplained(id: string): never {
  throw new Error(`test/libraries/packages.ts has no entry for ${id}: how is it run?`)
}

/** For each package, what its README says to install. */
export const installed: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  documents.map(({ path, blocks }) => {
    const lines = blocks.flatMap(({ text }) => text.split('\n')).filter((line) => line.startsWith('npm install '))
    return [path, new Set(lines.flatMap((line) => line.replace(/#.*/, '').trim().split(/\s+/).slice(2)))]
  }),
)
