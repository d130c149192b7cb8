export { openPrivately, unfitFilesystem, watchFile } from './file.ts'
export type { SqliteOptions } from './service.ts'
export { openSqliteService } from './service.ts'
