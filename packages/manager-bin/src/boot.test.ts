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

test.each([503])(
  'one %i of instance metadata is asked again, and the manager serves',
  { timeout: 60_000 },
  async (status) => {
    await using metadata = await startInstanceMetadata()
    metadata.fail(status, 2)
    const { child, finished, said } = serve(metadata.url)
    await said('the place of the machines cannot be told yet')
    await said('the fleet is a scale set')
    child.kill('SIGTERM')
    await finished
    expect(metadata.requests.filter((request) => request.includes('instance/compute'))).toHaveLength(3)
  },
)

test('a setting that Azure does not tell ends it for good', { timeout: 60_000 }, async () => {
  await using metadata = await startInstanceMetadata()
  metadata.fail(404)
  const { code, stderr } = await serve(metadata.url).finished
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('must be given') })
})
