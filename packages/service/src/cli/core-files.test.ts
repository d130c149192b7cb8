import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { keepMemoryOutOfCores } from './core-files.ts'

test('where there is no such switch nothing is written, and nothing fails', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-test-'))
  keepMemoryOutOfCores(join(folder, 'missing', 'coredump_filter'))
  expect(readdirSync(folder)).toEqual([])
})

test.skipIf(process.platform !== 'linux')('it holds for this process, and for those that it starts', () => {
  const script = `
    import { execFileSync } from 'node:child_process'
    import { keepMemoryOutOfCores } from ${JSON.stringify(new URL('core-files.ts', import.meta.url).href)}
    const filter = () => execFileSync('cat', ['/proc/self/coredump_filter'], { encoding: 'utf8' }).trim()
    const before = filter()
    keepMemoryOutOfCores()
    console.log(before, filter())`
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(said).toMatch(/^0*[1-9a-f][0-9a-f]* 0+\n$/)
})
