export { openPrivately, watchFile } from './database-file.ts'
export { unfitFilesystem } from './filesystem.ts'
export type { SqliteOptions } from './sqlite-service.ts'
export { openSqliteService } from './sqlite-service.ts'
