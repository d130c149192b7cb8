import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workerNodeOptions } from '@cachewarmer/service/cli/worker-node-options'
import { expect, test } from 'vitest'
import { bundleForExecutable } from '../src/bundle.ts'
import { writeExecutable } from '../src/executable.ts'
import { releaseFolder } from '../src/release.ts'
import { launch, notLinux } from './launch.ts'

test.skipIf(notLinux)(
  'an executable runs with the options of Node that it holds, and V8 takes the code cache of its programs',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-executable-'))
    try {
      const file = join(folder, 'cachewarmer-worker')
      const program = '(function(require){process.stdout.write(process.execArgv.join(" "))})'
      const parts = { main: (await bundleForExecutable()).text, nodeOptions: workerNodeOptions }
      await writeExecutable({ ...parts, programs: new Map([['worker', program]]) }, file)
      // A code cache that V8 refuses is a warning on standard error.
      const wanted = { code: 0, stdout: workerNodeOptions.join(' '), stderr: '' }
      expect(await launch([file, '--of-its-own']).ended).toEqual(wanted)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test.skipIf(notLinux)('a bundle says in its first line how Node is to start it', () => {
  const [firstLine] = readFileSync(join(releaseFolder, 'cachewarmer.mjs'), 'utf8').split('\n')
  expect(firstLine).toBe(`#!/usr/bin/env -S node ${workerNodeOptions.join(' ')}`)
})
