#!/usr/bin/env node
import { createReadStream } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { onShutdown, runMain, systemClock, systemRandom } from '@cachewarmer/cli'
import { run } from './cli/run.ts'
import { version } from './version.ts'

void runMain(
  'cachewarmer-submit',
  () =>
    run(process.argv.slice(2), version, {
      stdout: process.stdout,
      stderr: process.stderr,
      environment: process.env,
      clock: systemClock,
      random: systemRandom,
      readText: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
      writeFile: (file, content) => writeFile(file, content),
      readBytes: (file) => (file === '-' ? process.stdin : createReadStream(file, { highWaterMark: 1 << 20 })),
      listen: () => onShutdown({ drainMs: 0 }),
    }),
  // A list that was given up in its middle must not keep the program.
).finally(() => process.stdin.destroy())
