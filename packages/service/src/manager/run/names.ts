import { isIP } from 'node:net'
import { type Job, maxAddresses, type NamedHost } from '@cachewarmer/core'
import { type Clock, sleep } from '@cachewarmer/queue'

/**
 * Finds the IP addresses of a host name: its IPv4 addresses, else its IPv6 ones. Rejects with `ENOTFOUND` as `code` where
 * there is no such name; every other rejection means that nothing can be said of it now.
 */
export type ResolveName = (name: string) => Promise<readonly string[]>

/** What a resolver said of a name. */
export interface NameAnswer {
  readonly name: string
  readonly addresses: readonly string[]
  /** Why it has no addresses: `ENOTFOUND` for a name that does not exist. */
  readonly code?: string | undefined
}

export type NamesDecision =
  | {
      readonly hosts: readonly NamedHost[]
      readonly addresses: readonly string[]
      readonly warnings: readonly string[]
    }
  | { readonly wait: string }
  | { readonly refuse: string }

/** A name that does not exist may have been made just now: it is asked for again for this long. */
const unknownForMs = 30_000
/** A resolver that says nothing for this long is away. */
const answerMs = 10_000
const askAgainMs = 5_000
/** Of one name; beyond, a job can't name them anyway. */
const mostOfOneName = maxAddresses + 1

/** This machine's name for itself: its addresses are one node, and other machines have others. */
const isLocal = (name: string): boolean => name === 'localhost' || name.endsWith('.localhost')

/** The names of a job that stand for addresses. */
export const namesOf = ({ addresses, keepNames }: Pick<Job, 'addresses' | 'keepNames'>): string[] =>
  keepNames ? [] : addresses.filter((address) => isIP(address) === 0 && !isLocal(address))

interface Asking {
  readonly resolveName: ResolveName
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * Asks for a job's names until it can be decided, and not while `isPaused`: a paused run does not end. `onWait` receives
 * what is waited for. Rejects with the signal's reason alone.
 */
export async function resolveHosts(
  job: Job,
  asking: Asking & { readonly isPaused: () => boolean; readonly onWait: (why: string) => void },
): Promise<Exclude<NamesDecision, { wait: string }>> {
  const { clock, signal, isPaused, onWait } = asking
  const sinceMs = clock.now()
  for (;;) {
    const answers = isPaused() ? [] : await askNames(namesOf(job), asking)
    if (!isPaused() && answers.length > 0) {
      const decision = decideNames(job.addresses, answers, { waitedMs: clock.now() - sinceMs })
      if (!('wait' in decision)) return decision
      onWait(decision.wait)
    }
    await sleep(clock, askAgainMs, signal)
  }
}

/** Asks for all names at once. A resolver's answer is not believed to be addresses: what is none is left out. */
function askNames(names: readonly string[], { resolveName, clock, signal }: Asking): Promise<NameAnswer[]> {
  return Promise.all(
    names.map(async (name): Promise<NameAnswer> => {
      const answered = new AbortController()
      try {
        const silence = sleep(clock, answerMs, AbortSignal.any([answered.signal, signal])).then(() => {
          throw Object.assign(new Error('the resolver does not answer'), { code: 'ETIMEDOUT' })
        })
        const found = await Promise.race([resolveName(name), silence])
        const addresses = [...new Set(found.filter((address) => isIP(address) !== 0))].slice(0, mostOfOneName)
        // A resolver gives them in another order each time; a report has the same one.
        addresses.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
        return { name, addresses, ...(addresses.length === 0 ? { code: 'ENOTFOUND' } : {}) }
      } catch (error) {
        signal.throwIfAborted()
        const { code } = error as NodeJS.ErrnoException
        return { name, addresses: [], code: typeof code === 'string' ? code : 'EAI_FAIL' }
      } finally {
        answered.abort(new Error('the resolver has answered'))
      }
    }),
  )
}

/**
 * What a job reads through. A name that can't be asked for now is waited for; one that does not exist stays what it is, and
 * each file fails there, unless no address of the job is known: then the job is refused, for it can't read anything.
 */
export function decideNames(
  asked: readonly string[],
  answers: readonly NameAnswer[],
  { waitedMs }: { readonly waitedMs: number },
): NamesDecision {
  const away = answers.filter(({ code }) => code !== undefined && code !== 'ENOTFOUND')
  if (away.length > 0) return { wait: `can't be resolved now: ${listed(away)}` }
  const unknown = answers.filter(({ code }) => code === 'ENOTFOUND')
  if (unknown.length === asked.length) {
    const why = `there is no such host: ${listed(unknown)}`
    if (waitedMs < unknownForMs) return { wait: why }
    return {
      refuse: `${why}; is the name right? --no-resolve leaves names to the workers, and so does --folder of the manager`,
    }
  }
  const known = new Map(answers.map(({ name, addresses }) => [name, addresses]))
  const hosts = asked.map((name) => ({ name, addresses: addressesOf(name, known.get(name)) }))
  const addresses = [...new Set(hosts.flatMap((host) => host.addresses))]
  if (addresses.length > maxAddresses)
    return {
      refuse: `its names have ${addresses.length} addresses or more, and ${maxAddresses} are read through at most`,
    }
  return {
    hosts,
    addresses,
    warnings: [
      ...unknown.map(({ name }) => `There is no host ${name} (ENOTFOUND): nothing can be read through it.`),
      ...addresses.flatMap((address) => sharedBy(address, hosts)),
    ],
  }
}

const addressesOf = (name: string, found: readonly string[] | undefined): string[] =>
  found === undefined || found.length === 0 ? [name] : [...found]

/** One node under several names is read through once. */
function sharedBy(address: string, hosts: readonly NamedHost[]): string[] {
  const names = hosts.filter(({ addresses }) => addresses.includes(address)).map(({ name }) => name)
  if (names.length < 2) return []
  return [`${names.join(' and ')} are one node: ${address} is read through once.`]
}

const listed = (answers: readonly NameAnswer[]): string =>
  answers.map(({ name, code }) => `${name} (${code ?? 'no address'})`).join(', ')
