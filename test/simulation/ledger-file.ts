import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StatementSync } from 'node:sqlite'
import { type Ledger, openLedger } from '@cachewarmer/manager'
import type { Life } from './life.ts'

/** Thrown out of a ledger call at which its process died: nothing after the call runs. */
class Died extends Error {
  override readonly name = 'Died'
}

/** Writes left until the process dies, during a call that it does not survive. */
let doomed: { left: number; readonly life: Life } | undefined

type Run = (this: StatementSync, ...values: unknown[]) => ReturnType<StatementSync['run']>
const run = Reflect.get(StatementSync.prototype, 'run') as Run
StatementSync.prototype.run = function (this: StatementSync, ...values: unknown[]) {
  if (doomed !== undefined && doomed.left-- === 0) {
    doomed.life.kill()
    throw new Died()
  }
  return run.apply(this, values)
}

/** Asked before each ledger call: how many of its writes the process survives; undefined where it survives the call. */
export type Doom = (method: string) => number | undefined

/**
 * Ledger files of one simulation, in memory-backed storage where there is some. A process has a connection of its own
 * to the file: what it had not committed when it was killed is rolled back, and the next process opens the file anew.
 */
export class LedgerFiles {
  readonly #folder: string
  readonly #open: Ledger[] = []
  #made = 0

  constructor() {
    this.#folder = mkdtempSync(join(memory, 'cw-simulation-'))
  }

  /** A file that is not there yet. */
  newFile(): string {
    this.#made += 1
    return join(this.#folder, `ledger-${this.#made}.db`)
  }

  /** The file as a process has it open. */
  open(file: string, life: Life, doom: Doom): Ledger {
    return mortal(this.read(file), life, doom)
  }

  /** The file as the simulation itself looks into it. */
  read(file: string): Ledger {
    const ledger = openLedger(file)
    this.#open.push(ledger)
    return ledger
  }

  remove(): void {
    for (const ledger of this.#open) ledger.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Disks take milliseconds for each commit, and a simulation makes hundreds of commits. */
const memory = ((): string => {
  try {
    const folder = mkdtempSync('/dev/shm/cw-simulation-')
    rmSync(folder, { recursive: true })
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
})()

/**
 * The ledger for a process that dies at calls of it, before, between or after its writes; for a dead one it does
 * nothing.
 */
function mortal(ledger: Ledger, life: Life, doom: Doom): Ledger {
  const calls = new Map<PropertyKey, unknown>()
  const make = (name: PropertyKey): unknown => {
    const method: unknown = Reflect.get(ledger, name)
    if (typeof method !== 'function') return method
    return (...values: unknown[]): unknown => {
      if (life.dead) throw new Died()
      const left = doom(String(name))
      if (left === undefined) return Reflect.apply(method, ledger, values)
      doomed = { left, life }
      try {
        Reflect.apply(method, ledger, values)
      } finally {
        doomed = undefined
      }
      life.kill()
      throw new Died()
    }
  }
  return new Proxy(ledger, {
    get: (_, name) => {
      if (!calls.has(name)) calls.set(name, make(name))
      return calls.get(name)
    },
  })
}
