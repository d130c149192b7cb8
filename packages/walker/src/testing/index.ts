export type { MemoryFault, MemoryMount, MemoryMountOptions } from './memory-mount.ts'
export { memoryMount } from './memory-mount.ts'
export type { MemoryDirectory, MemoryFile, MemoryLink, MemoryNode, MemoryOther, TreeLiteral } from './memory-tree.ts'
export { manyEntries, memoryTree } from './memory-tree.ts'
