import { closeSync, fstatSync, openSync } from 'node:fs'
import { expect, test } from 'vitest'
import { isJournal, openLogger, withPriority } from './logger.ts'

/** A logger and the lines it wrote, as objects. */
function recorded(level: 'debug' | 'info' | 'warn' | 'error' | 'silent') {
  const lines: Record<string, unknown>[] = []
  const write = (line: string) => void lines.push(JSON.parse(line))
  return { lines, logger: openLogger({ level, name: 'test', stream: { write } }) }
}

test('a line says when, how bad, who and what', () => {
  const { lines, logger } = recorded('info')
  logger.info('ready', { queues: 3 })
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      name: 'test',
      pid: process.pid,
      queues: 3,
      msg: 'ready',
    },
  ])
})

test('a child adds its fields to every line, and so does its child', () => {
  const { lines, logger } = recorded('debug')
  logger.child({ run: 'r1' }).child({ item: 'root' }).debug('begun')
  expect(lines).toMatchObject([{ name: 'test', run: 'r1', item: 'root', msg: 'begun' }])
})

test.each([
  ['debug', ['debug', 'info', 'warn', 'error']],
  ['info', ['info', 'warn', 'error']],
  ['warn', ['warn', 'error']],
  ['error', ['error']],
  ['silent', []],
] as const)('level %s lets through %j', (level, expected) => {
  const { lines, logger } = recorded(level)
  logger.debug('x')
  logger.info('x')
  logger.warn('x')
  logger.error('x')
  expect(lines.map((line) => line['level'])).toEqual(expected)
})

test('an error among the fields keeps its message and its stack', () => {
  const { lines, logger } = recorded('info')
  logger.error('failed', { error: new Error('why') })
  expect(lines).toMatchObject([{ error: { message: 'why', stack: expect.stringContaining('logger.test') } }])
})

test.each([
  ['debug', 7],
  ['info', 6],
  ['warn', 4],
  ['error', 3],
] as const)('a line of level %s goes to the journal with priority %i', (level, priority) => {
  const lines: string[] = []
  openLogger({ level: 'debug', name: 'test', stream: { write: (line) => void lines.push(withPriority(line)) } })[level](
    'x',
  )
  expect(lines).toEqual([expect.stringMatching(new RegExp(`^<${priority}>\\{"level":"${level}"`))])
})

test('the journal is known by its device and inode', () => {
  const file = openSync('/dev/null', 'w')
  const { dev, ino } = fstatSync(file)
  expect([isJournal(`${dev}:${ino}`, file), isJournal(`${dev}:${ino + 1}`, file), isJournal(undefined, file)]).toEqual([
    true,
    false,
    false,
  ])
  closeSync(file)
  expect(isJournal(`${dev}:${ino}`, file)).toBe(false)
})
