/*
 * Mounts for tests: trees in memory that may be endless and may fail, a record of what was asked of a mount, and the
 * tests that every mount has to pass.
 */

export type { MadeMount, Runner } from './describe-mount.ts'
export { describeMount, oddNames } from './describe-mount.ts'
export type { FolderTree } from './folder-tree.ts'
export { folderTree } from './folder-tree.ts'
export type { MemoryFault, MemoryMount, MemoryMountOptions } from './memory-mount.ts'
export { memoryMount } from './memory-mount.ts'
export type { MemoryDirectory, MemoryFile, MemoryLink, MemoryNode, MemoryOther, TreeLiteral } from './memory-tree.ts'
export { manyEntries, memoryTree } from './memory-tree.ts'
export type { MountCall, RecordedMount } from './recorded-mount.ts'
export { recorded, until } from './recorded-mount.ts'
