import type { Logger } from '@cachewarmer/queue'

/** A request to the page, as the log has it. */
export interface AuditedRequest {
  /** Address and port of the client. */
  readonly from: string
  readonly method: string
  /** Without its query. */
  readonly path: string
}

export interface Steered {
  readonly run: string
  readonly body: string
  readonly status: number
  /** Why nothing was changed. */
  readonly error: string | undefined
}

const windowMs = 60_000
/** Lines about refusals in one window: what an attacker writes into the log is bounded. */
const linesAtMost = 30
/** Characters of a path or a body. */
const longest = 200

/**
 * The audit lines of the page: each request that steers, and each that is refused, with the client, what was asked, and the
 * log's time. Beyond a number of lines a minute refusals are counted, and the next line tells how many had none.
 */
export class Audit {
  readonly #logger: Logger
  #windowAtMs = Number.NEGATIVE_INFINITY
  #lines = 0
  #unlogged = 0

  constructor(logger: Logger) {
    this.#logger = logger
  }

  /** `asked.body` is logged as it came, not as it was understood. */
  steered(request: AuditedRequest, asked: Steered): void {
    const fields = { ...shown(request), ...asked, body: asked.body.slice(0, longest) }
    this.#logger.info('audit: a run was steered from the page', fields)
  }

  refused(request: AuditedRequest, refusal: { status: number; error: string }, nowMs: number): void {
    this.#line(nowMs, 'audit: a request to the page was refused', { ...shown(request), ...refusal })
  }

  dropped(from: string, nowMs: number): void {
    this.#line(nowMs, 'audit: a connection to the page was ended, as there were too many', { from })
  }

  #line(nowMs: number, message: string, fields: object): void {
    if (!(nowMs - this.#windowAtMs < windowMs)) {
      this.#windowAtMs = nowMs
      this.#lines = 0
    }
    if (this.#lines === linesAtMost) {
      this.#unlogged += 1
      return
    }
    this.#lines += 1
    this.#logger.warn(message, { ...fields, ...(this.#unlogged > 0 ? { unlogged: this.#unlogged } : {}) })
    this.#unlogged = 0
  }
}

const shown = ({ from, method, path }: AuditedRequest): AuditedRequest => ({
  from,
  method: method.slice(0, 20),
  path: path.slice(0, longest),
})
