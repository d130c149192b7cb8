import { expect, test } from 'vitest'
import { RepeatGuard } from './repeat-guard.ts'

test('tells the same deed on the same sight, every second time', () => {
  const guard = new RepeatGuard()
  const asked = [1, 2, 3, 4].map(() => guard.isRepeat({ kind: 'resize' }, ['two machines']))
  expect(asked).toEqual([false, true, false, true])
})

test('another deed, another sight, a change in between or a failure is no repetition', () => {
  const guard = new RepeatGuard()
  expect(guard.isRepeat('resize', 'two')).toBe(false)
  expect(guard.isRepeat('delete', 'two')).toBe(false)
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('none')
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('one')
  guard.forget()
  expect(guard.isRepeat('delete', 'one')).toBe(false)
  guard.saw('one')
  expect(guard.isRepeat('delete', 'one')).toBe(true)
})
