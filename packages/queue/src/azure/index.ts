export type { AzureAccess, TokenCredential } from './connect.ts'
export type { AzureOptions } from './service.ts'
export { openAzureService } from './service.ts'
