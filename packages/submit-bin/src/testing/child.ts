import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Running, Spoken } from './spoken.ts'

const bin = fileURLToPath(new URL('../../dist/bin.js', import.meta.url))

/** Starts the built program, with nothing in its environment but what is given. */
export function start(
  argv: readonly string[],
  options: { env?: Record<string, string>; stdin?: string } = {},
): Running & { readonly child: ChildProcess } {
  if (!existsSync(bin)) throw new Error(`${bin} is missing: build the package first`)
  const child = spawn(process.execPath, [bin, ...argv], { env: { PATH: process.env['PATH'], ...options.env } })
  const spoken = new Spoken()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => spoken.write(name, text))
  }
  // The program may end without reading what it was given.
  child.stdin.on('error', () => {})
  child.stdin.end(options.stdin ?? '')
  return { child, ...spoken.running(once(child, 'close').then(([code]) => code as number | null)) }
}
