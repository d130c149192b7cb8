import { compileExpression, decodeResult, encodeStatus, fold } from '@cachewarmer/core'
import { aStatus, memoryLedger } from '@cachewarmer/core/testing'
import { read, speaksPlainly, type Target } from './target.ts'

/** Twice what an expression of the budget compiles to takes less time than this, also on a machine that is busy. */
const expressionMs = 5_000

/** An expression of a job: refused, or compiled and used in a time that its length has no say in. */
export const expression: Target = (bytes) => {
  const text = bytes.toString('utf8')
  const begunMs = performance.now()
  const found = read(speaksPlainly, () => compileExpression(text))
  found?.value('frame.0001.exr'.repeat(18))
  if (performance.now() - begunMs > expressionMs) throw new Error('it took too long')
  return found !== undefined
}

/**
 * Results of a run, one a line, as a worker may claim them: for all claims a fold is as large as the message was, sums
 * can be carried by a status, and no more items are done than there are.
 */
export const claims: Target = (bytes) => {
  const ledger = memoryLedger()
  ledger.apply([{ change: 'begin', item: 'root' }])
  let folded = false
  for (const line of bytes.toString('utf8').split('\n')) {
    const found = read(speaksPlainly, () => decodeResult(line))
    if (found === undefined || found.value.kind === 'heartbeat') continue
    const changes = fold(ledger, found.value)
    if (changes.length > bytes.length) throw new Error(`${changes.length} changes of ${bytes.length} bytes`)
    ledger.apply(changes)
    folded = true
  }
  const items = { announced: ledger.announcedItems(), done: ledger.doneItems() }
  if (items.done > items.announced) throw new Error('more is done than there is')
  const status = aStatus()
  encodeStatus({ ...status, progress: { ...status.progress, counts: ledger.counts, items } })
  return folded
}
