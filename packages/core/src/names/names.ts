import { CoreError, problem } from '../errors.ts'

const valid = /^[a-z0-9]+(-[a-z0-9]+)*$/
const runQueue = /^(?:work|results|status)-([a-z0-9]{12})$/
const listQueue = /^list-([a-z0-9]{12})$/
const failedQueue = /^failed-([a-z0-9]{12})$/

/**
 * A prefix and the names of its queues. Every name is one that Azure Storage takes: the prefix is 2 to 43 lowercase
 * letters, digits and single dashes, with a letter or digit at both ends (63 characters less `results-` and the 12 of a
 * run). Made once, from what a person gave; the constructor throws `OPTION_INVALID`.
 */
export class Prefix {
  readonly text: string

  constructor(text: string) {
    if (text.length < 2 || text.length > 43 || !valid.test(text)) {
      const expected = '2 to 43 lowercase letters, digits and single dashes, with a letter or digit at both ends'
      throw new CoreError('OPTION_INVALID', [problem('prefix', text, expected)])
    }
    this.text = text
  }

  /** Jobs, as people submit them. */
  get job(): string {
    return `${this.text}job`
  }

  /** Work of the original's manager; ours uses one queue per run. */
  get work(): string {
    return `${this.text}work`
  }

  /** Messages that could not be worked on, with the reason. */
  get poison(): string {
    return `${this.text}poison`
  }

  /** Cancel, pause, resume, change. */
  get control(): string {
    return `${this.text}control`
  }

  /** Holds the token that makes one manager the leader. */
  get leader(): string {
    return `${this.text}leader`
  }

  runWork(run: string): string {
    return `${this.text}work-${run}`
  }

  runResults(run: string): string {
    return `${this.text}results-${run}`
  }

  runStatus(run: string): string {
    return `${this.text}status-${run}`
  }

  /** The queue of a submitter that asked for the failures of a run. */
  failed(reply: string): string {
    return `${this.text}failed-${reply}`
  }

  /** Whether it is such a queue. */
  isFailed(queueName: string): boolean {
    return this.#idOf(queueName, failedQueue) !== undefined
  }

  /** Chunks of a list of paths that a job brings along. */
  list(list: string): string {
    return `${this.text}list-${list}`
  }

  /** The list that a queue holds; undefined for every other queue. */
  listOf(queueName: string): string | undefined {
    return this.#idOf(queueName, listQueue)
  }

  /** The run that a queue belongs to; undefined for every other queue. */
  runOf(queueName: string): string | undefined {
    return this.#idOf(queueName, runQueue)
  }

  #idOf(queueName: string, pattern: RegExp): string | undefined {
    return queueName.startsWith(this.text) ? pattern.exec(queueName.slice(this.text.length))?.[1] : undefined
  }
}

/*
 * run      12 characters of a-z0-9
 * attempt  1 to 64 characters of a-z0-9 and '-'; names the families of children that it sends
 * item     'root', 'root-2', ... sent by the manager, or '<family>.<ordinal>' sent by an attempt
 */
export const runPattern = '^[a-z0-9]{12}$'
export const familyPattern = '^[a-z0-9-]{1,64}$'
export const itemPattern = '^(root(-[1-9][0-9]{0,8})?|[a-z0-9-]{1,64}\\.(0|[1-9][0-9]{0,8}))$'

/** The first item of a run. A run that needs several calls them `root`, `root-2`, `root-3`. */
export const rootItemId = 'root'

/** Name of the root item with this ordinal, counted from 0. */
export const rootItem = (ordinal: number): string => (ordinal === 0 ? rootItemId : `${rootItemId}-${ordinal + 1}`)

/** Whether the item is one that a manager begins a run with, and no attempt's child. */
export const isRootItem = (item: string): boolean => /^root(-\d+)?$/.test(item)

/** Name of a family's child with this ordinal, counted from 0. */
export const childItem = (family: string, ordinal: number): string => `${family}.${ordinal}`

/** The family and ordinal of a child; undefined for an item that a manager begins a run with. */
export function childOf(item: string): { readonly family: string; readonly ordinal: number } | undefined {
  const dot = item.lastIndexOf('.')
  return dot < 0 ? undefined : { family: item.slice(0, dot), ordinal: Number(item.slice(dot + 1)) }
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A random id of a-z0-9. `random` is uniform in [0, 1); the default length of 12 is that of a run, 62 bits. */
export function makeId(random: () => number, length: number = 12): string {
  let id = ''
  for (let at = 0; at < length; at++) id += alphabet.charAt(Math.floor(random() * alphabet.length))
  return id
}
