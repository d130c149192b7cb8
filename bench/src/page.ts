/// <reference lib="dom" />
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { openBrowser } from '../../test/support/browser.ts'
import { printTable } from './table.ts'

/** Frames that the page draws while it follows 50 runs and 500 workers, and what that costs the manager. */
export async function benchPage({ secondsEach = 15 } = {}): Promise<void> {
  const server = fork(fileURLToPath(new URL('page-server.ts', import.meta.url)))
  const browser = await openBrowser()
  try {
    const [{ url, worst }] = (await once(server, 'message')) as [{ url: string; worst: string }]
    const rows: string[][] = []
    const alone = await cpuShare(server, secondsEach)
    rows.push(['no page open', '', '', percent(alone)])
    for (const [name, place] of [
      ['50 runs, 500 workers', ''],
      ['one run, 10,000 failures', `#run=${worst}`],
    ] as const) {
      const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
      await page.goto(`${url}${place}`)
      await page.getByRole('heading', { name: place === '' ? 'Runs' : /night/ }).waitFor()
      const [share, gaps] = await Promise.all([
        cpuShare(server, secondsEach),
        page.evaluate(frameGaps, secondsEach * 1_000),
      ])
      const sorted = gaps.toSorted((a, b) => a - b)
      const frames = (gaps.length * 1_000) / gaps.reduce((sum, gap) => sum + gap, 0)
      const slow = sorted[Math.floor(sorted.length * 0.99)] ?? 0
      rows.push([name, frames.toFixed(1), `${slow.toFixed(0)} ms`, percent(share)])
      await page.close()
    }
    printTable(
      'The status page, followed for a while',
      ['page', 'frames/s', 'p99 between frames', 'manager, of a core'],
      rows,
    )
  } finally {
    await browser.close()
    server.disconnect()
  }
}

async function cpuShare(server: ChildProcess, seconds: number): Promise<number> {
  const before = await cpuMs(server)
  const begunMs = performance.now()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  return ((await cpuMs(server)) - before) / (performance.now() - begunMs)
}

async function cpuMs(server: ChildProcess): Promise<number> {
  const answer = once(server, 'message')
  server.send('how much')
  const [{ cpuMs: used }] = (await answer) as [{ cpuMs: number }]
  return used
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`

/** Milliseconds between the frames that the browser draws. Runs in the page. */
function frameGaps(forMs: number): Promise<number[]> {
  return new Promise((resolve) => {
    const gaps: number[] = []
    const begunMs = performance.now()
    let lastMs = begunMs
    const frame = (nowMs: number): void => {
      gaps.push(nowMs - lastMs)
      lastMs = nowMs
      if (nowMs - begunMs < forMs) requestAnimationFrame(frame)
      else resolve(gaps.slice(1))
    }
    requestAnimationFrame(frame)
  })
}
