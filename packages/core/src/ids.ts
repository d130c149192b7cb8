/*
 * run      12 characters of a-z0-9
 * attempt  1 to 64 characters of a-z0-9 and '-'; names the families of children that it sends
 * item     'root', 'root-2', ... sent by the manager, or '<family>.<ordinal>' sent by an attempt
 */
export const RUN_PATTERN = '^[a-z0-9]{12}$'
export const FAMILY_PATTERN = '^[a-z0-9-]{1,64}$'
export const ITEM_PATTERN = '^(root(-[1-9][0-9]{0,8})?|[a-z0-9-]{1,64}\\.(0|[1-9][0-9]{0,8}))$'

/** The first item of a run. A run that needs several calls them `root`, `root-2`, `root-3`. */
export const ROOT_ITEM = 'root'

/** Name of the root item with this ordinal, counted from 0. */
export const rootItem = (ordinal: number): string => (ordinal === 0 ? ROOT_ITEM : `${ROOT_ITEM}-${ordinal + 1}`)

/** Whether the item is one that a manager begins a run with, and no attempt's child. */
export const isRootItem = (item: string): boolean => /^root(-\d+)?$/.test(item)

/** Name of a family's child with this ordinal, counted from 0. */
export const childItem = (family: string, ordinal: number): string => `${family}.${ordinal}`

/** The family and ordinal of a child; undefined for an item that a manager begins a run with. */
export function childOf(item: string): { readonly family: string; readonly ordinal: number } | undefined {
  const dot = item.lastIndexOf('.')
  return dot < 0 ? undefined : { family: item.slice(0, dot), ordinal: Number(item.slice(dot + 1)) }
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** A random id of a-z0-9. `random` is uniform in [0, 1); the default length of 12 is that of a run, 62 bits. */
export function makeId(random: () => number, length: number = 12): string {
  let id = ''
  for (let at = 0; at < length; at++) id += ALPHABET.charAt(Math.floor(random() * ALPHABET.length))
  return id
}
