/* Apart from what imports Azure's SDK, so that types of `./open` compile where it is not installed. */

/** What `@azure/identity` and `@azure/core-auth` call by this name. */
export interface TokenCredential {
  getToken(scopes: string | string[], options?: object): Promise<{ token: string; expiresOnTimestamp: number } | null>
}

/**
 * Where the account is, and one way to be let in: a connection string (which says where, too), or a `url` with one of
 * `accountKey`, `sas`, `credential`, or with a SAS as its query. Any cloud, private endpoint or emulator will do.
 */
export interface AzureAccess {
  readonly connectionString?: string | undefined
  /** `https://ACCOUNT.queue.core.windows.net`, or an emulator's `http://HOST:PORT/ACCOUNT`. */
  readonly url?: string | undefined
  readonly accountKey?: string | undefined
  /** Goes with `accountKey`. Default: as the URL says, which a domain of one's own does not. */
  readonly accountName?: string | undefined
  /** With or without its question mark. */
  readonly sas?: string | undefined
  /** Sent over https only. */
  readonly credential?: TokenCredential | undefined
}
