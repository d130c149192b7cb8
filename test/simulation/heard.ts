import { type Control, decodeStatus } from '@cachewarmer/core'
import type { Life } from './life.ts'
import type { SimClock } from './sim-clock.ts'
import { getOrMake } from './tally.ts'

export interface HeardOptions {
  readonly sim: SimClock
  /** Something was asked of a job, and did not hold. */
  readonly violate: (what: string) => void
  /** The manager that leads now. */
  readonly leader: () => Life | undefined
  /** A manager that dies leaves its ledger to the next one. */
  readonly keepsLedger: boolean
}

/** A request takes effect within this time, once its manager received it and if nothing goes wrong for the manager. */
const shownMs = 10_000
/** A run that is cancelled may take this long to gather what was read. */
const gatheredMs = 15_000
/** Workers stop reading within this, once everybody can see that they are to. */
const stoppedMs = 10_000
/** After a fault of a process: an unanswered call hangs for 8 s, and is repeated up to 30 s later. */
const troubleMs = 45_000

/** For this long what was asked is waited for. */
const mostMs = 1_200_000

type State = 'running' | 'paused' | 'ended'

interface Asked {
  readonly exportPath: string
  /** As each run's status says; one that was retired is forgotten. */
  readonly runs: Map<string, State>
  /** Since when none of them is to be read for, as everybody can see. */
  restsSinceMs: number | undefined
  restedAtMs: number
  endedAtMs: number
  resumedAtMs: number
  /** When each manager was last given a resume. */
  readonly resumeGivenAtMs: Map<Life, number>
  /** When a status last said that a run is paused. */
  pausedAtMs: number
  /** The latest status while it runs. */
  status: string | undefined
  /** Files that were shown as read when a cancel was heard. */
  filesAtCancel: number
}

/**
 * Holds what managers and workers do to what people ask of jobs: a cancel or a pause that was heard ends the reading.
 */
export class Heard {
  readonly #given: HeardOptions
  readonly #byLabel = new Map<string, Asked>()
  readonly #byExport = new Map<string, Asked>()
  readonly #labels = new Map<string, string>()
  /** By manager and control message: when it was first given. */
  readonly #firstGivenAtMs = new Map<Life, Map<string, number>>()

  constructor(given: HeardOptions) {
    this.#given = given
  }

