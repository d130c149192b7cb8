import { dirname, isAbsolute, join, resolve } from 'node:path'

/** What a command line says of it. */
export interface LedgerOptions {
  readonly ledger?: string | undefined
  readonly queue?: string | undefined
}

/**
 * The ledger's file: as named, else beside a queue in a file, else in the state folder. That is systemd's
 * (`STATE_DIRECTORY`, systemd.exec(5), which may list several), else `cachewarmer` in the user's own
 * (`XDG_STATE_HOME` where absolute, else `~/.local/state`; XDG Base Directory Specification).
 */
export function ledgerFile(
  { ledger, queue }: LedgerOptions,
  prefix: string,
  environment: NodeJS.ProcessEnv,
  home: string,
): string {
  if (ledger !== undefined) return resolve(ledger)
  const file = queue?.startsWith('sqlite:') ? queue.slice('sqlite:'.length) : undefined
  const folder = file === undefined ? stateFolder(environment, home) : dirname(file)
  return resolve(folder, `${prefix}.ledger.db`)
}

function stateFolder(environment: NodeJS.ProcessEnv, home: string): string {
  const [systemd = ''] = (environment['STATE_DIRECTORY'] ?? '').split(':')
  if (isAbsolute(systemd)) return systemd
  const xdg = environment['XDG_STATE_HOME'] ?? ''
  return join(isAbsolute(xdg) ? xdg : join(home, '.local', 'state'), 'cachewarmer')
}
