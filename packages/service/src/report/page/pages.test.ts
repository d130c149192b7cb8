import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { anEnded, withCounts } from '../testing/index.ts'
import { reportPage, statusPage } from './pages.ts'
import { emptyTimeline } from './view.ts'

const evil = '</script><img src=x onerror=alert(1)><!--\u2028\u0000\udcff&'
const status = withCounts(
  anEnded('completed with failures', { label: evil, failures: [{ path: `/${evil}`, code: 'IO', message: evil }] }),
  { failures: { IO: 1 } },
)
const report = reportPage({ status, timeline: emptyTimeline, failures: status.failures })

/** What stands in elements of this name, in their order. */
const contents = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`<${name}(?: [^>]*)?>([^]*?)</${name}>`, 'g'))].map(([, content = '']) => content)
const hash = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

describe.each([
  ['the status page', statusPage().html, statusPage().contentSecurityPolicy],
  ['a report', report, /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(report)?.[1] ?? ''],
])('%s', (_, html, policy) => {
  test('lets its own script and style in, and no other', () => {
    const script = contents(html, 'script').at(-1) ?? ''
    expect(script.length).toBeGreaterThan(10_000)
    expect(policy).toContain(
      `default-src 'none'; script-src ${hash(script)}; style-src ${hash(contents(html, 'style')[0] ?? '')};`,
    )
    expect(policy).not.toMatch(/unsafe|https?:/)
  })

  test('makes no request', () => {
    const markup = html.replace(/<script.*?<\/script>|<style.*?<\/style>/gs, '')
    expect(markup.match(/(?:src|href)="(?!data:)/g)).toBeNull()
    expect((contents(html, 'style')[0] ?? '').match(/url\(|@import/g)).toBeNull()
  })

  test('is ASCII, readable in any encoding', () => {
    expect(Buffer.byteLength(html)).toBe(html.length)
  })
})

test('only the page that is served may talk, and only to where it came from', () => {
  expect(statusPage().contentSecurityPolicy).toMatch(/connect-src 'self'; frame-ancestors 'none'$/)
  expect(report).not.toContain('connect-src')
})

test('nothing that a report holds can end the element that it stands in, and all of it comes back', () => {
  const [embedded = ''] = contents(report, 'script')
  expect(embedded).not.toMatch(/[<>&]/)
  expect(JSON.parse(embedded)).toMatchObject({ status: { label: evil }, failures: [{ path: `/${evil}` }] })
})
