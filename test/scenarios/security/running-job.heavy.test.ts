import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAzurite } from '../../support/azurite.ts'
import { expectWarmed, submitSlowly } from '../../support/chaos.ts'
import { Lab, makeTree, workersBelow } from '../../support/lab.ts'
import { findSecret } from './remains.ts'

type Texts = Map<string, string>

/** What `ps` shows of every process of this machine. */
function argumentLists(): Texts {
  const texts: Texts = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      texts.set(`arguments of ${entry}`, readFileSync(`/proc/${entry}/cmdline`, 'utf8'))
    } catch {
      // It ended since it was listed.
    }
  }
  return texts
}

function filesBelow(folder: string): Texts {
  const texts: Texts = new Map()
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const file = join(folder, name)
    if (!/^(export|mounts)/.test(name) && statSync(file).isFile()) texts.set(file, readFileSync(file, 'latin1'))
  }
  return texts
}

test('while a job runs and after it, the key of the account and the token of the page are nowhere but in environments', {
  timeout: 180_000,
}, async () => {
  await using account = new Lab()
  const folder = join(account.folder, 'azurite')
  mkdirSync(folder)
  const azurite = await startAzurite({ folder })
  const token = 'Open-Sesame-4-The-Page'
  try {
    await using lab = new Lab({
      CACHEWARMER_QUEUE: azurite.url,
      STORAGE_KEY: azurite.accountKey,
      CACHEWARMER_STATUS_TOKEN: token,
    })
    const made = makeTree(lab.exportFolder, 5, 20)
    const manager = lab.startManager('--debug', '--status-listen', '127.0.0.1:0')
    let over = false
    const submitted = submitSlowly(lab, 5).finally(() => {
      over = true
    })
    await lab.eventually(async () => manager.log().includes('run started') && workersBelow(lab.folder).length > 0)
    const page = (): string | undefined =>
      /"url":"(http:[^"]+?)\/?".*the status page is served/.exec(manager.log())?.[1]
    await lab.eventually(async () => page() !== undefined)
    const shown = async (path: string): Promise<string> =>
      (await fetch(`${page()}${path}`, { headers: { authorization: `Bearer ${token}` } })).text()
    await lab.eventually(async () => (await shown('/api/overview')).includes('"running"'))
    const texts = argumentLists()
    for (const path of ['/api/overview', '/metrics', '/']) texts.set(path, await shown(path))
    for (const args of [['list'], ['list', '--json'], ['list', '--debug']]) {
      const { code, stdout, stderr } = await lab.run('submit', args)
      expect({ args, code, stderr }).toMatchObject({ code: 0 })
      texts.set(`submit ${args.join(' ')}`, stdout + stderr)
    }
    const [, label = ''] = /"run": ?"([a-z0-9]{12})"/.exec(texts.get('submit list --json') ?? '') ?? []
    const { stdout, stderr } = await lab.run('submit', ['status', label, '--debug'])
    texts.set('submit status', stdout + stderr)
    const [worker] = workersBelow(lab.folder)
    const environment = readFileSync(`/proc/${worker}/environ`, 'utf8')
    expect(over).toBe(false)

    await lab.told('change', label, '--max-requests-per-second', 'none')
    const finished = await submitted
    expectWarmed(finished, made)
    texts.set('submit --wait', finished.stdout + finished.stderr)
    const report = join(lab.folder, 'report.html')
    expect(await lab.run('submit', ['status', label, '--report', report])).toMatchObject({ code: 0 })
    manager.process.kill('SIGTERM')
    await manager.finished
    texts.set('log', manager.log())
    await azurite.stop('SIGTERM')
    // The account's own disk: every message that was ever sent, those that are gone by now too.
    const messages = filesBelow(folder)
    for (const [place, text] of [...messages, ...filesBelow(lab.folder)]) texts.set(place, text)

    for (const secret of [azurite.accountKey, token]) expect(findSecret(secret, texts)).toEqual([])
    expect(manager.log()).not.toMatch(/SharedKey|Bearer/i)
    // Places where it must be found: they prove that the search works and that there was something to search.
    expect(findSecret(azurite.accountKey, new Map([['worker', environment]]))).toEqual(['worker'])
    const sent = [...messages.values()].join('\n')
    for (const kind of [
      'WarmTargetMountAddresses',
      '"kind":"heartbeat"',
      '"kind":"result"',
      '"state":"ended"',
      '"item":"root',
    ])
      expect(sent).toContain(kind)
    expect(texts.get(report)).toContain('</html>')
    expect(texts.get('submit status')).toContain('Running')
  } finally {
    await azurite.stop()
  }
})
