import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/*
 * Asks the registry for known weaknesses of what is shipped. A registry that answers no such questions (mirrors do
 * not), or is out of reach, is reported and fails nothing: a build must not depend on the network.
 */
const bad = ['moderate', 'high', 'critical'] as const
const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  packageManager: string
}

interface Answer {
  readonly metadata?: { readonly vulnerabilities?: Readonly<Record<string, number>> }
}

function ask(): { readonly answer: Answer | undefined; readonly said: string } {
  const { stdout, stderr } = spawnSync('npx', ['-y', packageManager, 'audit', '--prod', '--json'], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  const said = `${stdout ?? ''}${stderr ?? ''}`.trim()
  try {
    return { answer: JSON.parse(stdout) as Answer, said }
  } catch {
    return { answer: undefined, said }
  }
}

const { answer, said } = ask()
const counts = answer?.metadata?.vulnerabilities
if (counts === undefined) {
  const reason = /ERR_PNPM_\w+/.exec(said)?.[0] ?? (said.split('\n')[0] || 'no answer within a minute')
  console.log(`NOT AUDITED: the registry does not answer (${reason})`)
} else {
  console.log(
    Object.entries(counts)
      .map(([level, count]) => `${count} ${level}`)
      .join(', '),
  )
  if (bad.some((level) => (counts[level] ?? 0) > 0)) {
    console.error(said)
    process.exit(1)
  }
}
