import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@cachewarmer/queue'
import { Command } from '@commander-js/extra-typings'
import { afterAll, describe, expect, test } from 'vitest'
import { translateLegacyFlags } from './legacy-flags.ts'
import { openQueues } from './open-queues.ts'
import { legacyQueueFlags, queueOptions } from './queue-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'cw-queues-'))
afterAll(() => rmSync(folder, { recursive: true }))
const queue = `sqlite:${join(folder, 'q.db')}`

describe('openQueues', () => {
  test('opens what is named, under its prefix', async () => {
    const { service, prefix, close } = await openQueues({ queue, queueNamePrefix: 'studio' }, {}, systemClock)
    expect(prefix).toBe('studio')
    expect(await service.create('studiojob')).toBe('created')
    expect(await service.list('studio')).toEqual(['studiojob'])
    await close()
    await expect(service.list('studio')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('closes them where they are disposed of', async () => {
    const opened = await openQueues({ queue, queueNamePrefix: 'studio' }, {}, systemClock)
    await opened[Symbol.asyncDispose]()
    await expect(opened.service.list('studio')).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test.each([
    [{ queue }, 'no queue prefix'],
    [{ queue, queueNamePrefix: '' }, 'no queue prefix'],
    [{ queue, queueNamePrefix: 'Studio_' }, 'prefix: expected 2 to 43'],
    [{ queueNamePrefix: 'studio' }, 'no queue: '],
    [{ queue: 'ftp://x', queueNamePrefix: 'studio' }, 'ftp:'],
    [{ queue: 'http://127.0.0.1:1/x', queueNamePrefix: 'studio' }, 'access must be one of'],
    [{ queue: `sqlite:${folder}`, queueNamePrefix: 'studio' }, folder],
  ])('refuses %j', async (settings, message) => {
    await expect(openQueues(settings, {}, systemClock)).rejects.toThrow(message)
  })
})

describe('queueOptions', () => {
  const parse = (...argv: string[]) => {
    const command = new Command()
      .addOption(queueOptions.queue)
      .addOption(queueOptions.prefix)
      .addOption(queueOptions.account)
      .addOption(queueOptions.suffix)
      .addOption(queueOptions.keyFile)
      .addOption(queueOptions.keyInArguments)
    return { command, settings: command.parse(translateLegacyFlags(argv, legacyQueueFlags), { from: 'user' }).opts() }
  }

  test("take the original's names", () => {
    const { settings } = parse(
      '-storageAccountName',
      'acct',
      '-storageAccountResourceGroup',
      'rg',
      '-queueNamePrefix=p1',
      '-storageKey=a2V5==',
    )
    expect(settings).toMatchObject({ storageAccountName: 'acct', queueNamePrefix: 'p1', storageKey: 'a2V5==' })
  })

  test('never offer a key on the command line', () => {
    expect(parse().command.helpInformation()).not.toContain('--storage-key <')
    expect(parse().command.helpInformation()).toContain('--storage-key-file <')
  })
})
