/// <reference lib="dom" />
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { openStatusServer, type StatusServer, type StatusServerOptions } from '@cachewarmer/manager'
import { steadyClock } from '@cachewarmer/queue'
import { reportPage } from '@cachewarmer/service/page'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { browserIsThere, openBrowser } from '../../support/browser.ts'
import { type Busy, busyManager } from '../../support/busy.ts'
import { Lab, makeTree } from '../../support/lab.ts'

const token = 'a-token-of-16-or-more'
const quiet = (): void => undefined
const logger: StatusServerOptions['logger'] = {
  debug: quiet,
  info: quiet,
  warn: quiet,
  error: quiet,
  child: () => logger,
}
const phone = { viewport: { width: 360, height: 740 } } as const

describe.skipIf(!browserIsThere)('in a browser', { timeout: 120_000 }, () => {
  let browser: Browser
  let busy: Busy
  let server: StatusServer
  let locked: StatusServer
  const asked: { run: string; wish: unknown }[] = []

  beforeAll(async () => {
    browser = await openBrowser()
    busy = busyManager({ runs: 50, workers: 500, failures: 10_000, steering: true })
    for (let second = 0; second < 120; second += 1) busy.tick()
    const options: StatusServerOptions = {
      host: '127.0.0.1',
      port: 0,
      token: undefined,
      names: [],
      secureNames: [],
      clock: steadyClock,
      logger,
      metrics: { contentType: 'text/plain', text: async () => '' },
      steering: {
        ask: async (run, wish) => {
          asked.push({ run, wish })
          return { status: 202 }
        },
      },
    }
    server = await openStatusServer(busy.store, options)
    locked = await openStatusServer(busy.store, { ...options, token })
  })

  afterAll(async () => {
    await browser?.close()
    await server?.close()
    await locked?.close()
    busy?.close()
  })

  /** A page of its own; any error in it, and any request to another host, fails the test. */
  async function visit(url: string, body: (page: Page) => Promise<void>, context: BrowserContextOptions = {}) {
    const opened = await browser.newContext({ ...context, acceptDownloads: true })
    const page = await opened.newPage()
    const wrong: string[] = []
    const { origin } = new URL(url)
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('console', (message) => {
      // The browser itself writes a refused request to the console.
      if (message.type() === 'error' && !message.text().includes('401')) wrong.push(message.text())
    })
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).origin !== origin) wrong.push(request.url())
    })
    page.on('dialog', (dialog) => void dialog.accept())
    try {
      await page.goto(url)
      await body(page)
      expect(wrong).toEqual([])
    } finally {
      await opened.close()
    }
  }

  test('all runs, workers and the fleet are shown, and follow what happens', async () => {
    await visit(server.url, async (page) => {
      const row = page.locator('tr', { has: page.locator('a[href="#run=run000000001"]') })
      await row.waitFor()
      expect(await page.getByRole('region', { name: 'Workers' }).getByRole('row').count()).toBe(501)
      expect(await page.locator('section[aria-labelledby=runs] tbody tr').count()).toBe(50)
      await page.getByText('$2.27').waitFor()
      const before = await row.textContent()
      busy.tick()
      await expect.poll(() => row.textContent(), { timeout: 10_000 }).not.toBe(before)
    })
  })

  test('names are shown as text, for all characters', async () => {
    await visit(`${server.url}#run=${busy.worst}`, async (page) => {
      await page.getByRole('heading', { name: /night/ }).waitFor()
      await page.getByText('10,000 failures.').waitFor()
      expect(await page.locator('img, b').count()).toBe(0)
      expect(await page.title()).toBe('CacheWarmer')
      const text = await page.locator('main').textContent()
      expect(text).toContain(String.raw`<img src=x onerror="document.title=1">\x07\u{202e}\xff</script><b>&`)
      for (const odd of ['\u0007', '\u202e', '\udcff']) expect(text).not.toContain(odd)
    })
  })

  test('by keyboard alone one gets to a run, its failures of one cause, and back', async () => {
    await visit(server.url, async (page) => {
      await page.getByRole('link', { name: 'scene-1', exact: true }).waitFor()
      // Past the page's name and the first run.
      for (const expected of ['CacheWarmer', /night/]) {
        await page.keyboard.press('Tab')
        const focus = page.locator(':focus-visible')
        expect(await focus.textContent()).toMatch(expected)
        expect(await focus.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
      }
      await page.keyboard.press('Enter')
      const all = page.getByRole('radio', { name: /^all/ })
      await all.waitFor()
      await all.focus()
      await page.keyboard.press('ArrowDown')
      await page.getByText(/^2,500 failures\./).waitFor()
      const rows = page.locator('table.failures tbody tr')
      expect(await rows.count()).toBe(100)
      expect(new Set(await rows.locator('td:nth-of-type(2)').allTextContents()).size).toBe(1)
      const more = page.getByRole('button', { name: /^Show 500 more/ })
      await more.focus()
      await page.keyboard.press('Enter')
      await expect.poll(() => rows.count()).toBe(600)
      await page.getByRole('searchbox', { name: /Find in paths/ }).fill('beauty.009')
      await expect.poll(() => rows.count()).toBe(100)
      await page.getByText(/^250 failures\./).waitFor()
      await page.getByRole('link', { name: 'All runs' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Runs' }).waitFor()
    })
  })

  test.each([
    ['light', {}],
    ['dark', {}],
    ['light', phone],
    ['dark', phone],
  ] as const)('all text can be read, and nothing runs off the side: %s %j', async (colorScheme, size) => {
    for (const place of ['', `#run=${busy.worst}`]) {
      await visit(
        `${server.url}${place}`,
        async (page) => {
          await page.getByRole('heading', { name: place === '' ? 'Runs' : /night/ }).waitFor()
          if (place !== '') await page.locator('.u-legend').first().waitFor()
          expect(await page.evaluate(faint)).toEqual([])
          expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
        },
        { colorScheme, ...size },
      )
    }
  })

  test('a token is asked for, and only the right one opens', async () => {
    await visit(locked.url, async (page) => {
      const field = page.getByLabel('Token of this manager')
      await field.fill('not-the-token-at-all')
      await page.keyboard.press('Enter')
      await page.getByText('The token is wrong.').waitFor()
      expect(await page.locator('body').textContent()).not.toContain('scene-1')
      await field.fill(token)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Runs' }).waitFor()
      expect(await page.evaluate(() => document.cookie)).toBe('')
    })
  })

  test('a run is steered from the page', async () => {
    await visit(locked.url, async (page) => {
      await page.getByLabel('Token of this manager').fill(token)
      await page.keyboard.press('Enter')
      await page.getByRole('link', { name: 'scene-1', exact: true }).click()
      await page.getByRole('button', { name: 'Pause' }).click()
      await page.getByText('Rests within seconds.').waitFor()
      await page.getByLabel('Weight').fill('30')
      await page.getByLabel('Workers at most').fill('2')
      await page.getByRole('button', { name: 'Change' }).click()
      await page.getByText('Changed; workers follow within seconds.').waitFor()
      await page.getByRole('button', { name: 'Cancel' }).click()
      await page.getByText('Ends within ten seconds.').waitFor()
    })
    const run = 'run000000001'
    const ceilings = { maxBytesPerSecond: null, maxRequestsPerSecond: null, maxWorkers: 2 }
    expect(asked).toEqual([
      { run, wish: { command: 'pause' } },
      { run, wish: { command: 'change', weight: 30, ceilings } },
      { run, wish: { command: 'cancel' } },
    ])
  })

  test('a report is saved as one file, which shows the same without a manager', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'cachewarmer-report-'))
    const file = join(folder, 'report.html')
    try {
      await visit(`${server.url}#run=${busy.worst}`, async (page) => {
        const downloading = page.waitForEvent('download')
        await page.getByRole('button', { name: 'Save the report' }).click()
        await (await downloading).saveAs(file)
      })
      expect(readFileSync(file, 'utf8')).toContain('id="report"')
      await visit(pathToFileURL(file).href, showsTheReport)
      const data = busy.store.report(busy.worst)
      if (data === undefined) throw new Error('the run is gone')
      writeFileSync(file, reportPage(data))
      await visit(pathToFileURL(file).href, showsTheReport, { colorScheme: 'dark', ...phone })
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  async function showsTheReport(page: Page): Promise<void> {
    await page.getByRole('heading', { name: 'Warm-up report' }).waitFor()
    await page.getByText(/^10,000 failures\./).waitFor()
    expect(await page.locator('img, b').count()).toBe(0)
    expect(await page.getByRole('img', { name: /^Throughput over time/ }).count()).toBe(1)
  }

  test('the page reports that its manager ended, and keeps the last figures', async () => {
    const gone = busyManager({ runs: 1, workers: 1, failures: 0 })
    gone.tick()
    const short = await openStatusServer(gone.store, {
      host: '127.0.0.1',
      port: 0,
      token: undefined,
      names: [],
      secureNames: [],
      clock: steadyClock,
      logger,
      metrics: { contentType: 'text/plain', text: async () => '' },
    })
    const opened = await browser.newContext()
    const page = await opened.newPage()
    await page.goto(short.url)
    await page.getByRole('heading', { name: 'Runs' }).waitFor()
    await short.close()
    await page.getByRole('alert').getByText('The manager does not answer.').waitFor({ timeout: 20_000 })
    expect(await page.getByRole('heading', { name: 'Runs' }).count()).toBe(1)
    await opened.close()
    gone.close()
  })

  test('a real warm-up by real workers is followed to its end', { timeout: 300_000 }, async () => {
    await using lab = new Lab()
    const { files } = makeTree(lab.exportFolder, 40, 25)
    const manager = lab.startManager('--status-listen', '127.0.0.1:0')
    await lab.eventually(async () => manager.log().includes('"url"'))
    const url = /"url":"([^"]+)"/.exec(manager.log())?.[1] ?? ''
    await visit(url, async (page) => {
      await page.getByText('No run yet.').waitFor()
      expect((await lab.submitAndWait('--path', '/', '--job-id', 'night')).code).toBe(0)
      await page.getByRole('link', { name: 'night' }).click()
      await page
        .getByText(`Each of ${files.toLocaleString('en-US')} files was read through 3 of 3 addresses.`)
        .waitFor()
    })
  })
})

/** Texts whose contrast is below 4.5, as WCAG 2 asks for. Runs in the page. */
function faint(): string[] {
  const channels = (color: string): number[] => (color.match(/[\d.]+/g) ?? []).map(Number)
  const luminance = (color: string): number => {
    const [r = 0, g = 0, b = 0] = channels(color).map((value) => {
      const share = value / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const backgroundOf = (element: Element): string => {
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at)
      if ((channels(backgroundColor)[3] ?? 1) > 0) return backgroundColor
    }
    return 'rgb(255, 255, 255)'
  }
  const found = new Set<string>()
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement
    const text = texts.currentNode.textContent?.trim() ?? ''
    if (element === null || text === '' || element.closest('script, style, noscript') || !element.checkVisibility())
      continue
    const [a, b] = [luminance(getComputedStyle(element).color), luminance(backgroundOf(element))]
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
    if (contrast < 4.5) found.add(`${text.slice(0, 40)}: ${contrast.toFixed(2)}`)
  }
  return [...found]
}
