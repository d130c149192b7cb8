import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encodeName } from '@cachewarmer/nfs'
import type { MemoryDirectory, MemoryNode } from './memory-tree.ts'

export interface FolderTree {
  readonly folder: string
  readonly dispose: () => Promise<void>
}

/** Writes the tree into a fresh folder of the machine: files are holes of their size, `other` nodes FIFOs. */
export async function folderTree(tree: MemoryDirectory): Promise<FolderTree> {
  const folder = await mkdtemp(join(tmpdir(), 'cachewarmer-walker-'))
  await fill(Buffer.from(folder), tree)
  return { folder, dispose: () => rm(folder, { recursive: true, force: true }) }
}

async function fill(folder: Buffer, tree: MemoryDirectory): Promise<void> {
  await Promise.all(Array.from(tree.entries(), ([name, node]) => write(folder, name, node)))
}

async function write(folder: Buffer, name: string, node: MemoryNode): Promise<void> {
  const path = Buffer.concat([folder, Buffer.from('/'), encodeName(name)])
  if (node.kind === 'directory') {
    await mkdir(path)
    await fill(path, node)
  } else if (node.kind === 'file') {
    await writeFile(path, '')
    if (node.size > 0) await truncate(path, node.size)
  } else if (node.kind === 'symlink') await symlink(encodeName(node.to), path)
  else await promisify(execFile)('mkfifo', [path.toString()])
}
