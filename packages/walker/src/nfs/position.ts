import type { ListPosition } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'
import { hashPath } from '../hash.ts'
import { show } from '../paths.ts'

/*
 * Where a listing goes on, as text: `space-cookie-verifier`, each in hex. A cookie means something to the filer that gave
 * it and to nobody else; another may take it and leave entries out without a word. So the text says whose it is.
 */
const shape = /^([0-9a-f]{1,8})-([0-9a-f]{1,16})-([0-9a-f]{1,16})$/

export const writePosition = (space: string, { cookie, cookieVerifier }: ListPosition): string =>
  `${hashPath(space).toString(16)}-${cookie.toString(16)}-${cookieVerifier.toString(16)}`

/** Throws `OPTION_INVALID` for what `writePosition` never wrote, `LISTING_CHANGED` for a position of another space. */
export function readPosition(space: string, text: string): ListPosition {
  const [, owner, cookie, cookieVerifier] = shape.exec(text) ?? []
  if (owner === undefined)
    throw new WalkError('OPTION_INVALID', `resume is ${show(text)}, expected what a page of an NFS listing said`)
  if (owner !== hashPath(space).toString(16))
    throw new WalkError('LISTING_CHANGED', 'the listing was begun at another filer, or before its export was replaced')
  return { cookie: BigInt(`0x${cookie}`), cookieVerifier: BigInt(`0x${cookieVerifier}`) }
}
