export type { AzureAccess, TokenCredential } from './access.ts'
export type { AzureOptions } from './service.ts'
export { openAzureService } from './service.ts'
