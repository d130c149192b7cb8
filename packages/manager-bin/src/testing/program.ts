import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Program {
  readonly child: ChildProcess
  readonly finished: Promise<Finished>
  /** Resolves once standard error holds this text; rejects when the program ends without. */
  said(text: string): Promise<void>
}

const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))

/** Starts the built program, with nothing in its environment but what is given. Its standard input stays open. */
export function startProgram(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  if (!existsSync(bin)) throw new Error(`${bin} is missing: build the package first`)
  const child = spawn(process.execPath, [bin, ...argv], { env: { PATH: process.env['PATH'], ...env } })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    child.emit('said')
  })
  const finished = once(child, 'close').then(([code]) => ({ code: code as number | null, stdout, stderr }))
  const said = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (stderr.includes(text)) resolve()
      }
      child.on('said', look)
      look()
      void finished.then(() => reject(new Error(`ended without ${JSON.stringify(text)}: ${stderr}`)))
    })
  return { child, finished, said }
}
