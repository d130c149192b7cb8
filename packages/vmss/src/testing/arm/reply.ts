/** What is sent back. */
export interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): Reply => ({ status: 200, body })

export const failure = (status: number, code: string, message: string, extra: object = {}): Reply => ({
  status,
  body: { error: { code, message, ...extra } },
})

export const notFound = (id: string): Reply =>
  failure(404, 'ResourceNotFound', `The Resource '${id}' under resource group was not found.`)
