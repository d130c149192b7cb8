import { expect, test } from 'vitest'
import { fileUnderWay, waitingFor } from './under-way.ts'

test('a file under way says how much of it has arrived, and acts on no terminal', () => {
  expect(fileUnderWay({ path: '/a/\u001b[2J', bytes: 1_024, size: 2_048 })).toBe('/a/\\x1b[2J (1 KiB of 2 KiB)')
  expect(fileUnderWay({ path: '/a', bytes: 1_024 })).toBe('/a (1 KiB)')
})

test('a run says what it waits for, and few addresses by name', () => {
  expect(waitingFor({ ceiling: true })).toBe('its ceiling')
  expect(waitingFor({ ceiling: true, addresses: ['a', 'b\n'] })).toBe('its ceiling, a, b\\n')
  expect(waitingFor({ addresses: ['a', 'b', 'c', 'd'] })).toBe('a, b, c, 1 more address')
  expect(waitingFor({ addresses: ['a', 'b', 'c', 'd', 'e'] })).toBe('a, b, c, 2 more addresses')
})
