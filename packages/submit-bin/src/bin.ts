#!/usr/bin/env node
import { readFile, writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { onShutdown, runMain, systemClock, systemRandom } from '@cachewarmer/cli'
import { run } from './cli/run.ts'
import { version } from './version.ts'

void runMain('cachewarmer-submit', () =>
  run(process.argv.slice(2), version, {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    clock: systemClock,
    random: systemRandom,
    readText: (file) => (file === '-' ? text(process.stdin) : readFile(file, 'utf8')),
    writeFile: (file, content) => writeFile(file, content),
    listen: () => onShutdown({ drainMs: 0 }),
  }),
)
