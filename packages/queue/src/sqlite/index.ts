export type { SqliteOptions } from './sqlite-service.ts'
export { openSqliteService } from './sqlite-service.ts'
