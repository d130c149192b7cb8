import { afterAll, describe, expect, test } from 'vitest'
import { describeMount } from './describe-mount.ts'
import { memoryMount } from './memory-mount.ts'

const runner = { afterAll, describe, expect, test }
const dispose = async (): Promise<void> => {}

const odd = { odd: true }

describeMount(runner, 'memory', async (tree) => ({ mount: memoryMount({ name: 'memory', tree }), dispose }), odd)

const resumable = { name: 'memory', resumable: true, pageSize: 100, handleSpace: 'memory' }
describeMount(
  runner,
  'memory, resumable and with handles',
  async (tree) => ({ mount: memoryMount({ ...resumable, tree }), dispose }),
  odd,
)
