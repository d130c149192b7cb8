/** The room of the service that this program runs. */
export * from '@cachewarmer/service/worker'
