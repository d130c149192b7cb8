import type { FakeClock } from './fake-clock.ts'

/** A server as queueing theory sees it; all times are milliseconds. Everything may be changed while it runs. */
export interface ServerModel {
  /** There and back, without any work. */
  roundTripMs: number
  /** Work for one request, by one of `workers`. */
  serviceMs: number
  readonly workers: number
  /** Service times vary evenly by up to this share of themselves, up and down. */
  noise: number
  /** Answers so far. */
  readonly served: number
  /** In flight now, and the most so far. */
  readonly inFlight: number
  request(): Promise<void>
}

/** Requests are served in the order in which they come. The same requests at the same times take the same times. */
export function serverModel(
  clock: FakeClock,
  options: {
    readonly roundTripMs: number
    readonly serviceMs: number
    readonly workers?: number | undefined
    readonly noise?: number | undefined
  },
): ServerModel {
  const { workers = 1, noise = 0 } = options
  const freeAt = new Float64Array(workers)
  let seed = 1
  const random = (): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return seed / 2 ** 32
  }
  const model = {
    roundTripMs: options.roundTripMs,
    serviceMs: options.serviceMs,
    workers,
    noise,
    served: 0,
    inFlight: 0,
    async request(): Promise<void> {
      const arrives = clock.now() + model.roundTripMs / 2
      let first = 0
      for (let worker = 1; worker < workers; worker++) if ((freeAt[worker] ?? 0) < (freeAt[first] ?? 0)) first = worker
      const done = Math.max(arrives, freeAt[first] ?? 0) + model.serviceMs * (1 + model.noise * (2 * random() - 1))
      freeAt[first] = done
      model.inFlight++
      await clock.sleep(done + model.roundTripMs / 2 - clock.now())
      model.inFlight--
      model.served++
    },
  }
  return model
}
