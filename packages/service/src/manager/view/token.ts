import { type Environment, readSecretFile, UsageError } from '../../cli/index.ts'

const shortest = 16
/** Sixteen random hexadecimal digits have 64 bits, of which this estimate sees somewhat fewer. */
const fewestBits = 44
const hint = 'openssl rand -hex 32 makes a good one'

/** The token that the page asks for. Throws `UsageError` for one that could be guessed. */
export function readToken(file: string | undefined, environment: Environment): string | undefined {
  const [token, from] = file
    ? [readSecretFile('--status-token-file', file), `--status-token-file ${file}`]
    : [environment['CACHEWARMER_STATUS_TOKEN'] || undefined, 'CACHEWARMER_STATUS_TOKEN']
  if (token === undefined) return undefined
  if (token.length < shortest || !/^[!-~]+$/.test(token))
    throw new UsageError(`${from}: expected at least ${shortest} visible characters without blanks; ${hint}`)
  if (bitsOf(token) < fewestBits)
    throw new UsageError(`${from}: this token is easy to guess, as its characters repeat or follow each other; ${hint}`)
  return token
}

/**
 * Bits of surprise in a token, at most: Shannon's entropy of its characters, counted for those alone that neither continue
 * a sequence (`abc`, `111`, `321`) nor repeat what stood before (three characters or more). Words are not recognized.
 */
export function bitsOf(token: string): number {
  const fresh = Array.from(token).filter((_, at) => !continues(token, at) && !repeats(token, at))
  const counts = new Map<string, number>()
  for (const character of fresh) counts.set(character, (counts.get(character) ?? 0) + 1)
  let bits = 0
  for (const count of counts.values()) bits -= count * Math.log2(count / fresh.length)
  return bits
}

function continues(token: string, at: number): boolean {
  if (at < 2) return false
  const step = token.charCodeAt(at) - token.charCodeAt(at - 1)
  return Math.abs(step) <= 1 && step === token.charCodeAt(at - 1) - token.charCodeAt(at - 2)
}

const repeats = (token: string, at: number): boolean =>
  at >= 3 && token.slice(0, at).includes(token.slice(at - 2, at + 1))
