import { afterAll, describe, expect, test } from 'vitest'
import { folderMount } from './folder-mount.ts'
import { describeMount } from './testing/describe-mount.ts'
import { folderTree } from './testing/folder-tree.ts'

describeMount({ afterAll, describe, expect, test }, 'folder', async (tree) => {
  const { folder, dispose } = await folderTree(tree)
  return { mount: folderMount({ folder }), dispose }
})
