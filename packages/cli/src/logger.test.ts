import { expect, test } from 'vitest'
import { openLogger } from './logger.ts'

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
