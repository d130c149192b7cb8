import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lab } from '../../support/lab.ts'

test('a warm-up of this machine without arguments makes a sample scene and reads it through three mounts', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'cachewarmer-test-tmp-'))
  await using lab = new Lab({ TMPDIR: temporary })
  const { code, stdout, stderr } = await lab.run('manager', ['warm'])
  expect({ code, stderr }).toEqual({ code: 0, stderr })
  expect(stderr).toContain('a sample scene is made')
  for (const mount of ['mount-1', 'mount-2', 'mount-3']) expect(stdout).toContain(mount)
  expect(stdout).toContain('966')
  expect(readdirSync(temporary)).toEqual([])
  rmSync(temporary, { recursive: true })
})
