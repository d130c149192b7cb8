import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startInstanceMetadata, testSshKey, testSubnetId } from '@cachewarmer/vmss/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startProgram } from './testing/program.ts'

/* A manager that starts with its machine, before the services of its machine do. */

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'cw-boot-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const words = (line: string): string[] => line.split(' ')

const serve = (metadataUrl: string) =>
  startProgram(
    words('serve --queue http://127.0.0.1:9/studio --queue-name-prefix studio --fleet vmss').concat(
      words('--bootstrap-mount-address 10.0.0.4 --bootstrap-export-path /boot --bootstrap-script-path /boot/worker.sh'),
      words(`--vmss-subnet-id ${testSubnetId} --azure-metadata-url ${metadataUrl}`),
      ['--vmss-ssh-public-key', testSshKey, '--ledger', join(folder, 'ledger.db')],
    ),
    { CACHEWARMER_STORAGE_SAS: 'sv=2025-01-05&sig=x' },
  )

test('instance metadata that answers 503 is asked again, and the manager serves', { timeout: 60_000 }, async () => {
  await using metadata = await startInstanceMetadata()
  metadata.fail(503, 2)
  const manager = serve(metadata.url)
  await manager.said('the place of the machines cannot be told yet')
  await manager.said('the fleet is a scale set')
  manager.child.kill('SIGTERM')
  await manager.finished
  expect(metadata.requests.filter((request) => request.includes('instance/compute'))).toHaveLength(3)
})

test('a setting that Azure does not tell ends it for good', { timeout: 60_000 }, async () => {
  await using metadata = await startInstanceMetadata()
  metadata.fail(404)
  const { code, stderr } = await serve(metadata.url).finished
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('must be given') })
})
