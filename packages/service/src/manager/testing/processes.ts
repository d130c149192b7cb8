import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'

/** Whether a process of this id runs; one that has ended and was not waited for yet counts as gone. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    // In the file: the id, the name in brackets, the state.
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** Waits for something that real processes bring about. */
export async function eventually(check: () => boolean | Promise<boolean>, forMs: number = 30_000): Promise<void> {
  const untilMs = performance.now() + forMs
  while (!(await check())) {
    if (performance.now() > untilMs) throw new Error(`it did not come about within ${forMs} ms: ${String(check)}`)
    await setTimeout(20)
  }
}
