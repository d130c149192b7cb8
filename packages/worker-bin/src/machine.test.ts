import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownerTag } from '@cachewarmer/vmss'
import { startInstanceMetadata, testSubscription } from '@cachewarmer/vmss/testing'
import { expect, test } from 'vitest'
import { startProgram } from './testing/program.ts'

const resourceId = `/subscriptions/${testSubscription}/resourceGroups/render/providers/Microsoft.Compute/virtualMachineScaleSets/set/virtualMachines/1`
const worker = { name: 'set_1', resourceId, scaleSet: 'set', tags: { [ownerTag]: 'studio' } }

test('the built worker ends with 0 when Azure takes its machine away, and acknowledges', {
  timeout: 60_000,
}, async () => {
  const metadata = await startInstanceMetadata({ machine: worker })
  const folder = mkdtempSync(join(tmpdir(), 'cw-machine-'))
  const program = startProgram(
    ['--queue', `sqlite:${join(folder, 'queue.db')}`, '--queue-name-prefix', 'studio', '--metadata-url', metadata.url],
    { CACHEWARMER_AZURE_MACHINE: '1' },
  )
  try {
    await program.said('on a machine of Azure')
    const { acknowledged } = metadata.announce('Preempt', [worker.name])
    await acknowledged
    expect(await program.finished).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('takes this machine away'),
    })
  } finally {
    program.child.kill('SIGKILL')
    await program.finished
    await metadata.close()
    rmSync(folder, { recursive: true })
  }
})
