import { bodyCases } from './conformance/bodies.ts'
import { clockCases } from './conformance/clocks.ts'
import { deliveryCases } from './conformance/delivery.ts'
import { errorCases } from './conformance/errors.ts'
import { type Cases, Harness, type ServiceUnderTest } from './conformance/harness.ts'
import { leaseCases } from './conformance/leases.ts'
import { serviceCases } from './conformance/service.ts'

export type { ServiceUnderTest } from './conformance/harness.ts'

/** The two functions that vitest, `node:test` and others have in common. */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  test(name: string, body: () => Promise<void>): unknown
}

/**
 * The promises of `transport.ts` as tests, the same for every driver: leases in whole seconds, no timing asserted, and
 * waits that end as soon as they may. A case that fails is a bug of the driver, or a limit that belongs in its documentation.
 */
export function describeQueueService(runner: TestRunner, name: string, make: () => Promise<ServiceUnderTest>): void {
  const groups: Readonly<Record<string, Cases>> = {
    service: serviceCases,
    delivery: deliveryCases,
    leases: leaseCases,
    clocks: clockCases,
    bodies: bodyCases,
    errors: errorCases,
  }
  runner.describe(name, () => {
    for (const [group, cases] of Object.entries(groups)) {
      runner.describe(group, () => {
        for (const [sentence, body] of Object.entries(cases)) {
          runner.test(sentence, async () => {
            const underTest = await make()
            try {
              await body(new Harness(underTest))
            } finally {
              await underTest.dispose()
            }
          })
        }
      })
    }
  })
}
