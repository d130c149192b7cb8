import { basename } from 'node:path'
import { isSea } from 'node:sea'
import { start } from './programs.ts'
import { help, roleOf } from './roles.ts'
import { version } from './version.ts'

/*
 * All programs as one. A program is loaded once its role is known: a worker sets the size of the thread pool before anything
 * uses the pool. V8 takes its options from the command line alone, so every role runs with the worker's.
 */
const name = basename((isSea() ? process.argv0 : process.argv[1]) ?? '').replace(/\.m?js$/, '')
const first = process.argv[2]
const called = roleOf(name, first)

if (called !== undefined) {
  if (called.named === true) process.argv.splice(2, 1)
  void start[called.role]()
} else if (first === '--version' || first === '-V') process.stdout.write(`${version}\n`)
else if (first === '--help' || first === '-h' || first === 'help') process.stdout.write(help)
else {
  process.stderr.write(first === undefined ? help : `cachewarmer: ${first}: expected a command first\n`)
  if (first !== undefined) process.stderr.write("Try 'cachewarmer --help' for every command.\n")
  process.exitCode = 2
}