  submitted(label: string, exportPath: string): void {
    const asked = getOrMake(this.#byLabel, label, () => newlyAsked(exportPath))
    this.#byExport.set(exportPath, asked)
  }

  /** Since when no worker may read for a job; undefined while it runs, and before it began. */
  restsSinceMs(label: string): number | undefined {
    return this.#byLabel.get(label)?.restsSinceMs
  }

  /** Files that were shown as read when a manager heard that the job is cancelled. */
  filesAtCancel(label: string): number {
    return this.#byLabel.get(label)?.filesAtCancel ?? 0
  }

  sawStatus(body: string): void {
    const [, run, label] = /"run":"([^"]+)".*?"label":"([^"]+)"/.exec(body) ?? []
    const [, state] = /"state":"(running|paused|ended)"/.exec(body) ?? []
    const asked = label === undefined ? undefined : this.#byLabel.get(label)
    if (asked === undefined || run === undefined || label === undefined) return
    asked.runs.set(run, state as State)
    if (state === 'running') asked.status = body
    if (state === 'paused') asked.pausedAtMs = this.#given.sim.nowMs
    // Of a run that another manager has retired a status may be left that says otherwise.
    if (state === 'ended') asked.endedAtMs = this.#given.sim.nowMs
    this.#labels.set(run, label)
    this.#settle(asked)
  }

  /** A run's status is there no more: it was retired, or ended long ago. */
  statusGone(run: string): void {
    const asked = this.#byLabel.get(this.#labels.get(run) ?? '')
    if (asked === undefined) return
    asked.runs.delete(run)
    this.#settle(asked)
  }

  /** A manager was given a control message, perhaps again; the answer may be lost on its way. */
  given(life: Life, message: string, { command, target }: Control): void {
    const { nowMs } = this.#given.sim
    const byMessage = getOrMake(this.#firstGivenAtMs, life, () => new Map<string, number>())
    if (!byMessage.has(message)) byMessage.set(message, nowMs)
    if (command === 'resume') this.#byLabel.get(target)?.resumeGivenAtMs.set(life, nowMs)
  }

  /** A manager completed a control message that it had not waited too long for. */
  control(life: Life, message: string, { command, target }: Control): void {
    const asked = this.#byLabel.get(target)
    if (asked === undefined) return
    if (command === 'resume') asked.resumedAtMs = this.#given.sim.nowMs
    // One that has not begun, or is over, hears nothing.
    if (![...asked.runs.values()].some((state) => state !== 'ended')) return
    // The status may say that it is paused before the message is completed. A pause that comes again after a later resume is
    // dropped.
    const firstGivenAtMs = this.#firstGivenAtMs.get(life)?.get(message) ?? Number.NEGATIVE_INFINITY
    const isOvertaken = (asked.resumeGivenAtMs.get(life) ?? Number.NEGATIVE_INFINITY) > firstGivenAtMs
    if (command === 'pause' && asked.restsSinceMs === undefined && !isOvertaken)
      this.#expect(
        target,
        life,
        shownMs,
        (heardAtMs) =>
          asked.restedAtMs >= heardAtMs ||
          asked.resumedAtMs >= heardAtMs ||
          // Carried out, though its completion may be lost.
          [...asked.resumeGivenAtMs.values()].some((givenAtMs) => givenAtMs >= heardAtMs) ||
          // A status may be left of a run that another ledger's manager began.
          (!this.#given.keepsLedger && asked.pausedAtMs >= heardAtMs),
      )
    if (command === 'cancel' && asked.status !== undefined)
      asked.filesAtCancel = decodeStatus(asked.status).progress.counts.files
    if (command === 'cancel') this.#expect(target, life, gatheredMs, (heardAtMs) => asked.endedAtMs >= heardAtMs)
  }

  sawRead(life: Life, exportPath: string): void {
    const sinceMs = this.#byExport.get(exportPath)?.restsSinceMs
    if (sinceMs === undefined) return
    const { nowMs } = this.#given.sim
    if (nowMs - sinceMs <= stoppedMs || nowMs - life.troubledAtMs <= troubleMs) return
    this.#given.violate(
      `${life.name} reads ${exportPath} ${Math.round((nowMs - sinceMs) / 1_000)} s after it was to stop`,
    )
  }

  #settle(asked: Asked): void {
    const { nowMs } = this.#given.sim
    const states = [...asked.runs.values()]
    const rests = states.length > 0 && states.every((state) => state !== 'running')
    if (rests) {
      asked.restsSinceMs ??= nowMs
      asked.restedAtMs = nowMs
    } else asked.restsSinceMs = undefined
  }

  #expect(label: string, life: Life, withinMs: number, isSo: (heardAtMs: number) => boolean): void {
    const { sim, violate, leader, keepsLedger } = this.#given
    const heardAtMs = sim.nowMs
    const check = (): void => {
      if (isSo(heardAtMs)) return
      // A manager that stopped or died leaves what it heard to the next one.
      if ((leader()?.dead ?? true) && sim.nowMs - heardAtMs <= mostMs) {
        sim.after(1_000, check)
        return
      }
      const isReplaced = life.dead || (leader() ?? life) !== life
      if (isReplaced && !keepsLedger) return
      const responsible = isReplaced ? leader() : life
      if (sim.nowMs - heardAtMs > mostMs) return
      const quietMs = responsible === undefined ? 0 : sim.nowMs - Math.max(heardAtMs, responsible.troubledAtMs)
      // A life that is dead troubled itself when it died, and its successor when it began.
      // Without its ledger a run may first have to wait for queues that are being deleted.
      const isCalm = keepsLedger && responsible === life && quietMs === sim.nowMs - heardAtMs
      const bound = isCalm ? withinMs : keepsLedger ? troubleMs : 4 * troubleMs
      if (quietMs < bound) sim.after(Math.max(1_000, bound - quietMs), check)
      else
        violate(
          `${label}: ${withinMs === shownMs ? 'a pause' : 'a cancel'} was heard by ${life.name}, and does not hold`,
        )
    }
    sim.after(withinMs, check)
  }
}

const newlyAsked = (exportPath: string): Asked => ({
  exportPath,
  runs: new Map(),
  restsSinceMs: undefined,
  restedAtMs: Number.NEGATIVE_INFINITY,
  endedAtMs: Number.NEGATIVE_INFINITY,
  resumedAtMs: Number.NEGATIVE_INFINITY,
  resumeGivenAtMs: new Map(),
  pausedAtMs: Number.NEGATIVE_INFINITY,
  status: undefined,
  filesAtCancel: 0,
})
