export type { AzureOptions } from './azure-service.ts'
export { openAzureService } from './azure-service.ts'
export type { AzureAccess, TokenCredential } from './connect.ts'
