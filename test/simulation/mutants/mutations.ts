/** A known fault, as a change of one place in the sources. `find` has to be there exactly once. */
export interface Mutation {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** A seed above 100 that finds it, where none of the first hundred does: `npm test` runs it, too. */
  readonly seed?: number
}

/**
 * Faults of the kind that the original had, and others that a system of leased queues and a ledger may have. A simulation
 * that does not find them is blind.
 */
export const mutations: readonly Mutation[] = [
  {
    name: 'an item is completed before it is read',
    file: 'packages/queue/src/consume/delivery.ts',
    find: '  const ended = await run(message, { signal: keeper.signal, logger }, handler, settings)',
    replace:
      '  if (lease.body.includes(\'"item"\')) await lease.complete()\n  const ended = await run(message, { signal: keeper.signal, logger }, handler, settings)',
  },
  {
    name: 'the result is sent after the lease is completed',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: "  await attempt.sendResult({ outcome: 'read', counts, voidScopes: walking.walk.voidScopes() }, signal)",
    replace: `  const last = { outcome: 'read' as const, counts, voidScopes: walking.walk.voidScopes() }
  ports.clock.setTimer(1_500, () => void attempt.sendResult(last, context.stopTaking))`,
  },
  {
    name: 'the rest of a stopped walk is dropped',
    file: 'packages/service/src/worker/item/supervised-walk.ts',
    find: '    if (rest.length > 0)',
    replace: '    if (rest.length > 1_000_000)',
  },
  {
    name: 'a result is counted each time it comes',
    file: 'packages/core/src/ledger/fold.ts',
    find: "  if (state === 'done') return []\n  const held",
    replace: "  if (state === 'done') return accept(view, result)\n  const held",
  },
  {
    name: 'children are named after the item and not after the attempt',
    file: 'packages/service/src/worker/item/attempt.ts',
    find: '  #family(scope: number | undefined): string {',
    replace:
      "  #family(scope: number | undefined): string {\n    if (scope !== -1) return this.#item.item.replace('.', '-')",
  },
  {
    name: 'a split forgets its tail',
    file: 'packages/core/src/policy/split.ts',
    find: '  return groups.flatMap((group) => group.closed())',
    replace: '  return groups.flatMap((group) => group.closed()).slice(0, 3)',
  },
  {
    name: 'a run is done when its work queue is empty',
    file: 'packages/service/src/manager/run/active-run.ts',
    find: "      if (action === 'give up') {",
    replace:
      "      if ((await this.#work.approximateDepth({ signal })) === 0) {\n        this.#finish('warmed')\n      } else if (action === 'give up') {",
  },
  {
    name: 'a worker that lost a lease continues and reports',
    file: 'packages/queue/src/consume/lease-keeper.ts',
    find: '    work.abort(lost)',
    replace: '',
  },
  {
    name: 'results are removed before they are on disk',
    file: 'packages/service/src/manager/run/results.ts',
    find: '      await this.#take(leases)\n      await Promise.all(leases.map(completeQuietly))',
    replace: '      await Promise.all(leases.map(completeQuietly))\n      await this.#take(leases)',
  },
  {
    name: 'a failure of an address counts as read',
    file: 'packages/walker/src/walk/passage.ts',
    find: '    else this.owner.failed(this.member.name, trouble)',
    replace: '    else this.owner.came(this.member.name, { bytes: 0, end: true }, 0)',
  },
  {
    name: 'the figures of a heartbeat are added to the ledger',
    file: 'packages/service/src/manager/run/results.ts',
    find: "      if (message.kind === 'heartbeat') progress().heartbeat(message, this.#ports.clock.now())",
    replace:
      "      if (message.kind === 'heartbeat') for (const held of message.attempts) results.push({ ...message, ...held, kind: 'result', outcome: 'read', children: [], failureParts: 0, elapsedMs: 0 } as never)",
  },
  {
    name: 'a manager acts without leading',
    file: 'packages/service/src/manager/upkeep/leadership.ts',
    find: '    const [lease, ...spare] = await queue.receive({ max: 32, leaseMs: settings.leaseMs })',
    replace:
      "    const [lease, ...spare] = await queue.receive({ max: 32, leaseMs: settings.leaseMs })\n    if (lease === undefined) return { id: 'none', body: token, deliveries: 1, insertedAtMs: 0, update: async () => {}, renew: async () => {}, complete: async () => {}, giveBack: async () => {} }",
  },
  {
    name: 'the fleet is left running',
    file: 'packages/service/src/manager/fleet/capacity.ts',
    find: 'return now.idleForMs >= limits.idleMs ? 0 : now.wanted',
    replace: 'return now.wanted',
  },
  {
    name: 'an abandoned machine does not delete itself',
    file: 'packages/service/src/worker/machine/machine.ts',
    find: '      } else if (this.#abandoned && this.#machine !== undefined) {',
    replace: '      } else if (this.#abandoned && this.#machine === undefined) {',
    seed: 204,
  },
  {
    name: 'the job message is completed when its run begins',
    file: 'packages/service/src/manager/intake/intake.ts',
    find: "      return end === undefined ? { giveBackMs: letGoMs } : 'complete'",
    replace: "      void end\n      return 'complete'",
  },
  {
    name: 'a job that cannot be read is thrown away',
    file: 'packages/service/src/manager/intake/intake.ts',
    find: "    if (outcome === 'cancelled') return undefined",
    replace: '    if (outcome.length > 0) return undefined',
  },
  {
    name: 'an item that cannot be read is thrown away',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: '    await poison(ports, settings, message, error.message, held.signal)',
    replace: '',
  },
  {
    name: 'a result counts before its failures are there',
    file: 'packages/core/src/ledger/fold.ts',
    find: "  if (state === 'announced' && held >= result.failureParts) return accept(view, result)",
    replace: "  if (state === 'announced' && held >= 0) return accept(view, result)",
  },
  {
    name: 'a resumed listing begins one page too late',
    file: 'packages/walker/src/walk/list.ts',
    find: '    this.resume = resume ?? this.resume\n',
    replace:
      '    this.resume = entries.length > 0 && resume !== undefined ? String(Number(resume) + 7) : this.resume\n',
  },
  {
    name: 'a chunk of a list is noted before its item is sent',
    file: 'packages/service/src/manager/run/list-feed.ts',
    find: '        await this.#work.send(chunk.item, { signal })\n',
    replace: '        moved.add([chunk.number])\n        await this.#work.send(chunk.item, { signal })\n',
    seed: 350,
  },
  {
    name: 'the last chunk of a list is forgotten',
    file: 'packages/core/src/messages/list.ts',
    find: '    if (this.#held === 0) return undefined\n',
    replace: '    if (this.#held === 0 || (this.#chunks > 0 && this.#held < this.#maxPaths)) return undefined\n',
  },
  {
    name: 'a chunk of a list is not kept for a manager that starts over',
    file: 'packages/service/src/manager/run/list-feed.ts',
    find: '    await orIfAbsent(this.#queue.send(body, { signal }), undefined)\n',
    replace: '    void body\n',
    seed: 157,
  },
  {
    name: 'a missing path counts as read',
    file: 'packages/walker/src/walk/read.ts',
    find: '    for (const { mount, error } of this.errors) this.context.fail(tally, path, error, mount)\n  }\n',
    replace:
      "    for (const { mount, error } of this.errors) if (error.code !== 'NOT_FOUND') this.context.fail(tally, path, error, mount)\n  }\n",
  },
  {
    name: 'a listed name that the listing does not show is dropped',
    file: 'packages/walker/src/walk/listed.ts',
    find: '        if (wanted.size === 0 || found * dense < seen) return\n',
    replace: '        if (found > 0) wanted.clear()\n        if (wanted.size === 0 || found * dense < seen) return\n',
  },
  {
    name: 'a manager that no longer leads continues',
    file: 'packages/service/src/manager/upkeep/leadership.ts',
    find: '      await body(keeper.signal)',
    replace: '      await body(stop)',
    seed: 111,
  },
  {
    name: 'a cancel is heard and ignored',
    file: 'packages/service/src/manager/intake/control.ts',
    find: '    for (const run of runs) run.cancel()\n',
    replace: '',
  },
  {
    name: 'a pause is heard and ignored',
    file: 'packages/service/src/manager/intake/control.ts',
    find: "run.record.paused : control.command === 'pause',",
    replace: 'run.record.paused : false,',
  },
  {
    name: 'workers continue a paused run',
    file: 'packages/service/src/worker/item/supervised-walk.ts',
    find: "    if (status.state === 'paused' || !isAdmitted(status, this.#with.settings.name)) return this.#halt()",
    replace: '    if (!isAdmitted(status, this.#with.settings.name)) return this.#halt()',
  },
  {
    name: 'the fleet is kept 60 times too long',
    file: 'packages/service/src/manager/fleet/capacity.ts',
    find: 'return now.idleForMs >= limits.idleMs ? 0 : now.wanted',
    replace: 'return now.idleForMs >= 60 * limits.idleMs ? 0 : now.wanted',
  },
  {
    name: 'three times too many workers are wanted',
    file: 'packages/service/src/manager/fleet/capacity.ts',
    find: '  const most = Math.min(limits.maxWorkers, asked)',
    replace: '  const most = 3 * Math.min(limits.maxWorkers, asked)',
  },
  {
    name: 'the maximum of workers of a job is ignored',
    file: 'packages/service/src/manager/fleet/capacity.ts',
    find: 'sum + (run.maxWorkers ?? limits.maxWorkers)',
    replace: 'sum + limits.maxWorkers',
  },
  {
    name: 'failures are counted twice',
    file: 'packages/walker/src/walk/tallies.ts',
    find: '(counts.failures[failure.code] ?? 0) + 1',
    replace: '(counts.failures[failure.code] ?? 0) + 2',
  },
  {
    name: 'bytes of an address are not counted',
    file: 'packages/walker/src/walk/tallies.ts',
    find: '        mount.bytes = addBytes(mount.bytes, read.bytes)\n',
    replace: '',
  },
  {
    name: 'ceilings are ignored',
    file: 'packages/service/src/worker/runs/limits.ts',
    find: '    return mounts.map((mount) => throttledMount(mount, bucket, { halted, limiter: limits.of(mount) }))',
    replace: '    return throttledMount === undefined ? [] : mounts',
    seed: 251,
  },
  {
    name: 'filters by name are ignored',
    file: 'packages/service/src/worker/runs/run-directory.ts',
    find: 'compileFilter(job)',
    replace: 'compileFilter({ ...job, include: [], exclude: [], excludeDirectories: [] })',
  },
  {
    name: 'whole files are read where only their heads are asked for',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: 'headBytes: job.headBytes ?? Number.POSITIVE_INFINITY,',
    replace: 'headBytes: Number.POSITIVE_INFINITY,',
  },
  {
    name: 'an address that refuses is left out in silence',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: 'walkItem(handling, { status, job, mounts, work,',
    replace: 'walkItem(handling, { status, job, mounts: alive, work,',
  },
  {
    name: 'an address that times out at opening passes for one that refuses',
    file: 'packages/service/src/worker/access/mount-pool.ts',
    find: "  const away = error.code === 'MOUNT_DOWN' || error.code === 'TIMEOUT'",
    replace: "  const away = error.code === 'MOUNT_DOWN'",
    seed: 123,
  },
  {
    name: 'a file that one of its addresses refuses counts as read',
    file: 'packages/walker/src/walk/read.ts',
    find: '    const ok = this.errors.length === 0',
    replace: '    const ok = this.reads.length > 0',
  },
  {
    name: 'a fold is no transaction',
    file: 'packages/service/src/manager/ledger/sqlite-ledger.ts',
    find: "      this.#database.exec('BEGIN IMMEDIATE')\n      const outcome = action()\n      this.#database.exec('COMMIT')\n",
    replace: '      const outcome = action()\n',
  },
  {
    name: 'the result of an item that is not announced yet is dropped',
    file: 'packages/core/src/ledger/fold.ts',
    find: "  return view.waiting(result.item) === undefined ? [{ change: 'wait', result }] : []",
    replace:
      "  return state === 'announced' && view.waiting(result.item) === undefined ? [{ change: 'wait', result }] : []",
  },
  {
    name: 'children of a listing that was rolled back are announced',
    file: 'packages/service/src/worker/item/attempt.ts',
    find: '      .filter(([scope]) => scope === undefined || !voidScopes.includes(scope))\n',
    replace: '      .filter(() => voidScopes.length >= 0)\n',
  },
  {
    name: 'an item that waits for a filer is not kept',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: '    await work.send(again, { delayMs: filerAwayMs, signal })\n',
    replace: '',
  },
  {
    name: 'an item whose filer is away is given up',
    file: 'packages/service/src/worker/item/item-handler.ts',
    find: '    if (!mayComeBack) return',
    replace: '    if (mayComeBack || !mayComeBack) return',
  },
  {
    name: 'a cancelled run forgets what was read',
    file: 'packages/service/src/manager/run/active-run.ts',
    find: "    this.#endEarly('cancelled')\n",
    replace: "    this.#finish('cancelled')\n",
    seed: 281,
  },
  {
    name: 'one address of a name is read through',
    file: 'packages/service/src/manager/run/names.ts',
    find: '  found === undefined || found.length === 0 ? [name] : [...found]',
    replace: '  found === undefined || found.length === 0 ? [name] : found.slice(0, 1)',
  },
  {
    name: 'a name that can not be resolved now passes for one that does not exist',
    file: 'packages/service/src/manager/run/names.ts',
    find: "answers.filter(({ code }) => code !== undefined && code !== 'ENOTFOUND')",
    replace: 'answers.filter(() => false)',
  },
  {
    name: 'an unknown host is left out in silence',
    file: 'packages/service/src/manager/run/names.ts',
    find: '  const addresses = [...new Set(hosts.flatMap((host) => host.addresses))]',
    replace:
      '  const addresses = [...new Set(hosts.flatMap((host) => host.addresses))].filter((one) => unknown.every(({ name }) => name !== one))',
    seed: 107,
  },
  {
    name: 'a run whose names are not resolved yet is begun',
    file: 'packages/service/src/manager/run/active-run.ts',
    find: '    let failure = this.#awaitsNames ? await this.#resolveNames(joined) : undefined',
    replace: '    if (this.#awaitsNames) void this.#resolveNames(joined)\n    let failure: Failure | undefined',
  },
]
