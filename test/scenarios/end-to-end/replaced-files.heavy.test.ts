import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Lab } from '../../support/lab.ts'

/* The queue file goes while the ledger stays: the programs are to notice, and no job is to get another one's report. */

function removeQueue(lab: Lab): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(lab.folder, `queue.db${suffix}`), { force: true })
}

function makeFiles(lab: Lab, folder: string, count: number): void {
  mkdirSync(join(lab.exportFolder, folder))
  for (let n = 0; n < count; n += 1) writeFileSync(join(lab.exportFolder, folder, `${n}`), 'x'.repeat(100))
}

const job = (lab: Lab, path: string): string[] => [
  '--addresses',
  lab.addresses.join(','),
  '--export',
  '/animation',
  '--path',
  path,
]

test('a job in a new queue file runs itself, although the ledger knows jobs of the previous file', {
  timeout: 120_000,
}, async () => {
  await using lab = new Lab()
  makeFiles(lab, 'one', 3)
  makeFiles(lab, 'two', 5)
  const first = lab.startManager('--fleet', 'none')
  expect(await lab.run('submit', job(lab, '/one'))).toMatchObject({ code: 0 })
  await lab.eventually(async () => first.log().includes('run started'))
  first.process.kill('SIGKILL')
  await first.finished
  removeQueue(lab)
  const second = lab.startManager()
  const { code, stdout } = await lab.submitAndWait('--path', '/two')
  expect(code).toBe(0)
  expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ outcome: 'warmed', files: 5 })
  second.process.kill('SIGTERM')
  expect(await second.finished).toMatchObject({ code: 0 })
})

test('a queue file that is removed ends every program that has it open, and says why', {
  timeout: 120_000,
}, async () => {
  await using lab = new Lab()
  makeFiles(lab, 'one', 3)
  const manager = lab.startManager('--fleet', 'none')
  await lab.eventually(async () => manager.log().includes('leading'))
  const worker = lab.start('worker', ['--queue-name-prefix', 'other'])
  await lab.eventually(async () => worker.log().includes('worker started'))
  const waiting = lab.submitAndWait('--path', '/one')
  await lab.eventually(async () => manager.log().includes('run started'))
  removeQueue(lab)
  for (const [program, { code, stderr }] of Object.entries({
    manager: await manager.finished,
    worker: await worker.finished,
    submit: await waiting,
  })) {
    expect({ program, code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/queue\.db: the file was (removed|replaced) while it was open; stop all programs/),
    })
    expect(stderr).not.toContain('    at ')
  }
})
