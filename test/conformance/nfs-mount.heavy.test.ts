import { nfsMount } from '@cachewarmer/walker'
import { describeMount, folderTree } from '@cachewarmer/walker/testing'
import { afterAll, describe, expect, test } from 'vitest'
import { ganeshaMissing, startGanesha } from '../support/ganesha.ts'

const missing = ganeshaMissing()
if (missing !== undefined) test.skip(`nfs-ganesha as a mount (skipped: ${missing})`)
else
  describeMount({ afterAll, describe, expect, test }, 'nfs-ganesha', async (tree) => {
    const { folder, dispose } = await folderTree(tree)
    const ganesha = await startGanesha({ folder })
    if (ganesha === undefined) throw new Error('nfs-ganesha vanished')
    const { exportPath, nfsPort, mountPort } = ganesha
    const mount = await nfsMount({ export: { host: '127.0.0.11', exportPath, nfsPort, mountPort } })
    return {
      mount,
      dispose: async () => {
        await ganesha.stop()
        await dispose()
      },
    }
  })
