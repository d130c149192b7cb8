import { EventEmitter } from 'node:events'
import { type Clock, systemClock } from '@cachewarmer/queue'
import { explain, onShutdown } from '@cachewarmer/service/cli'
import { run } from '../program.ts'
import { type Running, Spoken } from './spoken.ts'

const hurry = 50
const startMs = systemClock.now()

/** Real time, fifty times as fast: pauses of a second don't hold up tests that wait for real files. */
export const hurriedClock: Clock = {
  now: () => startMs + (systemClock.now() - startMs) * hurry,
  setTimer: (ms, run) => systemClock.setTimer(ms / hurry, run),
}

/** The program in this process: as the binary runs it, but for its clock, its environment and its signals. */
export function runHere(
  argv: readonly string[],
  options: {
    env?: Record<string, string>
    files?: Record<string, string>
    /** What files hold that were written. Without it none can be. */
    written?: Map<string, string>
  } = {},
): Running & { readonly signals: EventEmitter } {
  const spoken = new Spoken()
  const signals = new EventEmitter()
  const ended = run(argv, '1.2.3', {
    stdout: { write: (text) => spoken.write('stdout', Buffer.from(text).toString()) },
    stderr: { write: (text) => spoken.write('stderr', text) },
    environment: options.env ?? {},
    clock: hurriedClock,
    random: () => 0,
    readText: async (file) => {
      const text = options.files?.[file]
      if (text === undefined) throw new Error('ENOENT: no such file')
      return text
    },
    writeFile: async (file, content) => {
      if (options.written === undefined) throw new Error('EACCES: permission denied')
      options.written.set(file, typeof content === 'string' ? content : '')
    },
    async *readBytes(file) {
      const text = options.files?.[file]
      if (text === undefined) throw new Error('ENOENT: no such file')
      yield Buffer.from(text, 'latin1')
    },
    listen: () => onShutdown({ drainMs: 0 }, signals),
  }).catch((error: unknown) => {
    const { message, code } = explain(error)
    if (message !== '') spoken.write('stderr', `cachewarmer-submit: ${message}\n`)
    return code
  })
  return { signals, ...spoken.running(ended) }
}
