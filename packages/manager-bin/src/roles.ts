/** The program that one file is, by the name that it was called by or by its first argument. */
export type Role = 'manager' | 'worker' | 'submit'

interface Called {
  readonly role: Role
  /** The first argument named the role, and is none of the program's own. */
  readonly named?: true
}

/** `cachewarmer-jobsubmitter` is the original's name. */
const names: Readonly<Record<string, Role>> = {
  'cachewarmer-manager': 'manager',
  'cachewarmer-worker': 'worker',
  'cachewarmer-submit': 'submit',
  'cachewarmer-jobsubmitter': 'submit',
}

/** Every command of the three programs. No two programs share one, so a command alone says which program is meant. */
export const commands: Readonly<Record<string, readonly [role: Role, about: string]>> = {
  warm: ['manager', 'warm folders of this machine now, without a service'],
  serve: ['manager', 'run as a service: take jobs from the queue, start workers'],
  plan: ['manager', 'print what serve would ask Azure for, and change nothing'],
  bootstrap: ['manager', 'write the folder from which machines without internet install'],
  worker: ['worker', 'read what the queues of a prefix name'],
  submit: ['submit', 'put a job in the queue'],
  status: ['submit', 'show the report of a job, so far or final'],
  watch: ['submit', 'show jobs live until they have ended'],
  list: ['submit', 'list jobs that wait, run, or have ended'],
  history: ['submit', 'list the runs that have ended'],
  failures: ['submit', 'print every path that failed'],
  verify: ['submit', 'measure how much of a job a cache holds'],
  change: ['submit', 'change what a running job may use'],
  pause: ['submit', 'pause a job'],
  resume: ['submit', 'resume a paused job'],
  cancel: ['submit', 'end a job'],
}

/**
 * The role of a file called `name` whose first argument is `first`; undefined where neither tells. A name that says a role
 * wins, but a manager starts workers as itself with `worker`.
 */
export function roleOf(name: string, first: string | undefined): Called | undefined {
  const byName = Object.hasOwn(names, name) ? names[name] : undefined
  const byCommand = first !== undefined && Object.hasOwn(commands, first) ? commands[first]?.[0] : undefined
  if (byCommand === 'worker' && (byName === undefined || byName === 'manager')) return { role: 'worker', named: true }
  const role = byName ?? byCommand
  return role === undefined ? undefined : { role }
}

const commandsOf = (wanted: Role): string =>
  Object.entries(commands)
    .filter(([, [role]]) => role === wanted)
    .map(([name, [, about]]) => `  ${name.padEnd(11)}${about}`)
    .join('\n')

export const help = `Usage: cachewarmer COMMAND [options]

Warms caching NFS filers: reads every file through every address of a cache. One file is every program: COMMAND says which
one, or the name that the file is called by. cachewarmer-manager, cachewarmer-worker and cachewarmer-submit (also
cachewarmer-jobsubmitter) are links to it or copies of it.

This machine and the service (cachewarmer-manager COMMAND):
${commandsOf('manager')}

A worker of the service (cachewarmer-worker):
${commandsOf('worker')}

Jobs of the service (cachewarmer-submit COMMAND):
${commandsOf('submit')}

cachewarmer COMMAND --help has the options of a command.
`
