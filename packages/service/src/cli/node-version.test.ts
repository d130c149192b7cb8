import { expect, test } from 'vitest'
import { neededNode, nodeProblem } from './node-version.ts'

test.each([neededNode, `${neededNode}.0`, '22.23.5', '23.0.0', '24.15.0', '26.12.1', '100.0.0'])(
  'Node %s will do',
  (version) => {
    expect(nodeProblem(version)).toBeUndefined()
  },
)

test.each(['8.17.0', '18.20.8', '20.20.2', '22.0.0', '22.13.0', '22.17.1'])(
  'Node %s is told from what is needed',
  (version) => {
    expect(nodeProblem(version)).toBe(`needs Node 22.18 or newer, and this is Node ${version}`)
  },
)
