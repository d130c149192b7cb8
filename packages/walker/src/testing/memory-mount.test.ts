import { afterAll, describe, expect, test } from 'vitest'
import { describeMount } from './describe-mount.ts'
import { memoryMount } from './memory-mount.ts'

const runner = { afterAll, describe, expect, test }
const dispose = async (): Promise<void> => {}

describeMount(runner, 'memory', async (tree) => ({ mount: memoryMount({ name: 'memory', tree }), dispose }))

describeMount(runner, 'memory, resumable and with handles', async (tree) => ({
  mount: memoryMount({ name: 'memory', tree, resumable: true, pageSize: 100, handleSpace: 'memory' }),
  dispose,
}))
