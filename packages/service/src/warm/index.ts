/* One warm-up from nothing: a manager, local workers, submitting and reporting together. */
export type { WarmOptions, WarmPorts } from './warm.ts'
export { warm } from './warm.ts'
