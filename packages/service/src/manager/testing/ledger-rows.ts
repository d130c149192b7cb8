import { DatabaseSync } from 'node:sqlite'
import type { LedgerChange } from '@cachewarmer/core'
import { aJob, aRunId, type LedgerUnderTest } from '@cachewarmer/core/testing'
import type { ResultOrPart } from '../ledger/ledger.ts'
import { RunRows } from '../ledger/run-rows.ts'
import { openLedger } from '../ledger/sqlite-ledger.ts'

let opened = 0

/**
 * Our ledger in the shape that core's suite tests. The suite hands in changes, ours takes messages: the message is found
 * in its changes, and delivered twice. What the suite asks of rows is read past the ledger, by a second connection.
 */
export function ledgerRows(): LedgerUnderTest {
  opened += 1
  const file = `file:ledger-${opened}?mode=memory&cache=shared`
  const ledger = openLedger(file)
  const database = new DatabaseSync(file)
  const rows = new RunRows((text) => database.prepare(text), aRunId)
  const totals = () => ledger.totals(aRunId)

  return {
    item: (id) => rows.item(id),
    family: (name) => rows.family(name),
    waiting: (id) => rows.waiting(id),
    waitingOf: (family, from, to) => rows.waitingOf(family, from, to),
    partsHeld: (item, attempt) => rows.partsHeld(item, attempt),
    holdsPart: (item, attempt, part) => rows.holdsPart(item, attempt, part),
    apply: (changes) => {
      const message = messageOf(changes)
      if (message !== undefined) for (let delivery = 0; delivery < 2; delivery += 1) ledger.fold(aRunId, [message])
      else if (changes.length > 0 && ledger.run(aRunId) === undefined) addRun()
    },
    get counts() {
      return totals().counts
    },
    announcedItems: () => totals().announced,
    doneItems: () => totals().done,
    outstanding: () => totals().announced - totals().done,
    failures: () => ledger.failures(aRunId, Number.MAX_SAFE_INTEGER),
    close: () => {
      database.close()
      ledger.close()
    },
  }

  function addRun(): void {
    ledger.addRun({
      run: aRunId,
      jobMessageId: 'message-1',
      jobInsertedAtMs: 0,
      job: aJob(),
      warnings: [],
      startedAtMs: 0,
      generation: 0,
      rootSent: true,
      paused: false,
      revision: 1,
      weight: 10,
      ceilings: {},
    })
  }
}

/** The message that brought these changes about: its own change comes first. None for the root's announcement. */
function messageOf(changes: readonly LedgerChange[]): ResultOrPart | undefined {
  const first = changes.find(({ change }) => change !== 'unwait')
  if (first?.change === 'parts') return first.part
  return first?.change === 'wait' || first?.change === 'done' ? first.result : undefined
}
