import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const program = '/usr/bin/chromium'

/** Undefined where Debian's chromium is not installed. */
export const browserIsThere: boolean = existsSync(program)

/** It sends no request to the network: its own look-ups are switched off. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({
    executablePath: program,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
