import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeExecutable } from '../src/executable.ts'
import { programs, releaseFolder } from '../src/programs.ts'
import { launch } from './launch.ts'
import { notLinux } from './linux.ts'

const worker = '--max-semi-space-size=16 --no-parallel-scavenge --heap-growing-percent=70'

test.skipIf(notLinux)(
  'an executable runs with the options of Node that it holds, and with its code cache',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-executable-'))
    try {
      const file = join(folder, 'program')
      await writeExecutable('process.stdout.write(process.execArgv.join(" "))', file, worker.split(' '))
      // A code cache that V8 does not take is a warning.
      expect(await launch([file, '--of-its-own']).ended).toEqual({ code: 0, stdout: worker, stderr: '' })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
)

test('a bundle says in its first line how Node is to start it', () => {
  const firstLines = programs.map(
    (program) => readFileSync(join(releaseFolder, `${program}.mjs`), 'utf8').split('\n')[0],
  )
  const ofWorker = `#!/usr/bin/env -S node ${worker}`
  expect(firstLines).toEqual([ofWorker, ofWorker, '#!/usr/bin/env node'])
})
