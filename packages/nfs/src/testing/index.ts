export { NfsExport } from '../client/export.ts'
export type { Fault, FaultFunction, SeenCall } from './faults.ts'
export { everyNth, firstOf, onCalls } from './faults.ts'
export type { OddListing } from './odd-listing.ts'
export type { NfsServer, NfsServerOptions } from './server.ts'
export { startNfsServer } from './server.ts'
export type {
  ReadAnswer,
  TreeDirectory,
  TreeEntry,
  TreeFile,
  TreeLink,
  TreeMeta,
  TreeNode,
  TreeSpecial,
  TreeUp,
} from './tree.ts'
export { directory, file, generated, link, oddFile, patternByte, special, up } from './tree.ts'
