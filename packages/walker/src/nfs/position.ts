import type { ListPosition, PageMark } from '@cachewarmer/nfs'
import { WalkError } from '../errors.ts'
import { hashPath } from '../hash.ts'
import { show } from '../paths.ts'

/*
 * Where a listing resumes, as text: `space-cookie-verifier-idle-mark-mark...`, each in hex. A cookie means something to the
 * filer that gave it and to nobody else; another may take it and leave entries out without a word. So the text says whose
 * it is. What follows the verifier shows when the listing leads back; it may be missing.
 */
const shape =
  /^([0-9a-f]{1,8})-([0-9a-f]{1,16})-([0-9a-f]{1,16})(?:-([0-9a-f]{1,4})((?:-[0-9a-f]{1,16}\.(?:[0-9a-f]{16})?){0,32}))?$/

export function writePosition(space: string, position: ListPosition): string {
  const { cookie, cookieVerifier, marks = [], idlePages = 0 } = position
  const idle = Math.max(0, idlePages).toString(16)
  const trail = marks.map((mark) => `-${mark.cookie.toString(16)}.${mark.first}`).join('')
  return `${hashPath(space).toString(16)}-${cookie.toString(16)}-${cookieVerifier.toString(16)}-${idle}${trail}`
}

/** Throws `OPTION_INVALID` for what `writePosition` never wrote, `LISTING_CHANGED` for a position of another space. */
export function readPosition(space: string, text: string): ListPosition {
  const [, owner, cookie, cookieVerifier, idle = '0', trail = ''] = shape.exec(text) ?? []
  if (owner === undefined)
    throw new WalkError('OPTION_INVALID', `resume is ${show(text)}, expected what a page of an NFS listing said`)
  if (owner !== hashPath(space).toString(16))
    throw new WalkError('LISTING_CHANGED', 'the listing was begun at another filer, or before its export was replaced')
  const marks = trail.split('-').slice(1).map(readMark)
  const idlePages = Number.parseInt(idle, 16)
  return { cookie: BigInt(`0x${cookie}`), cookieVerifier: BigInt(`0x${cookieVerifier}`), marks, idlePages }
}

function readMark(text: string): PageMark {
  const [cookie, first = ''] = text.split('.')
  return { cookie: BigInt(`0x${cookie}`), first }
}
