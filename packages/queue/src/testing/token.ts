import { randomUUID } from 'node:crypto'

/** As in `@azure/core-auth`. */
export interface FakeCredential {
  getToken(scopes: string | string[]): Promise<{ token: string; expiresOnTimestamp: number }>
  /** The scopes asked for so far. */
  readonly asked: readonly (string | string[])[]
}

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A token without a signature: Azurite takes it (over https alone), Azure does not. `audience` is whom it is for. */
export function fakeCredential(audience = 'https://storage.azure.com'): FakeCredential {
  const asked: (string | string[])[] = []
  return {
    asked,
    getToken: async (scopes) => {
      asked.push(scopes)
      const nowS = Math.floor(Date.now() / 1_000)
      const times = { iat: nowS - 60, nbf: nowS - 60, exp: nowS + 3_600 }
      const claims = { ...times, aud: audience, iss: `https://sts.windows.net/${randomUUID()}/` }
      const token = `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.none`
      return { token, expiresOnTimestamp: times.exp * 1_000 }
    },
  }
}
