import { expect, test } from 'vitest'
import { ledgerFile } from './ledger-place.ts'

const home = '/home/someone'

test.each([
  ['as it is named', { ledger: '/srv/ledger.db', queue: 'sqlite:/srv/queue.db' }, {}, '/srv/ledger.db'],
  ['beside a queue in a file', { queue: 'sqlite:/srv/queue.db' }, { STATE_DIRECTORY: '/x' }, '/srv/studio.ledger.db'],
  ['in the folder that systemd gives', {}, { STATE_DIRECTORY: '/var/lib/cw:/other' }, '/var/lib/cw/studio.ledger.db'],
  ['in the user’s state folder', {}, { XDG_STATE_HOME: '/s' }, '/s/cachewarmer/studio.ledger.db'],
  ['in its usual place', {}, {}, '/home/someone/.local/state/cachewarmer/studio.ledger.db'],
  [
    'in its usual place where a relative one is given, which the specification says to ignore',
    {},
    { XDG_STATE_HOME: 'state', STATE_DIRECTORY: '' },
    '/home/someone/.local/state/cachewarmer/studio.ledger.db',
  ],
  [
    'in its usual place, not in the current folder, with a queue elsewhere',
    { queue: 'https://studio.queue.core.windows.net' },
    {},
    '/home/someone/.local/state/cachewarmer/studio.ledger.db',
  ],
])('the ledger lies %s', (_, options, environment, file) => {
  expect(ledgerFile(options, 'studio', environment, home)).toBe(file)
})
